"""The variational autoencoder: a posterior, a prior, a likelihood, and the terms of its loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..files.pictures import to_pixels
from ..ops.registration import package
from ..ops.replicas import replica_count
from .composite import Composite, layers_of
from .construction import Construction
from .distributions import repeated, repeated_distribution
from .inputs import ImageInputs, labels_of
from .loss_terms import LossTerm, as_term, value_of
from .means import REGULARIZATION, LoggedMeans
from .protocols import ForwardPass
from .replicated_fit import ReplicatedFit
from .sampling import seeded


@package
class VAE(Construction, ImageInputs, LoggedMeans, ReplicatedFit, Composite, keras.Model):
    """A variational autoencoder (Kingma and Welling 2013).

    Images are uint8, or floats of 0 … 1, −1 … 1 or 0 … 255; `files.pixels.range_of` recognizes the
    range. `fit` takes arrays and data sets of images, with or without labels and sample weights.

    The loss of an image is the sum of its terms; that of a batch is the mean. Logged are `loss`,
    what each term logs without its weight (`reconstruction_loss`; `kl_loss` in nats),
    `regularization_loss` if layers add to the loss, and `mse` (of a pixel in [0, 1]).
    Sample weights multiply the loss and its terms of each image, as in Keras; `mse` is the weighted
    mean. Metrics of `compile` compare images with reconstructions, both in [0, 1].

    Args:
        posterior: Layer from x [B, H, W, C] and y to q(z|x, y); it has a `latent_spec`.
        prior: Layer from a number of samples and y to p(z|y).
        likelihood: Layer from z and y to p(x|z, y): a `Likelihood`.
        terms: Terms of the loss: each a `losses.LossTerm`, or a function from a `ForwardPass` to
            one value for each image, [B].

    Raises:
        ValueError: If there are no terms, if two have the same name, if a term with several samples
            of z for each image is not the only one, or if there is such a term and z is not
            sampled.
        TypeError: If `terms` is no list of terms and functions.

    Example:
        >>> vae = VAE.from_preset("mnist", seed=0)
        >>> vae.compile(optimizer="adam")
        >>> history = vae.fit(images, epochs=1, verbose=0)  # uint8 [N, 28, 28, 1]
        >>> digits = vae.generate(10)
    """

    PARTS = ("posterior", "prior", "likelihood", "terms")

    def __init__(
        self,
        posterior: keras.layers.Layer,
        prior: keras.layers.Layer,
        likelihood: keras.layers.Layer,
        terms: Sequence[LossTerm | Callable[[ForwardPass], tf.Tensor]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.posterior = posterior
        self.prior = prior
        self.likelihood = likelihood
        if callable(terms):
            raise TypeError(f"`terms` must be a list. Received: {terms!r}.")
        self.terms = [as_term(term) for term in terms]
        self.samples = max((getattr(term, "samples", 1) for term in self.terms), default=1)
        logged = [name for term in self.terms for name in term.logged]
        self._check_terms(logged)
        self.log_means_of(logged)

    def _check_terms(self, logged: list[str]) -> None:
        names = ", ".join(term.name for term in self.terms)
        if not self.terms:
            raise ValueError("`terms` must have at least one term of the loss. Received: [].")
        if self.samples > 1 and len(self.terms) > 1:
            raise ValueError(
                "`terms` must be one where it takes several samples of z for each image. "
                f"Received: {names}."
            )
        sampled = [term.name for term in self.terms if hasattr(term, "samples")]
        if sampled and not self.stochastic:
            raise ValueError(
                "`terms` must be `elbo_terms()`, or others that weigh no samples of z, where the "
                f"posterior is deterministic. Received: {', '.join(sampled)}."
            )
        if len(set(logged)) < len(logged):
            raise ValueError(f"`terms` must have different names. Received: {', '.join(logged)}.")

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
    def classes(self) -> int | None:
        """Number of labels, where the decoder encodes y as one of them; else None."""
        layers = layers_of(self.decoder)
        codes = (each for each in layers if isinstance(each, keras.layers.CategoryEncoding))
        return next((code.num_tokens for code in codes), None)

    @property
    def latent_dim(self) -> int:
        """Dimensions of z, where it is flat."""
        return self.latent_spec.shape[-1]

    @property
    def stochastic(self) -> bool:
        """Whether z is sampled: unless the posterior denies it, as an autoencoder's does."""
        return getattr(self.posterior, "stochastic", True)

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

    def save_own_variables(self, store: Any) -> None:
        """Save the model; the optimizer has its variables, also before the first step.

        `load_model` makes them and warns if the file has none.
        """
        self._build_optimizer()
        super().save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        """Load the model; the optimizer has its variables, so that those of the file are loaded."""
        self._build_optimizer()
        super().load_own_variables(store)

    def encode(self, images: Any, y: Any = None) -> Any:
        """Encode images, without noise.

        Args:
            images: uint8 or floats, [B, H, W, C].
            y: The condition, where the model is conditional.

        Returns:
            q(z|x, y): for the plain VAE a Gaussian with `mean` and `log_var`, each [B, L].

        Raises:
            ValueError: If the images have another shape or range, or y is no label of the model.

        Example:
            >>> z = vae.encode(images).mean
        """
        x = self.likelihood.scale(self.pixels_of(images))
        return self.posterior(x, self._condition(y), training=False)

    def mean_images(self, z: Any, y: Any = None) -> tf.Tensor:
        """Decode z to mean images, float32 [B, H, W, C] in 0 … 255, not rounded; differentiable."""
        decoded = self.likelihood(z, self._condition(y), training=False)
        return self.likelihood.unscale(decoded.mode())

    def decode(self, z: Any, y: Any = None) -> np.ndarray:
        """Decode latents.

        Args:
            z: [B, L], or a nest of latents as `latent_spec` has it.
            y: The condition, where the model is conditional.

        Returns:
            uint8 images [B, H, W, C]; `mean_images` returns them before they are rounded.

        Raises:
            ValueError: If a latent is not finite, or y is no label of the model.

        Example:
            >>> images = vae.decode(np.zeros((1, vae.latent_dim)))
        """
        if isinstance(self.latent_spec, tf.TensorSpec):
            z = tf.convert_to_tensor(z)  # a list is one latent, not a nest of them
        z = keras.tree.map_structure(lambda each: tf.cast(each, tf.float32), z)
        if not all(np.isfinite(each).all() for each in keras.tree.flatten(z)):
            raise ValueError("`z` must be finite. Received: NaN or infinity.")
        return to_pixels(self.mean_images(z, y))

    def reconstruct(self, images: Any, y: Any = None) -> np.ndarray:
        """Encode images and decode the mode of q(z|x, y), for the plain VAE z_mean.

        Args:
            images: uint8 or floats, [B, H, W, C].
            y: The condition, where the model is conditional.

        Returns:
            uint8 images [B, H, W, C].

        Raises:
            ValueError: If the images have another shape or range.
        """
        return to_pixels(self.mean_images(self.encode(images, y).mode(), y))

    def generate(self, count: int, y: Any = None, *, seed: int | None = None) -> np.ndarray:
        """Decode samples from the prior.

        Args:
            count: Number of images.
            y: The condition of each, [count, …], where the model is conditional.
            seed: Seed of the first image, the next image has the next seed: the images that the
                exported model generates with these seeds. None: other images at each call.

        Returns:
            uint8 images [count, H, W, C].

        Raises:
            ValueError: If the count is negative, or y is no label of the model.

        Example:
            >>> digits = vae.generate(10, seed=0)
        """
        if count < 0:
            raise ValueError(f"`count` must be at least 0. Received: {count}.")
        if seed is None:
            z = self.prior(tf.constant(count), y).sample()
        else:
            seeds = tf.range(seed, seed + count, dtype=tf.int64)
            with seeded(seeds, tf.ones(count)):
                z = self.prior(tf.constant(count), y).sample()
        return to_pixels(self.mean_images(z, y))

    def call(self, images: tf.Tensor, y: Any = None, training: bool = False) -> tf.Tensor:
        """Reconstruct images [B, H, W, C] from one sample of z: float32 0 … 255."""
        return self._reconstructed(self.pixels_of(images), y, training)

    def _reconstructed(self, pixels: tf.Tensor, y: Any, training: bool = False) -> tf.Tensor:
        y = self._condition(y)
        z = self.posterior(self.likelihood.scale(pixels), y, training=training).sample()
        return self.likelihood.unscale(self.likelihood(z, y, training=training).mode())

    def forward(
        self, images: tf.Tensor, y: Any = None, *, training: bool = False, step: Any = None
    ) -> ForwardPass:
        """Encode pixels 0 … 255, [B, H, W, C], sample z, decode it: see `ForwardPass`."""
        x, y = self.likelihood.scale(images), self._condition(y)
        posterior = self.posterior(x, y, training=training)
        images = tf.cast(images, tf.float32)
        if self.samples > 1:
            images, x, y = (repeated(each, self.samples) for each in (images, x, y))
            posterior = repeated_distribution(posterior, self.samples)
        z = posterior.sample()
        likelihood = self.likelihood(z, y, training=training)
        return ForwardPass(
            images,
            x,
            y,
            posterior,
            z,
            self.prior(tf.shape(x)[0], y),
            likelihood,
            training,
            step,
            self.samples,
            regularization=self._added_losses(),
        )

    def _condition(self, y: Any) -> Any:
        """The condition as a tensor; labels are checked."""
        if y is None or self.classes is None:
            return y
        return labels_of(y, self.classes)

    def _added_losses(self) -> tf.Tensor | None:
        """The sum of what layers add to the loss: regularizers, `add_loss`; None if none does."""
        losses = [tf.reduce_sum(tf.cast(loss, tf.float32)) for loss in self.losses]
        self.regularized = self.regularized or bool(losses)
        return tf.add_n(losses) if losses else None

    def loss_of(
        self, forward: ForwardPass, weight: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """The loss and what is logged beside it, one value for each image, [B].

        Args:
            forward: The pass.
            weight: Sample weights [B]; None: all are 1.
        """
        loss = tf.add_n([value_of(term, forward) for term in self.terms])
        mse = self.likelihood.mean_squared_error(forward.x, forward.likelihood.mode())
        mse = tf.reduce_mean(tf.reshape(mse, (self.samples, -1)), axis=0)
        losses = {"loss": loss, **forward.logs, "mse": mse}
        if weight is not None:
            losses = {name: weight * values for name, values in losses.items()}
        if forward.regularization is not None:
            losses["loss"] += forward.regularization
            losses[REGULARIZATION] = tf.fill(tf.shape(loss), forward.regularization)
        return losses

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Take one step on a batch: images, with or without y and sample weights."""
        images, y, weight = self.batch_of(data, "train")
        with tf.GradientTape() as tape:
            forward = self.forward(images, y, training=True, step=self.optimizer.iterations)
            losses = self.loss_of(forward, weight)
            # Gradients are summed over replicas, so each takes its share of the batch's mean.
            loss = self.optimizer.scale_loss(tf.reduce_mean(losses["loss"]) / replica_count())
        variables = self.trainable_variables
        gradients = zip(tape.gradient(loss, variables), variables, strict=True)
        if not self.stochastic:  # z_log_var has no gradient, of which Keras would warn
            gradients = [each for each in gradients if each[0] is not None]
        self.optimizer.apply_gradients(gradients)
        for term in self.terms:
            term.train_adversary(forward)
        return self.track(losses, forward, weight)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Measure a batch of images with the final weights of the terms, so that epochs compare."""
        images, y, weight = self.batch_of(data, "test")
        forward = self.forward(images, y)
        losses = self.loss_of(forward, weight)
        return self.track(losses, forward, weight)

    def predict_step(self, data: Any) -> tf.Tensor:
        """Call the model on a batch of images."""
        images, y, _ = self.batch_of(data, "predict")
        return self._reconstructed(images, y)

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.image_shape)) if self.built else "not built"
        latents = " ".join(
            f"{spec.name} {'×'.join(map(str, spec.shape[1:]))}"
            for spec in keras.tree.flatten(self.latent_spec)
        )
        terms = " + ".join(term.name for term in self.terms)
        kind = type(self.likelihood).__name__
        return f"<VAE {self.name!r}: images {shape}, {latents}, {kind} likelihood, loss {terms}>"
