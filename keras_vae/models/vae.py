"""The variational autoencoder: encoder, decoder, likelihood, and one way to add up the loss."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from ..losses import objectives
from ..losses.distillation import Distillation
from ..losses.perceptual import PerceptualDistance
from ..ops.registration import package
from ..presets import Preset
from .layers import Sampling
from .likelihoods import Likelihood, build_likelihood
from .networks import build_decoder, build_encoder
from .replicated_fit import ReplicatedFit

PARTS = ("encoder", "decoder", "likelihood", "perception", "distillation")
TRACKED = ("loss", "reconstruction_loss", "kl_loss", "mse")


class ReplicatedMean(keras.metrics.Mean):
    """A mean that every replica is told the same values of, and that is read off the first."""

    def add_variable(self, *args: Any, **kwargs: Any) -> keras.Variable:
        """Make a variable that needs no reduction over the replicas."""
        return super().add_variable(*args, **{**kwargs, "aggregation": "only_first_replica"})


@package
class VAE(ReplicatedFit, keras.Model):
    """A variational autoencoder (Kingma and Welling 2013) over images of 0 … 255.

    The loss of an image is its reconstruction cost plus the weighted KL divergence; that of a batch
    is the mean. `loss`, `reconstruction_loss`, `kl_loss` (unweighted, in nats) and `mse` (of a
    pixel in [0, 1]) are logged; so are `perceptual_loss`, `distillation_loss` and `mmd_loss`
    (unweighted), where there are.

    Args:
        encoder: Model from scaled pixels [B, H, W, C] to z_mean and z_log_var [B, L].
        decoder: Model from z [B, L] to logits [B, H, W, C].
        likelihood: What the logits mean and what a reconstruction costs.
        beta: Final weight of the KL divergence.
        annealing: How the weight grows: see `objectives.annealed_weight`.
        annealing_steps: Likewise.
        free_bits: Nats of KL in each dimension that cost nothing.
        importance_samples: k of the importance-weighted bound (Burda et al. 2015), which goes with
            likelihood and annealing alone.
        perception: How alike images look; None: by their pixels alone.
        perceptual_weight: What its distance is multiplied by.
        distillation: What z_mean shall tell of an image; None: what it needs to.
        distillation_weight: What its cross-entropy is multiplied by.
        mmd_weight: Factor of `objectives.aggregate_mmd`; 0: it is not computed.
        stochastic: Whether z is drawn; False makes a plain autoencoder.
        seed: Seed of the noise.

    Raises:
        ValueError: If `importance_samples` is less than 1, or more with what the bound has not.

    Example:
        >>> vae = VAE.from_preset(get_preset("mnist"), seed=0)
        >>> vae.compile(optimizer="adam")
        >>> vae.fit(images, epochs=1)  # uint8 [N, 28, 28, 1]
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        likelihood: Likelihood,
        *,
        beta: float = 1.0,
        annealing: str = "constant",
        annealing_steps: int = 0,
        free_bits: float = 0.0,
        importance_samples: int = 1,
        perception: PerceptualDistance | None = None,
        perceptual_weight: float = 1.0,
        distillation: Distillation | None = None,
        distillation_weight: float = 1.0,
        mmd_weight: float = 0.0,
        stochastic: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        extras = {
            "perceptual_loss": perception is not None,
            "distillation_loss": distillation is not None,
            "mmd_loss": mmd_weight != 0.0,
        }
        extras = [name for name, wanted in extras.items() if wanted]
        check_bound(importance_samples, extras, beta, free_bits, stochastic)
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.beta = beta
        self.annealing = annealing
        self.annealing_steps = annealing_steps
        self.free_bits = free_bits
        self.importance_samples = importance_samples
        self.perception = perception
        self.perceptual_weight = perceptual_weight
        self.distillation = distillation
        self.distillation_weight = distillation_weight
        self.mmd_weight = mmd_weight
        self.stochastic = stochastic
        self.seed = seed
        self.sampling = Sampling(seed, name="sampling", dtype="float32")
        self.trackers = {name: ReplicatedMean(name=name) for name in (*TRACKED, *extras)}

    @classmethod
    def from_preset(
        cls,
        preset: Preset,
        *,
        perception: PerceptualDistance | None = None,
        distillation: Distillation | None = None,
        dtype: Any = None,
        seed: int | None = None,
    ) -> VAE:
        """Build the networks and the objective of a preset.

        Args:
            preset: What to build.
            perception: What the preset's perceptual weight is for.
            distillation: What its distillation weight is for.
            dtype: Keras dtype policy of the networks, such as "mixed_bfloat16".
            seed: Seed of the noise. Weights follow `keras.utils.set_random_seed`.
        """
        objective = preset.objective
        vae = cls(
            build_encoder(preset, dtype=dtype),
            build_decoder(preset, dtype=dtype),
            build_likelihood(objective, preset.output),
            beta=objective.beta,
            annealing=objective.annealing,
            annealing_steps=objective.annealing_steps,
            free_bits=objective.free_bits,
            importance_samples=objective.importance_samples,
            perception=perception,
            perceptual_weight=objective.perceptual_weight,
            distillation=distillation,
            distillation_weight=objective.distillation_weight,
            mmd_weight=objective.mmd_weight,
            stochastic=preset.stochastic,
            seed=seed,
            name=preset.name.replace("-", "_"),
            dtype=dtype,
        )
        vae.build((None, *preset.image_shape))
        return vae

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.encoder.input_shape[1:]

    @property
    def latent_dim(self) -> int:
        """Dimensions of z."""
        return self.decoder.input_shape[1]

    @property
    def moving_averages(self) -> list[keras.Variable]:
        """What each replica keeps of the images that it saw; the guides keep nothing."""
        parts = (self.encoder, self.decoder, self.likelihood)
        return [weight for part in parts for weight in part.non_trainable_weights]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The means that `fit` resets each epoch."""
        return list(self.trackers.values())

    def build(self, input_shape: Any) -> None:
        """Create the likelihood's weights and the reading's; encoder and decoder have theirs."""
        if not self.likelihood.built:
            self.likelihood.build(input_shape)
        if self.distillation is not None and not self.distillation.built:
            self.distillation.build(input_shape, (None, self.latent_dim))
        self.built = True

    def encode(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Encode images, without noise.

        Args:
            images: Pixels 0 … 255 of any dtype, [B, H, W, C].

        Returns:
            z_mean and z_log_var, each [B, L].
        """
        return self.encoder(self.likelihood.scale(images), training=False)

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        """Decode latents [B, L] to mean images [B, H, W, C], float32 in 0 … 255, not rounded."""
        return self.likelihood.unscale(self.likelihood.mean(self.decoder(z, training=False)))

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Reconstruct images [B, H, W, C] (0 … 255) from one draw of z."""
        z_mean, z_log_var = self.encoder(self.likelihood.scale(images), training=training)
        logits = self.decoder(self._draw(z_mean, z_log_var), training=training)
        return self.likelihood.unscale(self.likelihood.mean(logits))

    def train_step(self, data: tf.Tensor) -> dict[str, tf.Tensor]:
        """Take one step on a batch of images [B, H, W, C], 0 … 255."""
        weight = objectives.annealed_weight(
            self.optimizer.iterations, self.beta, self.annealing, self.annealing_steps
        )
        with tf.GradientTape() as tape:
            losses = self._image_losses(_images(data), weight, training=True)
            # Gradients are summed over replicas, so each takes its share of the batch's mean.
            loss = tf.reduce_mean(losses["loss"]) / _replicas()
            loss = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        return self._track(losses)

    def test_step(self, data: tf.Tensor) -> dict[str, tf.Tensor]:
        """Measure a batch of images with the final KL weight, so that epochs compare."""
        return self._track(self._image_losses(_images(data), self.beta, training=False))

    def _image_losses(
        self, images: tf.Tensor, kl_weight: tf.Tensor | float, training: bool
    ) -> dict[str, tf.Tensor]:
        """Every term of the objective, one value for each image, [B]."""
        image = self.likelihood.scale(images)
        z_mean, z_log_var = self.encoder(image, training=training)
        if self.importance_samples > 1:
            return self._importance_weighted_losses(image, z_mean, z_log_var, kl_weight, training)
        z = self._draw(z_mean, z_log_var)
        logits = self.decoder(z, training=training)
        reconstruction = self.likelihood(image, logits, training=training)
        kl = objectives.kl_divergence(z_mean, z_log_var)
        penalty = objectives.free_bits_kl(kl, self.free_bits)
        if not self.stochastic:  # a plain autoencoder has no posterior to pull to the prior
            kl, penalty = tf.zeros_like(kl), tf.zeros_like(penalty)
        extras = self._extras(tf.cast(images, tf.float32), z_mean, z, logits)
        weighted = [weight * values for weight, values in extras.values()]
        return {
            "loss": tf.add_n([reconstruction, kl_weight * penalty, *weighted]),
            "reconstruction_loss": reconstruction,
            "kl_loss": tf.reduce_sum(kl, axis=-1),
            "mse": self.likelihood.mean_squared_error(image, logits),
            **{name: values for name, (_, values) in extras.items()},
        }

    def _extras(
        self, images: tf.Tensor, z_mean: tf.Tensor, z: tf.Tensor, logits: tf.Tensor
    ) -> dict[str, tuple[float, tf.Tensor]]:
        """Weight and values, [B], of each term beside likelihood and KL; images are 0 … 255."""
        extras = {}
        if self.perception is not None:
            mean = self.likelihood.unscale(self.likelihood.mean(logits))
            extras["perceptual_loss"] = self.perceptual_weight, self.perception(images, mean)
        if self.distillation is not None:
            distilled = self.distillation(images, z_mean)
            extras["distillation_loss"] = self.distillation_weight, distilled
        if self.mmd_weight:
            extras["mmd_loss"] = self.mmd_weight, objectives.aggregate_mmd(z)
        return extras

    def _importance_weighted_losses(
        self,
        image: tf.Tensor,
        z_mean: tf.Tensor,
        z_log_var: tf.Tensor,
        kl_weight: tf.Tensor | float,
        training: bool,
    ) -> dict[str, tf.Tensor]:
        """The terms with k draws of z for each image: the loss is Burda et al.'s bound.

        That is at weight 1. While it is annealed, each draw's log q(z|x) − log p(z) is weighted, as
        the KL divergence is that it estimates.
        """
        draws = self.importance_samples

        def by_draw(values: tf.Tensor) -> tf.Tensor:  # [k·B] → [k, B]
            return tf.reshape(values, (draws, -1))

        image, z_mean, z_log_var = (
            tf.repeat(value[tf.newaxis], draws, axis=0) for value in (image, z_mean, z_log_var)
        )
        image = tf.reshape(image, (-1, *self.image_shape))
        z = self._draw(z_mean, z_log_var)  # [k, B, L]
        logits = self.decoder(tf.reshape(z, (-1, self.latent_dim)), training=training)
        reconstruction = by_draw(self.likelihood(image, logits, training=training))
        kl = objectives.log_normal(z, z_mean, z_log_var) - objectives.log_normal(z, 0.0, 0.0)
        return {
            "loss": objectives.importance_weighted_bound(-reconstruction - kl_weight * kl),
            "reconstruction_loss": tf.reduce_mean(reconstruction, axis=0),
            "kl_loss": tf.reduce_mean(kl, axis=0),
            "mse": tf.reduce_mean(
                by_draw(self.likelihood.mean_squared_error(image, logits)), axis=0
            ),
        }

    def _draw(self, z_mean: tf.Tensor, z_log_var: tf.Tensor) -> tf.Tensor:
        return self.sampling((z_mean, z_log_var)) if self.stochastic else z_mean

    def _track(self, losses: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Add the images of all replicas to the means, and return these."""
        images = tf.cast(tf.size(losses["loss"]), tf.float32)
        sums = tf.stack([*map(tf.reduce_sum, losses.values()), images])
        if _replicas() > 1:
            sums = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, sums)
        *totals, images = tf.unstack(sums)
        for name, total in zip(losses, totals, strict=True):
            self.trackers[name].update_state(total / images, sample_weight=images)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, networks included."""
        return {
            **super().get_config(),
            **{name: keras.saving.serialize_keras_object(getattr(self, name)) for name in PARTS},
            "beta": self.beta,
            "annealing": self.annealing,
            "annealing_steps": self.annealing_steps,
            "free_bits": self.free_bits,
            "importance_samples": self.importance_samples,
            "perceptual_weight": self.perceptual_weight,
            "distillation_weight": self.distillation_weight,
            "mmd_weight": self.mmd_weight,
            "stochastic": self.stochastic,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> VAE:
        """Rebuild from `get_config`."""
        config = dict(config)
        for name in PARTS:
            config[name] = keras.saving.deserialize_keras_object(config[name])
        return cls(**config)


def check_bound(
    draws: int, extras: Iterable[str], beta: float, free_bits: float, stochastic: bool
) -> None:
    """Refuse what would be left out of the importance-weighted bound without a word.

    Args:
        draws: k of the bound; 1 is the ELBO, which leaves nothing out.
        extras: Names of the loss's other terms.
        beta: Weight of the KL divergence.
        free_bits: Nats that a dimension has for free.
        stochastic: Whether z is drawn.

    Raises:
        ValueError: If `draws` is less than 1, or more with what the bound has not.
    """
    if draws < 1:
        raise ValueError(f"`importance_samples` must be at least 1. Received: {draws}.")
    if draws == 1:
        return
    received = list(extras)
    if beta != 1.0:
        received.append(f"beta={beta:g}")
    if free_bits != 0.0:
        received.append(f"free_bits={free_bits:g}")
    if not stochastic:
        received.append("stochastic=False")
    if received:
        raise ValueError(
            "`importance_samples` must be 1 where the loss is more than the importance-weighted "
            "bound, which has a beta of 1, no free bits, random draws and no other terms. Leave "
            f"one or the other out. Received: {draws} with {', '.join(received)}."
        )


def _images(data: tf.Tensor | tuple[tf.Tensor, ...]) -> tf.Tensor:
    """The images of a batch that `fit` hands over, with or without labels."""
    return data[0] if isinstance(data, tuple) else data


def _replicas() -> int:
    return tf.distribute.get_strategy().num_replicas_in_sync
