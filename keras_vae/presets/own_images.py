"""The preset for images of one's own, fitted to their size."""

from __future__ import annotations

from dataclasses import replace

from .entries import OWN_IMAGES, get_preset
from .preset import Preset

LARGEST = 128  # side up to which images keep their size
REDUCED = 64  # longer side of larger images
FINEST = 64  # longer side up to which the linear path takes single pixels, in squares of 4×4
PATIENCE = 5  # epochs of a small set without a lower validation loss, after which training ends


# What a trained model gives to one that starts from it.
ARCHITECTURE = (
    "image_shape", "latent_dim", "network", "posterior", "prior", "output", "binarization",
    "random_flip", "resampling", "classes",
)  # fmt: skip
FINE_TUNING_RATE = 1e-4  # the weights are good, and large steps would lose them
FINE_TUNING_STEPS = 600


def own_size(height: int, width: int) -> tuple[int, int]:
    """Return the size at which `own-images` takes images: their own, or one near to it.

    Images of at most 128 pixels a side keep their size, down to the next multiple of the network's
    squares of pixels; of larger ones the longer side becomes 64.

    Args:
        height: Height of the images, in pixels.
        width: Their width.

    Returns:
        Height and width.

    Example:
        >>> own_size(480, 640)
        (48, 64)
    """
    longest = max(height, width)
    scale = 1.0 if longest <= LARGEST else REDUCED / longest
    patch, _ = _squares(longest * scale)
    height, width = (max(2, int(side * scale) // patch) * patch for side in (height, width))
    return height, width


def with_size(preset: Preset, image_shape: tuple[int, int, int]) -> Preset:
    """Return a preset for images of another shape; an adaptive one with squares that suit it.

    Args:
        preset: The preset.
        image_shape: Height, width, channels.

    Example:
        >>> with_size(get_preset("own-images"), (96, 96, 3)).image_shape
        (96, 96, 3)
    """
    network = preset.network
    if preset.adaptive:
        patch, pool = _squares(max(image_shape[:2]))
        network = replace(network, patch=patch, pool=pool)
    return replace(preset, image_shape=tuple(image_shape), network=network)


def fine_tuning(trained: Preset) -> Preset:
    """Return the preset that trains a model further on images of one's own.

    The architecture is that of the model. The objective is that of `own-images`, without terms that
    need labels: −ELBO, with a Gaussian likelihood, or with that of the model where its images are
    not continuous.

    Args:
        trained: The preset that the model was trained with.
    """
    own = get_preset(OWN_IMAGES)
    likelihood = trained.objective.likelihood
    if likelihood.measure == "density" or likelihood.measure is None:
        likelihood = own.objective.likelihood
    return replace(
        own,
        name=trained.name,
        source=f"fine-tuned; {trained.source}",
        learning_rate=FINE_TUNING_RATE,
        least_steps=FINE_TUNING_STEPS,
        objective=replace(own.objective, likelihood=likelihood),
        **{name: getattr(trained, name) for name in ARCHITECTURE},
    )


def _squares(longest: float) -> tuple[int, int]:
    """Sides of the squares of pixels that the convolutions and the linear path take."""
    return (4, 1) if longest <= FINEST else (8, 2)
