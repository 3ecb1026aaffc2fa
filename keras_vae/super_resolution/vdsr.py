"""VDSR, and the interpolation that it corrects."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

DEPTH = 20
FILTERS = 64


def bicubic(images: tf.Tensor, factor: int) -> tf.Tensor:
    """Enlarge images [B, H, W, C] by a whole factor, to float32 [B, H · factor, W · factor, C].

    Cubic convolution with a = −1/2 (Keys 1981) over pixel centres, as Pillow's `BICUBIC`. Nothing
    is rounded or clipped. Training, endpoints and measurements all use this interpolation.
    """
    size = tf.shape(images)[1:3] * factor
    return tf.image.resize(images, size, tf.image.ResizeMethod.BICUBIC)


def build_vdsr(depth: int = DEPTH, filters: int = FILTERS, *, dtype: Any = None) -> keras.Model:
    """Build the network of Kim et al. (2016), figure 2: interpolated luminance → its residual.

    Convolutions 3×3 with ReLU between them, initialized after He et al. (2015). The last is
    initialized with zeros, so that the untrained network is the interpolation itself.

    Args:
        depth: Number of convolutions; the receptive field is 2 · depth + 1 pixels across.
        filters: Channels of all but the last.
        dtype: Keras dtype policy of all but the last, which is float32.

    Returns:
        A model from luminance [B, H, W, 1], in [0, 1], to the residual that is added to it.
    """
    inputs = hidden = keras.Input((None, None, 1), name="interpolated")
    for number in range(1, depth):
        hidden = keras.layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"conv_{number}",
            dtype=dtype,
        )(hidden)
    residual = keras.layers.Conv2D(
        1, 3, padding="same", kernel_initializer="zeros", name="residual", dtype="float32"
    )(hidden)
    return keras.Model(inputs, residual, name="vdsr")
