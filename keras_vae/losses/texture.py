"""The texture loss: a reconstruction must have as much detail as its image, where the image has it.

Where hair lies a latent of a few hundred numbers cannot say, so the squared error of pixels is
least without any. How much detail there is, at each place and in which direction, a latent can say:
texture is known by such statistics, not by its pixels (Portilla and Simoncelli 2000; of a network's
features, Gatys et al. 2015). No critic is needed, and nothing is learned.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from ..models.loss_terms import LossTerm
from ..models.protocols import ForwardPass
from ..ops.registration import package
from ..ops.smoothing import smoothed
from ..presets import Texture as Configuration
from ..presets.ranges import Positive, Whole, in_range
from .start import once_started

# Differences along a line of pixels: over one, over two, second and fourth ones. With the first
# alone, a weave of single pixels gives any energy at the least squared error; without the last two,
# it makes up for detail of three to six pixels, which costs more.
DIFFERENCES = (
    (-1.0, 1.0),
    (-1.0, 0.0, 1.0),
    (-0.5, 1.0, -0.5),
    (0.125, -0.5, 0.75, -0.5, 0.125),
)
DIRECTIONS = 4
SIDE = max(map(len, DIFFERENCES))  # of a kernel
LEAST = SIDE + 1  # pixels of an image's side: energies are means of 2×2
FLOOR = 0.2  # grey levels, an amplitude that nobody sees: the logarithm of 0 is infinite


@package
class Texture(LossTerm):
    """Divergence of the local energies of detail, in squared grey levels.

    Detail is what a Gaussian of standard deviation `sigma` takes from the channels. Its energies
    are the mean squares, in Gaussian windows, of its differences over one and over two pixels, and
    of its second and fourth differences, along four directions: those of the channels' mean, and,
    where there are several, those of what the channels have beside it, of which a photo has little:
    coloured specks are none of its detail.

    The divergence of the image's energy p from the reconstruction's r is half of
    p log(p / r) − p + r, the generalized Kullback–Leibler divergence, which is about (√p − √r)².
    Where p is uncertain it is least at p's mean, as every Bregman divergence is (Banerjee et al.
    2005). (√p − √r)² itself is least where √r is the mean of √p: that has less energy.

    Args:
        weight: Factor of the value.
        start: Optimizer steps of the model before the loss is computed and added.
        sigma: In pixels: detail has periods below about five times as many.
        window: Standard deviation of the windows, in pixels.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> vae = VAE.from_networks(encoder, decoder, terms=[*elbo_terms(), Texture(weight=0.1)])
    """

    @in_range
    def __init__(
        self,
        weight: float = 1.0,
        *,
        start: Whole = 0,
        sigma: Positive = 1.0,
        window: Positive = 3.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, **kwargs)
        self.start, self.sigma, self.window = start, sigma, window

    @classmethod
    def from_configuration(cls, configuration: Configuration, **_: Any) -> Texture:
        """Build the loss of its numbers."""
        return cls(**configuration.values())

    def value(self, forward: ForwardPass) -> tf.Tensor:
        """Return the difference of images and reconstructions, [B]."""
        images, reconstructions = forward.images, forward.likelihood.pixels()
        return once_started(
            forward.step,
            self.start,
            lambda: self.difference(tf.stop_gradient(images), reconstructions),
            lambda: tf.zeros_like(images[:, 0, 0, 0]),
        )

    def difference(self, images: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
        """Difference of each pair.

        Args:
            images: Pixels in 0 … 255, [B, H, W, C].
            others: Likewise.

        Returns:
            In squared grey levels, float32 [B].
        """
        p, r = (local_energies(each, self.sigma, self.window) for each in (images, others))
        return tf.reduce_mean(p * (tf.math.log(p) - tf.math.log(r)) - p + r, axis=[1, 2, 3]) / 2.0

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        names = ("start", "sigma", "window")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def local_energies(pixels: tf.Tensor, sigma: float, window: float) -> tf.Tensor:
    """Mean squares of four differences of detail along four directions, in windows.

    Args:
        pixels: In 0 … 255, [B, H, W, C].
        sigma: Standard deviation of the Gaussian that detail is finer than, in pixels.
        window: Standard deviation of the windows, in pixels.

    Returns:
        In squared grey levels, at least that of `FLOOR`, [B, (H − 4) // 2, (W − 4) // 2, 32]: one
        for each 2×2 pixels, of brightness, then of colour. Of one channel 16.

    Raises:
        ValueError: If there are less than 6×6 pixels.

    Example:
        >>> local_energies(tf.zeros((2, 32, 32, 3)), sigma=1.0, window=3.0).shape
        TensorShape([2, 14, 14, 32])
    """
    height, width, channels = pixels.shape[1:]
    if min(height, width) < LEAST:
        raise ValueError(
            f"The texture loss needs images of at least {LEAST}×{LEAST} pixels. "
            f"Received: {height}×{width}."
        )
    pixels = tf.cast(pixels, tf.float32)
    detail = pixels - smoothed(pixels, sigma)
    squares = tf.square(tf.nn.conv2d(detail, _differences(channels), 1, "VALID"))
    # Means of 2×2 first: the windows are so wide that nothing is lost, in a fraction of the time.
    means = tf.nn.avg_pool2d(squares, 2, 2, "VALID")
    maps = means.shape[-1] // (DIRECTIONS * len(DIFFERENCES))
    brightness, *colours = tf.split(means, maps, axis=-1)
    energies = tf.concat([brightness, tf.add_n(colours)], axis=-1) if colours else brightness
    return smoothed(energies, window / 2.0) + FLOOR**2


def _differences(channels: int) -> np.ndarray:
    """Kernels of differences: of the channels' mean, and of what each channel has beside it.

    Returns:
        float32 [5, 5, C, D × (1 + C)], or [5, 5, 1, D] of one channel: D differences of one map
        after those of another.
    """
    kernels = []
    for line in DIFFERENCES:
        across, down = np.zeros((2, SIDE, SIDE))
        across[0, : len(line)] = down[: len(line), 0] = line
        kernels += [across, down, (across + down) / 2**0.5, (across - down) / 2**0.5]
    mean = np.full((1, channels), 1.0 / channels)
    maps = mean if channels == 1 else np.concatenate([mean, np.eye(channels) - mean])
    of_maps = np.einsum("dhw,mc->hwcmd", kernels, maps)
    return of_maps.reshape(SIDE, SIDE, channels, -1).astype(np.float32)
