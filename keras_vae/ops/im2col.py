"""Convolutions with padding "SAME" whose kernel gradient is computed by im2col: faster on a CPU.

oneDNN computes the kernel gradient slower than the rest of a convolution, especially for small
feature maps (docs/decisions/0003). Im2col copies the patch that each position of the smaller maps
sees of the larger ones into a row of a matrix; the kernel gradient is then one matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf

FEW_POSITIONS = 64  # of a map: oneDNN is slowest there
MANY_CHANNELS = 128  # of the smaller maps: each copied number is multiplied so many times
MAX_OVERLAP = 3  # patches that each position of the larger maps is copied into

Backward: TypeAlias = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def is_faster(size: Sequence[int], kernel: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether im2col is faster: on a CPU, for small maps, or many channels and little overlap.

    Args:
        size: Height and width of the smaller maps.
        kernel: Shape of the kernel; its last axis is the channels of the smaller maps.
        strides: Factors between the sizes of the maps.
    """
    if tf.config.list_logical_devices("GPU"):
        return False
    overlap = math.prod(kernel[:2]) / math.prod(strides)
    many_channels = kernel[3] >= MANY_CHANNELS
    return math.prod(size) <= FEW_POSITIONS or (many_channels and overlap <= MAX_OVERLAP)


def conv(images: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, int]) -> tf.Tensor:
    """Convolve; the kernel gradient is computed by im2col.

    Args:
        images: [B, H, W, C].
        kernel: [k, k, C, F].
        strides: Factors by which height and width shrink.

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
    """Convolve, transposed; the kernel gradient is computed by im2col.

    Args:
        images: [B, H, W, C].
        kernel: [k, k, F, C].
        strides: Factors by which height and width grow.

    Returns:
        Maps [B, H', W', F].
    """

    @tf.custom_gradient
    def convolve(images: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Backward]:
        def backward(gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            to_images = tf.nn.conv2d(gradient, kernel, strides, "SAME")
            return to_images, _kernel_gradient(gradient, images, kernel.shape, strides)

        maps = keras.ops.conv_transpose(images, kernel, strides=strides, padding="same")
        return maps, backward

    return convolve(images, kernel)


def im2col(images: tf.Tensor, sides: Sequence[int], strides: Sequence[int]) -> tf.Tensor:
    """Copy the patch that a convolution sees at each position into a row of a matrix.

    All channels of a pixel are copied at once: five times as fast as `tf.image.extract_patches`,
    which copies single numbers.

    Args:
        images: [B, H, W, C].
        sides: Height and width of a patch.
        strides: Steps from one patch to the next.

    Returns:
        A row for each position, [B·H'·W', k·k·C].
    """
    axes = map(_patch_indices, images.shape[1:3], sides, strides)
    (rows, columns), margins = zip(*axes, strict=True)
    padded = tf.pad(images, [(0, 0), *margins, (0, 0)])
    height, width, depth = padded.shape[1:]
    pixels = rows[:, np.newaxis, :, np.newaxis] * width + columns[:, np.newaxis]
    flat = tf.reshape(padded, (-1, height * width, depth))
    return tf.reshape(tf.gather(flat, pixels.ravel(), axis=1), (-1, math.prod(sides) * depth))


def _patch_indices(size: int, side: int, stride: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the indices of each patch along one axis, int32 [H', k], and the padding."""
    positions = math.ceil(size / stride)
    margin = max((positions - 1) * stride + side - size, 0)
    first = np.arange(positions, dtype=np.int32) * stride
    return first[:, np.newaxis] + np.arange(side, dtype=np.int32), (margin // 2, -(-margin // 2))


def _kernel_gradient(
    larger: tf.Tensor, smaller: tf.Tensor, shape: tf.TensorShape, strides: Sequence[int]
) -> tf.Tensor:
    """Multiply the patches of the larger maps by the smaller maps."""
    patches = im2col(larger, shape[:2], strides)
    smaller = tf.reshape(smaller, (-1, shape[3]))
    # The product in the other order needs no transposition, but takes a tenth longer.
    return tf.reshape(tf.transpose(tf.matmul(smaller, patches, transpose_a=True)), shape)
