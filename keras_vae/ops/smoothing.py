"""Means of maps in Gaussian windows."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

REACH = 3.0  # standard deviations at which a window ends


def smoothed(maps: tf.Tensor, sigma: float) -> tf.Tensor:
    """Mean of maps in Gaussian windows, of what there is: beyond the border is nothing.

    Args:
        maps: float32 [B, H, W, C].
        sigma: Standard deviation of a window, in pixels, greater than 0.
    """
    ones = tf.ones_like(maps[:1, :, :, :1])
    return _weighted_sum(maps, sigma) / _weighted_sum(ones, sigma)


def _weighted_sum(maps: tf.Tensor, sigma: float) -> tf.Tensor:
    reach = math.ceil(REACH * sigma)
    weights = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / sigma)).astype(np.float32)
    for shape in ((-1, 1), (1, -1)):
        kernel = (weights / weights.sum()).reshape(*shape, 1, 1)
        kernels = np.tile(kernel, (1, 1, maps.shape[-1], 1))
        maps = tf.nn.depthwise_conv2d(maps, kernels, [1, 1, 1, 1], "SAME")
    return maps
