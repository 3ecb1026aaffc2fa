"""Errors of reconstructions, with pixels in [0, 1]."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .means import mean_and_error

BATCH = 250  # images whose SSIM is measured at once
WINDOW = 11  # side of SSIM's Gaussian window (Wang et al. 2004); less in smaller images


@dataclass(frozen=True)
class Pixels:
    """Means over images.

    Attributes:
        mse: Squared error of a pixel in [0, 1].
        mse_error: Its standard error over images.
        sse: Squared error summed over an image.
        psnr: Peak signal-to-noise ratio in dB; infinite if a reconstruction is exact.
        ssim: Structural similarity (Wang et al. 2004), at most 1.
        ssim_window: Side of its window, in pixels.
    """

    mse: float
    mse_error: float
    sse: float
    psnr: float
    ssim: float
    ssim_window: int


def squared_errors(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Mean squared error of each image's pixels in [0, 1], uint8 [N, H, W, C] → float64 [N]."""
    pairs = zip(images, reconstructions, strict=True)  # one by one: no float copy of them all
    return np.array([np.mean(np.square((a.astype(np.float64) - b) / 255.0)) for a, b in pairs])


def similarities(images: np.ndarray, reconstructions: np.ndarray, window: int) -> np.ndarray:
    """SSIM of each image, uint8 [N, H, W, C] → float32 [N], with a window of that side."""
    import tensorflow as tf

    batches = (slice(start, start + BATCH) for start in range(0, len(images), BATCH))
    return np.concatenate(
        [tf.image.ssim(images[b], reconstructions[b], 255, filter_size=window) for b in batches]
    )


def measure_pixels(images: np.ndarray, reconstructions: np.ndarray) -> Pixels:
    """Compare images with their reconstructions, both uint8 [N, H, W, C]."""
    window = min(WINDOW, *images.shape[1:3])
    errors = squared_errors(images, reconstructions)
    mse, error = mean_and_error(errors)
    with np.errstate(divide="ignore"):  # an exact reconstruction
        psnr = float(-10.0 * np.log10(errors).mean())
    return Pixels(
        mse=mse,
        mse_error=error,
        sse=mse * math.prod(images.shape[1:]),
        psnr=psnr,
        ssim=float(np.mean(similarities(images, reconstructions, window))),
        ssim_window=window,
    )
