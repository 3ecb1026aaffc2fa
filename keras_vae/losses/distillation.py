"""What a classifier answers about an image, read off its latent by one linear layer.

A direction in the latent can only stand for an attribute that the latent tells. Reconstruction
alone keeps what costs most pixels, and glasses cost few; a classifier of the data set's own
attributes knows of them, and its answers are a finer teacher than labels of 0 and 1.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..models.layers import FusedBatchNormalization, recast
from ..ops.registration import package


@package
class Distillation(keras.layers.Layer):
    """Cross-entropy of a linear reading of z_mean with a classifier's answers (Hinton et al. 2015).

    The reading is trained with the encoder; the classifier is not. Neither is needed afterwards.

    Args:
        teacher: Model from pixels in [-1, 1], [B, H, W, C], to logits [B, T].
        exclusive: Whether an image has one of T labels, rather than any of T attributes.

    Call arguments:
        image: Pixels in 0 … 255, [B, H, W, C].
        z_mean: Latents [B, L]; gradients flow to them.

    Returns:
        Nats, summed over attributes, float32 [B].
    """

    def __init__(self, teacher: keras.Model, *, exclusive: bool = False, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.teacher = teacher
        self.teacher.trainable = False
        self.exclusive = exclusive
        self.reading = keras.layers.Dense(
            teacher.output_shape[-1], kernel_initializer="zeros", name="reading"
        )

    @classmethod
    def of(
        cls,
        classifier: keras.Model,
        rates: np.ndarray,
        *,
        latent_dim: int,
        exclusive: bool = False,
        dtype: Any = None,
    ) -> Distillation:
        """Make a classifier the teacher.

        Args:
            classifier: Model from pixels in [-1, 1], [B, H, W, C], to logits [B, T].
            rates: How often each answer is yes, [T]. The reading starts there, or the latent would
                first move to where all of it says no.
            latent_dim: L.
            exclusive: See `Distillation`.
            dtype: Keras dtype policy that it answers in.
        """
        teacher = recast(classifier, dtype, FusedBatchNormalization)
        distillation = cls(teacher, exclusive=exclusive, name="distillation")
        distillation.build(classifier.input_shape, (None, latent_dim))
        rates = np.clip(rates, 1e-4, 1.0 - 1e-4)
        odds = rates if exclusive else rates / (1.0 - rates)
        distillation.reading.bias.assign(np.log(odds))
        return distillation

    def build(self, image_shape: Any, z_mean_shape: Any = None) -> None:
        """Create the reading's weights."""
        self.reading.build(z_mean_shape)
        self.built = True

    def call(self, image: tf.Tensor, z_mean: tf.Tensor) -> tf.Tensor:
        """Return the cross-entropies."""
        answers = tf.cast(self.teacher(image / 127.5 - 1.0, training=False), tf.float32)
        logits = self.reading(z_mean)
        if self.exclusive:
            return tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(answers), logits)
        each = tf.nn.sigmoid_cross_entropy_with_logits(tf.nn.sigmoid(answers), logits)
        return tf.reduce_sum(each, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        teacher = keras.saving.serialize_keras_object(self.teacher)
        return {**super().get_config(), "teacher": teacher, "exclusive": self.exclusive}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Distillation:
        """Rebuild from `get_config`."""
        teacher = keras.saving.deserialize_keras_object(config["teacher"])
        return cls(**{**config, "teacher": teacher})
