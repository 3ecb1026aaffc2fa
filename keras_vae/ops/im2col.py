"""Convolutions, "SAME", whose kernel's gradient is a product of patches: faster on many a CPU.

oneDNN computes a kernel's gradient slower than the rest of a convolution, the more so the smaller
the maps are (docs/decisions/0003). Copied out row by row, what each place of the smaller maps sees
of the larger ones is a matrix, and the gradient one product.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf

FEW = 64  # places of a map: oneDNN is slowest
DEEP = 128  # channels of the smaller maps: each number copied is multiplied so many times
OVERLAP = 3  # patches that each place of the larger maps is copied to

Backward: TypeAlias = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def pay(places: Sequence[int], kernel: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether patches are faster: on a CPU, for few places, or deep maps and little overlap.

    Args:
        places: Height and width of the smaller maps.
        kernel: Shape of the kernel, whose last axis is theirs.
        strides: Factors between the maps' sizes.
    """
    if tf.config.list_logical_devices("GPU"):
        return False
    overlap = math.prod(kernel[:2]) / math.prod(strides)
    return math.prod(places) <= FEW or (kernel[3] >= DEEP and overlap <= OVERLAP)


def conv(images: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, int]) -> tf.Tensor:
    """Convolve.

    Args:
        images: [B, H, W, C].
        kernel: [k, k, C, F].
        strides: Factors of shrinkage.

    Returns:
        Maps [B, H', W', F].
    """

    @tf.custom_gradient
    def convolve(images: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Backward]:
        def backward(gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            to_images = tf.nn.conv2d_transpose(gradient, kernel, tf.shape(images), strides, "SAME")
            return to_images, _kernel_gradient(images, gradient, kernel.shape, strides)

        return tf.nn.conv2d(images, kernel, strides, "SAME"), backward

    return convolve(images, kernel)


def conv_transpose(images: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, int]) -> tf.Tensor:
    """Convolve, transposed.

    Args:
        images: [B, H, W, C].
        kernel: [k, k, F, C].
        strides: Factors of growth.

    Returns:
        Maps [B, H', W', F].
    """

    @tf.custom_gradient
    def convolve(images: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Backward]:
        def backward(gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            to_images = tf.nn.conv2d(gradient, kernel, strides, "SAME")
            return to_images, _kernel_gradient(gradient, images, kernel.shape, strides)

        grown = keras.ops.conv_transpose(images, kernel, strides=strides, padding="same")
        return grown, backward

    return convolve(images, kernel)


def extract(images: tf.Tensor, sides: Sequence[int], strides: Sequence[int]) -> tf.Tensor:
    """Copy out what a convolution sees at each place.

    Whole rows of channels are copied as memory: five times as fast as `tf.image.extract_patches`,
    which goes number by number.

    Args:
        images: [B, H, W, C].
        sides: Height and width of a patch.
        strides: Steps from one to the next.

    Returns:
        A row for each place, [B·H'·W', k·k·C].
    """
    seen, margins = zip(*map(_seen, images.shape[1:3], sides, strides), strict=True)
    padded = tf.pad(images, [(0, 0), *margins, (0, 0)])
    height, width, depth = padded.shape[1:]
    rows, columns = seen
    pixels = rows[:, np.newaxis, :, np.newaxis] * width + columns[:, np.newaxis]
    flat = tf.reshape(padded, (-1, height * width, depth))
    return tf.reshape(tf.gather(flat, pixels.ravel(), axis=1), (-1, math.prod(sides) * depth))


def _seen(size: int, side: int, stride: int) -> tuple[np.ndarray, tuple[int, int]]:
    """What each place sees along one axis, int32 [H', k], and the margins that it needs."""
    places = math.ceil(size / stride)
    margin = max((places - 1) * stride + side - size, 0)
    first = np.arange(places, dtype=np.int32) * stride
    return first[:, np.newaxis] + np.arange(side, dtype=np.int32), (margin // 2, -(-margin // 2))


def _kernel_gradient(
    larger: tf.Tensor, smaller: tf.Tensor, shape: tf.TensorShape, strides: Sequence[int]
) -> tf.Tensor:
    """What each tap saw of the larger maps, times the smaller ones."""
    seen = extract(larger, shape[:2], strides)
    smaller = tf.reshape(smaller, (-1, shape[3]))
    # The other way round the product would be turned already, and take a tenth longer.
    return tf.reshape(tf.transpose(tf.matmul(smaller, seen, transpose_a=True)), shape)
