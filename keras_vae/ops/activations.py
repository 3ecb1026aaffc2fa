"""An activation that TensorFlow computes with the slope it was given."""

from __future__ import annotations

import keras
import tensorflow as tf

from .registration import package


@package
class LeakyReLU(keras.layers.LeakyReLU):
    """The parent, computed as max(x, slope · x).

    In a graph on a CPU, oneDNN's part of TensorFlow 2.21 fuses a convolution, its bias, a sum and a
    leaky ReLU, and forgets the slope: it computes with 0.2. Residual blocks have such sums.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Activate features of any shape."""
        return tf.maximum(inputs, tf.cast(self.negative_slope, inputs.dtype) * inputs)
