"""The distillation loss: a linear head on z_mean learns a classifier's output.

A direction in the latent space can only stand for an attribute that the latent represents.
Reconstruction alone keeps what changes most pixels, and glasses change few; a classifier of the
data set's own attributes detects them, and its output is a finer target than labels of 0 and 1.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..models.composite import Composite
from ..models.loss_terms import LossTerm
from ..models.protocols import ForwardPass
from ..ops.normalization import FusedBatchNormalization
from ..ops.recast import recast
from ..ops.registration import package
from ..presets import Distillation as Configuration
from .teacher import Teacher


@package
class Distillation(Composite, LossTerm):
    """Cross-entropy of a linear head on z_mean with a teacher's output (Hinton et al. 2015).

    The head is trained with the encoder; the teacher is not. Neither is needed afterwards.

    Args:
        teacher: Model from pixels in [-1, 1], [B, H, W, C], to logits [B, T].
        latent_dim: L.
        exclusive: Whether an image has one of T labels, rather than any of T attributes.
        weight: Factor of the cross-entropy.

    Example:
        >>> image = keras.Input((28, 28, 1))
        >>> maps = keras.layers.Conv2D(8, 3, strides=2, name="maps")(image)
        >>> logits = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(maps))
        >>> term = Distillation(keras.Model(image, logits), latent_dim=2, exclusive=True)
        >>> vae = VAE.from_networks(encoder, decoder, terms=[*elbo_terms(), term])
    """

    PARTS = ("teacher",)

    def __init__(
        self,
        teacher: keras.Model,
        latent_dim: int,
        *,
        exclusive: bool = False,
        weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, **kwargs)
        self.teacher = teacher
        self.teacher.trainable = False
        self.latent_dim = latent_dim
        self.exclusive = exclusive
        outputs = teacher.output_shape[-1]
        self.head = keras.layers.Dense(outputs, kernel_initializer="zeros", name="head")
        self.head.build((None, latent_dim))

    @classmethod
    def from_configuration(
        cls,
        configuration: Configuration,
        *,
        teacher: Teacher,
        latent_dim: int,
        dtype: Any = None,
        **_: Any,
    ) -> Distillation:
        """Build the loss of a teacher.

        The head's bias is initialized with the targets' rates, or the latent would first move to
        where all of them are absent.

        Args:
            configuration: The weight.
            teacher: The classifier.
            latent_dim: L.
            dtype: Keras dtype policy that the teacher computes in.
        """
        network = recast(teacher.classifier, dtype, FusedBatchNormalization)
        exclusive, weight = teacher.exclusive, configuration.weight
        distillation = cls(network, latent_dim, exclusive=exclusive, weight=weight)
        rates = np.clip(teacher.rates, 1e-4, 1.0 - 1e-4)
        distillation.head.bias.assign(np.log(rates if exclusive else rates / (1.0 - rates)))
        return distillation

    def value(self, forward: ForwardPass) -> tf.Tensor:
        """Return the cross-entropies at z_mean, [B]."""
        return self.cross_entropy(forward.images, forward.posterior.mode())

    def cross_entropy(self, image: tf.Tensor, z_mean: tf.Tensor) -> tf.Tensor:
        """Cross-entropy of the head's output with the teacher's.

        Args:
            image: Pixels in 0 … 255, [B, H, W, C].
            z_mean: Latents [B, L]; gradients flow to them.

        Returns:
            Nats, summed over attributes, float32 [B].
        """
        targets, logits = self._logits(image), self.head(z_mean)
        if self.exclusive:
            return tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(targets), logits)
        each = tf.nn.sigmoid_cross_entropy_with_logits(tf.nn.sigmoid(targets), logits)
        return tf.reduce_sum(each, axis=-1)

    def head_targets(self, images: tf.Tensor) -> tf.Tensor:
        """Return the teacher's logits; beyond ±8 it is as certain as one could want, [B, T]."""
        return tf.clip_by_value(self._logits(images), -8.0, 8.0)

    def _logits(self, images: tf.Tensor) -> tf.Tensor:
        return tf.cast(self.teacher(images / 127.5 - 1.0, training=False), tf.float32)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        numbers = {"latent_dim": self.latent_dim, "exclusive": self.exclusive}
        return {**super().get_config(), **numbers}
