"""How much work a training is: what tells a sweep's time left."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from ..presets import ConvNetwork, DenseNetwork, PCANetwork, Preset, ResidualNetwork

# Measured on one core beside dense networks of 90 GFLOP/s (docs/decisions/0009): the loss and its
# gradient take as long as so many operations for each pixel, a cell's start as long as so many.
PIXEL = 1_500
START = 300e9


def training_work(preset: Preset, images: int) -> float:
    """Estimate the operations of a training, forwards and backwards.

    Args:
        preset: Network, image size and epochs.
        images: Images in an epoch.

    Returns:
        Floating-point operations, or what takes as long; only ratios matter.
    """
    for_image = 6 * multiply_adds(preset) + PIXEL * math.prod(preset.image_shape)
    return START + for_image * images * preset.epochs


def multiply_adds(preset: Preset) -> int:
    """Count the multiply-adds that encode and decode one image, biases left out."""
    return sum(_KINDS[type(preset.network)](preset))


def _dense(preset: Preset) -> Iterator[int]:
    widths = [math.prod(preset.image_shape), *preset.network.hidden]
    yield from (2 * a * b for a, b in pairwise(widths))
    yield 3 * widths[-1] * preset.latent_dim


def _convolutional(preset: Preset) -> Iterator[int]:
    network: ConvNetwork = preset.network
    height, width, channels = preset.image_shape
    for stage in network.encoder:
        height, width = math.ceil(height / stage.stride), math.ceil(width / stage.stride)
        yield height * width * stage.kernel**2 * channels * stage.filters
        channels = stage.filters
    yield 3 * height * width * channels * preset.latent_dim
    for stage in network.decoder:
        filters = stage.filters or preset.image_shape[2]
        size = height * width  # a transposed convolution visits its inputs
        height, width = height * stage.stride, width * stage.stride
        if network.upsampling == "nearest":
            size = height * width
        yield size * stage.kernel**2 * channels * filters
        channels = filters


def _residual(preset: Preset) -> Iterator[int]:
    network: ResidualNetwork = preset.network
    height, width, channels = preset.image_shape
    patch = network.patch
    height, width, channels = height // patch, width // patch, channels * patch**2
    for level, (filters, blocks) in enumerate(zip(network.filters, network.blocks, strict=True)):
        if level:
            height, width = math.ceil(height / 2), math.ceil(width / 2)
        size = 2 * height * width * network.kernel**2  # the encoder's, and its mirror
        yield size * channels * filters
        yield 2 * blocks * size * filters**2
        channels = filters
    yield 2 * height * width * channels * network.dense + 3 * network.dense * preset.latent_dim


def _principal(preset: Preset) -> Iterator[int]:
    network: PCANetwork = preset.network
    height, width, channels = preset.image_shape
    yield 2 * math.prod((height, width, channels)) // network.pool**2 * preset.latent_dim
    height, width = height // network.patch, width // network.patch
    pixels, taps = channels * network.patch**2, network.kernel**2
    small = pixels // network.pool**2  # the last convolution sees them, too
    yield height * width * taps * (2 * pixels * network.filters[0] + small * pixels)
    for one, other in pairwise(network.filters):
        height, width = math.ceil(height / 2), math.ceil(width / 2)
        yield 2 * height * width * taps * one * other
    yield 3 * height * width * network.filters[-1] * preset.latent_dim


_KINDS = {
    DenseNetwork: _dense,
    ConvNetwork: _convolutional,
    ResidualNetwork: _residual,
    PCANetwork: _principal,
}
