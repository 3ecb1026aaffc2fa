"""The variational autoencoder: a posterior, a prior, a likelihood, and the terms of its loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..ops.registration import package
from ..ops.replicas import replica_count
from ..presets import ELBO, Likelihood, Preset, get_preset
from .composite import Composite
from .posteriors import GaussianPosterior
from .priors import StandardNormal
from .protocols import ForwardPass
from .replicated_fit import ReplicatedFit


class ReplicatedMean(keras.metrics.Mean):
    """A mean that gets the same values in every replica, and is read from the first."""

    def add_variable(self, *args: Any, **kwargs: Any) -> keras.Variable:
        """Make a variable that needs no reduction over the replicas."""
        return super().add_variable(*args, **{**kwargs, "aggregation": "only_first_replica"})


@package
class VAE(ReplicatedFit, Composite, keras.Model):
    """A variational autoencoder (Kingma and Welling 2013) over images of 0 … 255.

    The loss of an image is the sum of its terms; that of a batch is the mean. Logged are `loss`,
    what each term logs without its weight (`reconstruction_loss`; `kl_loss` in nats), and `mse` (of
    a pixel in [0, 1]).

    Args:
        posterior: Layer from x [B, H, W, C] and y to q(z|x, y); it has a `latent_spec`.
        prior: Layer from a number of samples and y to p(z|y).
        likelihood: Layer from z and y to p(x|z, y): a `Likelihood`.
        terms: Terms of the loss: `losses.LossTerm`.

    Raises:
        ValueError: If there are no terms, if two have the same name, or if a term with several
            samples of z for each image is not the only one.

    Example:
        >>> vae = VAE.from_preset("mnist", seed=0)
        >>> vae.compile(optimizer="adam")
        >>> vae.fit(images, epochs=1)  # uint8 [N, 28, 28, 1]
    """

    PARTS = ("posterior", "prior", "likelihood", "terms")

    def __init__(
        self,
        posterior: keras.layers.Layer,
        prior: keras.layers.Layer,
        likelihood: keras.layers.Layer,
        terms: Sequence[Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.posterior = posterior
        self.prior = prior
        self.likelihood = likelihood
        self.terms = list(terms)
        if not self.terms:
            raise ValueError("`terms` must have at least one term of the loss. Received: [].")
        self.samples = max(getattr(term, "samples", 1) for term in terms)
        if self.samples > 1 and len(self.terms) > 1:
            raise ValueError(
                "`terms` must be one where it takes several samples of z for each image. "
                f"Received: {', '.join(term.name for term in terms)}."
            )
        logged = [name for term in terms for name in term.logged]
        if len(set(logged)) < len(logged):
            raise ValueError(f"`terms` must have different names. Received: {', '.join(logged)}.")
        self.trackers = {name: ReplicatedMean(name=name) for name in ("loss", *logged, "mse")}

    @classmethod
    def from_preset(
        cls,
        preset: str | Preset,
        *,
        teacher: Any = None,
        dtype: Any = None,
        seed: int | None = None,
    ) -> VAE:
        """Build the networks and the objective of a preset.

        Args:
            preset: What to build, or its name.
            teacher: The classifier that perceptual and distillation loss need, and the identity
                loss with its features: a `losses.Teacher`.
            dtype: Keras dtype policy of the networks, such as "mixed_bfloat16".
            seed: Seed of the noise. Weights follow `keras.utils.set_random_seed`.

        Raises:
            ValueError: If the preset contradicts itself, or lacks the teacher that it needs.
        """
        preset = get_preset(preset) if isinstance(preset, str) else preset
        preset.objective.check(preset.stochastic)
        shapes = {"latent_dim": preset.latent_dim, "image_shape": preset.image_shape}
        terms = preset.objective.build(**shapes, teacher=teacher, dtype=dtype, seed=seed)
        network = preset.network.build(preset, dtype)
        encoder, decoder = network.encoder(), network.decoder()
        vae = cls(
            preset.posterior.build(encoder, seed),
            preset.prior.build(preset.latent_dim, seed),
            preset.objective.likelihood.build(decoder, output=preset.output),
            terms,
            name=preset.name.replace("-", "_"),
            dtype=dtype,
        )
        vae.build((None, *preset.image_shape))
        return vae

    @classmethod
    def from_networks(
        cls,
        encoder: keras.Model,
        decoder: keras.Model,
        likelihood: str | Likelihood = "bernoulli",
        *,
        prior: keras.layers.Layer | None = None,
        terms: Sequence[Any] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> VAE:
        """Build a VAE from your own networks.

        Args:
            encoder: Model from x [B, H, W, C] (and y, where it has a second input) to z_mean and
                z_log_var, each [B, L].
            decoder: Model from z [B, L] (and y) to logits [B, H, W, C].
            likelihood: Kind of the likelihood, or one of `presets`.
            prior: p(z|y); None: N(0, I).
            terms: Terms of the loss; None: those of −ELBO.
            seed: Seed of the noise.
            **kwargs: Arguments of `keras.Model`, such as `name`.

        Example:
            >>> vae = VAE.from_networks(encoder, decoder, "bernoulli")
        """
        if isinstance(likelihood, str):
            if likelihood not in Likelihood.kinds:
                raise ValueError(
                    f"`likelihood` must be one of {', '.join(Likelihood.kinds)}. "
                    f"Received: {likelihood!r}."
                )
            likelihood = Likelihood.kinds[likelihood]()
        posterior = GaussianPosterior(encoder, seed)
        vae = cls(
            posterior,
            prior or StandardNormal(posterior.latent_spec.shape[-1], seed),
            likelihood.build(decoder),
            ELBO().build() if terms is None else terms,
            **kwargs,
        )
        shape = encoder.inputs[0].shape
        vae.build(tuple(shape))
        return vae

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> VAE:
        """Rebuild from `get_config`."""
        ELBO().implementation()  # imports the terms' classes: Keras finds what is registered
        return super().from_config(config)

    @property
    def encoder(self) -> keras.Model:
        """The posterior's network."""
        return self.posterior.encoder

    @property
    def decoder(self) -> keras.Model:
        """The likelihood's network."""
        return self.likelihood.decoder

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self._image_shape

    @property
    def latent_spec(self) -> Any:
        """Shape and type of z: a `tf.TensorSpec` with a name, or a nest of them."""
        return self.posterior.latent_spec

    @property
    def condition_spec(self) -> tf.TensorSpec | None:
        """Shape and type of y; None: the model is not conditional."""
        latents = len(keras.tree.flatten(self.latent_spec))
        conditions = (self.posterior.condition_spec, self.likelihood.condition_spec(latents))
        return next((spec for spec in conditions if spec is not None), None)

    @property
    def latent_dim(self) -> int:
        """Dimensions of z, where it is flat."""
        return self.latent_spec.shape[-1]

    @property
    def stochastic(self) -> bool:
        """Whether z is sampled: a plain autoencoder's is not."""
        return self.posterior.stochastic

    @property
    def moving_averages(self) -> list[keras.Variable]:
        """Statistics of the images that each replica keeps for itself."""
        parts = (self.posterior, self.prior, self.likelihood)
        return [weight for part in parts for weight in part.non_trainable_weights]

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """Variables that the loss trains: those of adversaries are not among them."""
        others = {id(each) for term in self.terms for each in term.adversary_variables}
        return [each for each in super().trainable_variables if id(each) not in others]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The means that `fit` resets each epoch."""
        return list(self.trackers.values())

    def build(self, input_shape: Any) -> None:
        """Create the weights of parts that have none yet, by one forward pass."""
        self._image_shape = tuple(input_shape[1:])
        if not all(part.built for part in (self.posterior, self.prior, self.likelihood)):
            y = self.condition_spec
            y = None if y is None else tf.zeros((1, *y.shape[1:]), y.dtype)
            self.loss_of(self.forward(tf.zeros((1, *self.image_shape)), y))
        self.built = True

    def get_build_config(self) -> dict[str, Any]:
        """Return the shape that `build` takes."""
        return {"input_shape": (None, *self.image_shape)}

    def encode(self, images: tf.Tensor, y: Any = None) -> Any:
        """Encode images, without noise.

        Args:
            images: Pixels 0 … 255 of any dtype, [B, H, W, C].
            y: The condition, where the model is conditional.

        Returns:
            q(z|x, y): for the plain VAE a Gaussian with `mean` and `log_var`, each [B, L].
        """
        return self.posterior(self.likelihood.scale(images), y, training=False)

    def decode(self, z: Any, y: Any = None) -> tf.Tensor:
        """Decode z to mean images [B, H, W, C], float32 in 0 … 255, not rounded."""
        return self.likelihood.unscale(self.likelihood(z, y, training=False).mode())

    def generate(self, count: int, y: Any = None) -> tf.Tensor:
        """Decode samples from the prior.

        Args:
            count: Number of images.
            y: The condition of each, [count, …], where the model is conditional.

        Returns:
            Mean images, float32 [count, H, W, C] in 0 … 255, not rounded.
        """
        return self.decode(self.prior(tf.constant(count), y).sample(), y)

    def call(self, images: tf.Tensor, y: Any = None, training: bool = False) -> tf.Tensor:
        """Reconstruct images [B, H, W, C] (0 … 255) from one sample of z."""
        z = self.posterior(self.likelihood.scale(images), y, training=training).sample()
        return self.likelihood.unscale(self.likelihood(z, y, training=training).mode())

    def forward(
        self, images: tf.Tensor, y: Any = None, *, training: bool = False, step: Any = None
    ) -> ForwardPass:
        """Encode images, sample z, decode it: see `ForwardPass`."""
        x = self.likelihood.scale(images)
        posterior = self.posterior(x, y, training=training)
        images = tf.cast(images, tf.float32)
        if self.samples > 1:
            images, x, y = (_repeated(each, self.samples) for each in (images, x, y))
            posterior = _repeated_distribution(posterior, self.samples)
        z = posterior.sample()
        likelihood = self.likelihood(z, y, training=training)
        prior = self.prior(tf.shape(x)[0], y)
        return ForwardPass(
            images, x, y, posterior, z, prior, likelihood, training, step, self.samples
        )

    def loss_of(self, forward: ForwardPass) -> dict[str, tf.Tensor]:
        """The loss and what is logged beside it, one value for each image, [B]."""
        loss = tf.add_n([term(forward) for term in self.terms])
        mse = self.likelihood.mean_squared_error(forward.x, forward.likelihood.mode())
        mse = tf.reduce_mean(tf.reshape(mse, (self.samples, -1)), axis=0)
        return {"loss": loss, **forward.logs, "mse": mse}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Take one step on a batch of images [B, H, W, C], 0 … 255, with or without y."""
        images, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            forward = self.forward(images, y, training=True, step=self.optimizer.iterations)
            losses = self.loss_of(forward)
            # Gradients are summed over replicas, so each takes its share of the batch's mean.
            loss = self.optimizer.scale_loss(tf.reduce_mean(losses["loss"]) / replica_count())
        variables = self.trainable_variables
        gradients = tape.gradient(loss, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        for term in self.terms:
            term.train_adversary(forward)
        return self._track(losses)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Measure a batch of images with the final weights of the terms, so that epochs compare."""
        images, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self._track(self.loss_of(self.forward(images, y)))

    def _track(self, losses: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Add the images of all replicas to the means, and return these."""
        images = tf.cast(tf.size(losses["loss"]), tf.float32)
        sums = tf.stack([*map(tf.reduce_sum, losses.values()), images])
        if replica_count() > 1:
            sums = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, sums)
        *totals, images = tf.unstack(sums)
        for name, total in zip(losses, totals, strict=True):
            self.trackers[name].update_state(total / images, sample_weight=images)
        return {name: tracker.result() for name, tracker in self.trackers.items()}


def _repeated(value: Any, samples: int) -> Any:
    """A batch [B, …] repeated sample by sample, [S · B, …]; None stays None."""
    if value is None:
        return None
    return tf.tile(value, [samples, *[1] * (len(value.shape) - 1)])


def _repeated_distribution(distribution: Any, samples: int) -> Any:
    """A distribution, a data class of tensors, repeated sample by sample."""
    tensors = {field.name: getattr(distribution, field.name) for field in fields(distribution)}
    repeated = {name: _repeated(each, samples) for name, each in tensors.items() if _batch(each)}
    return replace(distribution, **repeated)


def _batch(value: Any) -> bool:
    return isinstance(value, np.ndarray) or tf.is_tensor(value)
