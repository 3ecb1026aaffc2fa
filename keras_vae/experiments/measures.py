"""What can be measured of a model: numbers for the table, arrays for the figures.

The names of measures, columns and arrays are part of the finished cells, so they do not change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.spatial import cKDTree

from ..datasets.pipeline import split_batches
from ..evaluation.posterior import squared_mmd
from ..latent_space.arithmetic import gaussian_quantiles
from ..latent_space.arithmetic import plane as latent_plane
from ..training.measurement import measure as measure_losses
from . import face_measures
from .cell import evaluation_of
from .evaluated_model import EvaluatedModel, TrainedModel, standard_normal

BATCH = 128  # images of Jiang's "new batch"
LATENTS = 5_000  # compared with samples of the prior
MMD_LATENTS = 3_000
SAMPLES = 40  # images in a figure
SIDE = 15  # images along each side of a manifold
NEAR = 0.99  # share of samples of the prior that are near another sample of it

Measured = dict[str, float | np.ndarray]  # numbers and arrays


def losses(model: TrainedModel) -> Measured:
    """The terms of the loss, on the training and on the held-out images."""
    splits = {"train": "train", "test": model.held_out}
    measured = measure_losses(model.vae, model.preset, model.dataset, splits.values())
    return {
        f"{name}_{term}": value
        for name, split in splits.items()
        for term, value in measured[split].items()
    }


def batch(model: TrainedModel) -> Measured:
    """Reconstruction loss of one batch of held-out images, as Jiang measures it."""
    how = model.preset.binarization
    batches = split_batches(model.dataset, model.held_out, BATCH, binarization=how)
    values = model.vae.evaluate(batches.take(1), verbose=0, return_dict=True)
    return {f"batch_{name}": float(values[name]) for name in ("reconstruction_loss", "mse")}


def coverage(model: EvaluatedModel) -> Measured:
    """The latents of held-out images, compared with the prior."""
    z = model.latents[:LATENTS]
    mmd, error = squared_mmd(z[:MMD_LATENTS])
    return {
        "code_spread": latent_spread(z),
        "prior_coverage": prior_coverage(z),
        "mmd": mmd,
        "mmd_error": error,
    }


def latents(model: EvaluatedModel) -> Measured:
    """z_mean of the held-out images and their labels, for a scatter plot."""
    labels = model.dataset.labels[model.dataset.indices(model.held_out)]
    return {"z_mean": model.posterior[0], "labels": labels}


def samples(model: EvaluatedModel) -> Measured:
    """Images decoded from samples of N(0, I), the same for all cells of a latent size."""
    return {"samples": model.decode(standard_normal(SAMPLES, model.preset.latent_dim))}


def manifold(model: EvaluatedModel) -> Measured:
    """The decoded plane of a latent of two dimensions (Kingma and Welling 2013, appendix D)."""
    quantiles = gaussian_quantiles(SIDE)
    axes = np.eye(2, dtype=np.float32)
    points = latent_plane(np.zeros(2, np.float32), *axes, quantiles, quantiles)
    images = model.decode(points.reshape(-1, 2).astype(np.float32))
    return {"manifold": images.reshape(SIDE, SIDE, *images.shape[1:])}


def fid(model: EvaluatedModel) -> Measured:
    """FID of samples from N(0, I), and of reconstructions, against held-out images."""
    from ..evaluation.samples import fid as distance

    real = model.extractor(model.held_out_images)
    sampled = model.decode(standard_normal(len(real), model.preset.latent_dim))
    reconstructed = model.decode(model.posterior[0])
    return {
        "sample_fid": distance(model.extractor(sampled), real),
        "reconstruction_fid": distance(model.extractor(reconstructed), real),
    }


def card(model: EvaluatedModel) -> Measured:
    """The numbers that `kvae evaluate --card` wrote beside an exported model."""
    return evaluation_of(model.served)


MEASURES: dict[str, Callable[[EvaluatedModel], Measured]] = {
    measure.__name__: measure
    for measure in (losses, batch, coverage, latents, samples, manifold, fid, card)
} | face_measures.MEASURES


def measure(
    model: EvaluatedModel,
    names: Sequence[str],
    report: Callable[[float], None] = lambda share: None,
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Measure a model.

    Args:
        model: The model.
        names: Keys of `MEASURES`.
        report: Called before each measure with the share that is done.

    Returns:
        The numbers and the arrays, by name.
    """
    measured = {}
    for number, name in enumerate(names):
        report(number / len(names))
        measured |= MEASURES[name](model)
    arrays = {name: value for name, value in measured.items() if np.ndim(value)}
    return {name: value for name, value in measured.items() if name not in arrays}, arrays


def latent_spread(z: np.ndarray) -> float:
    """Root mean square of a coordinate about the mean latent: 1 for the prior.

    Args:
        z: Latents, [N, L].
    """
    return float(np.sqrt(np.var(z, axis=0, dtype=np.float64).mean()))


def prior_coverage(z: np.ndarray, *, seed: int = 0) -> float:
    """Share of samples from N(0, I) that are near a latent.

    Near is the distance within which 99 % of samples have one of as many other samples from
    N(0, I), so that a perfect aggregate posterior covers 0.99 of the prior, whatever L and N.

    Args:
        z: Latents, [N, L].
        seed: Seed of the samples.
    """
    sampled, ideal = np.random.default_rng(seed).standard_normal((2, *z.shape))
    reach = np.quantile(cKDTree(ideal).query(sampled)[0], NEAR)
    return float(np.mean(cKDTree(z).query(sampled)[0] <= reach))
