"""What can be measured of a trained model: each measure gives numbers, and arrays for figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ..datasets import ImageDataset
from ..datasets.pipeline import split_batches
from ..evaluation.posterior import squared_mmd
from ..latents import gaussian_quantiles
from ..latents import plane as latent_plane
from ..presets import Preset
from ..publishing import encode_images
from ..training import measure
from ..vae import VAE
from .coverage import code_spread, prior_coverage

BATCH = 128  # images of Jiang's "new batch"
DRAWS = 5_000  # codes and draws of the prior that are compared
SAMPLES = 40  # images in a picture
SIDE = 15  # images along each side of a manifold

Measured = tuple[dict[str, float], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Subject:
    """A trained model, and what it was trained on.

    Attributes:
        vae: The model.
        preset: What it was built from.
        dataset: Its images.
        cache_dir: Where classifiers for FID are kept; None for the usual place.
    """

    vae: VAE
    preset: Preset
    dataset: ImageDataset
    cache_dir: Path | None = None

    @property
    def held_out(self) -> str:
        """The split that nothing was learned from."""
        return "test" if self.dataset.count("test") else "validation"

    @cached_property
    def posterior(self) -> tuple[np.ndarray, np.ndarray]:
        """z_mean and z_log_var of the held-out images, float32 [N, L]."""
        return encode_images(
            self.vae, self.dataset, self.held_out, binarization=self.preset.binarization
        )

    @cached_property
    def codes(self) -> np.ndarray:
        """What the decoder is given for the held-out images: draws of q(z|x), or z_mean, [N, L]."""
        z_mean, z_log_var = self.posterior
        if not self.vae.stochastic:
            return z_mean
        noise = np.random.default_rng(0).standard_normal(z_mean.shape, np.float32)
        return z_mean + np.exp(0.5 * z_log_var) * noise

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Decode latents [N, L] to pixels, uint8 [N, H, W, C]."""
        parts = [self.vae.decode(z[start : start + 500]) for start in range(0, len(z), 500)]
        return np.clip(np.rint(np.concatenate(parts)), 0, 255).astype(np.uint8)


def losses(subject: Subject) -> Measured:
    """The terms of the loss, on the training and on the held-out images."""
    numbers = {}
    for name, split in (("train", "train"), ("test", subject.held_out)):
        values = measure(subject.vae, subject.preset, subject.dataset, split)
        numbers |= {f"{name}_{term}": value for term, value in values.items()}
    return numbers, {}


def batch(subject: Subject) -> Measured:
    """Reconstruction of one batch of held-out images, as Jiang measures it."""
    how = subject.preset.binarization
    batches = split_batches(subject.dataset, subject.held_out, BATCH, binarization=how)
    values = subject.vae.evaluate(batches.take(1), verbose=0, return_dict=True)
    names = ("reconstruction_loss", "mse")
    return {f"batch_{name}": float(values[name]) for name in names}, {}


def coverage(subject: Subject) -> Measured:
    """How the codes of held-out images lie to the prior."""
    codes = subject.codes[:DRAWS]
    mmd, error = squared_mmd(codes[:3_000])
    numbers = {
        "code_spread": code_spread(codes),
        "prior_coverage": prior_coverage(codes),
        "mmd": mmd,
        "mmd_error": error,
    }
    return numbers, {}


def latents(subject: Subject) -> Measured:
    """z_mean of the held-out images and their labels, for a scatter."""
    labels = subject.dataset.labels[subject.dataset.indices(subject.held_out)]
    return {}, {"z_mean": subject.posterior[0], "labels": labels}


def samples(subject: Subject) -> Measured:
    """Images decoded from draws of the prior, the same for all cells of a latent size."""
    z = _prior(SAMPLES, subject.vae.latent_dim)
    return {}, {"samples": subject.decode(z)}


def manifold(subject: Subject) -> Measured:
    """The decoded plane of a latent of two dimensions (Kingma and Welling 2013, appendix D)."""
    quantiles = gaussian_quantiles(SIDE)
    axes = np.eye(2, dtype=np.float32)
    points = latent_plane(np.zeros(2, np.float32), *axes, quantiles, quantiles)
    images = subject.decode(points.reshape(-1, 2).astype(np.float32))
    return {}, {"manifold": images.reshape(SIDE, SIDE, *images.shape[1:])}


def fid(subject: Subject) -> Measured:
    """FID of draws from the prior, and of reconstructions, against held-out images."""
    from ..evaluation.extractors import find_extractor
    from ..evaluation.samples import fid as distance

    dataset = subject.dataset
    real = np.asarray(dataset.images[dataset.indices(subject.held_out)])
    extractor = find_extractor(dataset.image_shape, dataset=dataset, cache_dir=subject.cache_dir)
    features = extractor(real)
    drawn = subject.decode(_prior(len(real), subject.vae.latent_dim))
    rebuilt = subject.decode(subject.posterior[0])
    return {
        "sample_fid": distance(extractor(drawn), features),
        "reconstruction_fid": distance(extractor(rebuilt), features),
    }, {}


def _prior(count: int, latent_dim: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, latent_dim), np.float32)


MEASURES: dict[str, Callable[[Subject], Measured]] = {
    each.__name__: each for each in (losses, batch, coverage, latents, samples, manifold, fid)
}


def measure_all(subject: Subject, names: Sequence[str]) -> Measured:
    """Take measures one after the other.

    Args:
        subject: Of what.
        names: Keys of `MEASURES`.
    """
    numbers, arrays = {}, {}
    for name in names:
        more_numbers, more_arrays = MEASURES[name](subject)
        numbers |= more_numbers
        arrays |= more_arrays
    return numbers, arrays
