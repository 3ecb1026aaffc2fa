"""Where a network begins that is computed from its data before it is trained."""

from __future__ import annotations

import numpy as np

from ..datasets import ImageDataset
from ..presets import Preset, PrincipalNetwork
from .networks import principal
from .principal_components import PrincipalComponents
from .vae import VAE

MOST_IMAGES = 32_000  # their small images lie in memory; more change the components little
DARKEST, BRIGHTEST = 5, 250  # of a pixel: the logits of 0 and 255 are not finite


def start_from_data(vae: VAE, preset: Preset, dataset: ImageDataset, *, seed: int = 0) -> None:
    """Let a principal network begin at the components of the training images; others are left.

    Args:
        vae: A new model.
        preset: What it was built from.
        dataset: Its training split is looked at.
        seed: Of the images that are taken where there are more than enough.

    Raises:
        ValueError: If there are fewer images, or pixels in a small one, than latent dimensions.
    """
    if not isinstance(preset.network, PrincipalNetwork):
        return
    small = _small_images(preset, dataset, seed)
    pixels = vae.likelihood.scale(small)
    inside = np.clip(small, DARKEST, BRIGHTEST)
    logits = vae.likelihood.logits(vae.likelihood.scale(inside))
    components = PrincipalComponents.of(pixels.numpy(), logits.numpy(), preset.latent_dim)
    principal.start(vae.encoder, vae.decoder, components)


def _small_images(preset: Preset, dataset: ImageDataset, seed: int) -> np.ndarray:
    """Training images as the linear encoder sees them, mirrored ones among them if they will be.

    Returns:
        Pixels of 0 … 255, float32 [N, D].
    """
    rows = dataset.indices("train")
    most = MOST_IMAGES // (2 if preset.random_flip else 1)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    height, width, channels = preset.image_shape
    pool = preset.network.pool
    squares = dataset.images[rows].reshape(-1, height // pool, pool, width // pool, pool, channels)
    small = squares.mean(axis=(2, 4), dtype=np.float32)
    if preset.random_flip:
        small = np.concatenate([small, small[:, :, ::-1]])
    return small.reshape(len(small), -1)
