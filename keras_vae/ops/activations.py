"""An activation that TensorFlow computes with the slope it was given."""

from __future__ import annotations

import keras
import tensorflow as tf

from .registration import package

FUSED_SLOPE = 0.2  # which TensorFlow computes with, whatever the layer's slope is


@package
class LeakyReLU(keras.layers.LeakyReLU):
    """The parent, computed as max(x, slope · x).

    In a graph on a CPU, oneDNN's part of TensorFlow 2.21 fuses a convolution, its bias, a sum and a
    leaky ReLU, and forgets the slope: it computes with 0.2. Residual blocks have such sums.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Activate features of any shape."""
        return tf.maximum(inputs, tf.cast(self.negative_slope, inputs.dtype) * inputs)


def layers_of_lost_slope(network: keras.Model) -> list[str]:
    """Names of Keras's leaky ReLUs whose slope TensorFlow forgets: see `LeakyReLU`.

    Args:
        network: A functional model.
    """
    made_by = {
        id(output): layer for layer in network.layers for output in _tensors(layer, "output")
    }

    def is_lost(layer: keras.layers.Layer) -> bool:
        if type(layer) is not keras.layers.LeakyReLU or layer.negative_slope == FUSED_SLOPE:
            return False
        sums = [made_by.get(id(each)) for each in _tensors(layer, "input")]
        terms = [each for add in sums if isinstance(add, keras.layers.Add)
                 for each in _tensors(add, "input")]  # fmt: skip
        return any(isinstance(made_by.get(id(each)), keras.layers.Conv2D) for each in terms)

    return [layer.name for layer in network.layers if is_lost(layer)]


def _tensors(layer: keras.layers.Layer, side: str) -> list[keras.KerasTensor]:
    """What a layer takes or returns; nothing where it was applied more than once."""
    try:
        return keras.tree.flatten(getattr(layer, side))
    except (AttributeError, ValueError):
        return []
