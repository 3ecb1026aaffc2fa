"""What can be measured of a model: each measure gives numbers, and arrays for figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..datasets.pipeline import split_batches
from ..evaluation.posterior import squared_mmd
from ..latent_space.arithmetic import gaussian_quantiles
from ..latent_space.arithmetic import plane as latent_plane
from ..training.trainer import measure
from . import faces
from .coverage import code_spread, prior_coverage
from .subject import Subject, TrainedSubject, standard_normal

BATCH = 128  # images of Jiang's "new batch"
DRAWS = 5_000  # codes and draws of the prior that are compared
SAMPLES = 40  # images in a picture
SIDE = 15  # images along each side of a manifold

Measured = tuple[dict[str, float], dict[str, np.ndarray]]


def losses(subject: TrainedSubject) -> Measured:
    """The terms of the loss, on the training and on the held-out images."""
    numbers = {}
    for name, split in (("train", "train"), ("test", subject.held_out)):
        values = measure(subject.vae, subject.preset, subject.dataset, split)
        numbers |= {f"{name}_{term}": value for term, value in values.items()}
    return numbers, {}


def batch(subject: TrainedSubject) -> Measured:
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
    z = standard_normal(SAMPLES, subject.preset.latent_dim)
    return {}, {"samples": subject.decode(z)}


def manifold(subject: Subject) -> Measured:
    """The decoded plane of a latent of two dimensions (Kingma and Welling 2013, appendix D)."""
    quantiles = gaussian_quantiles(SIDE)
    axes = np.eye(2, dtype=np.float32)
    points = latent_plane(np.zeros(2, np.float32), *axes, quantiles, quantiles)
    images = subject.decode(points.reshape(-1, 2).astype(np.float32))
    return {}, {"manifold": images.reshape(SIDE, SIDE, *images.shape[1:])}


def fid(subject: Subject) -> Measured:
    """FID of draws from N(0, I), and of reconstructions, against held-out images.

    By the features of a classifier of the data set, which every machine can have.
    """
    from ..evaluation.samples import fid as distance

    real = subject.held_out_images
    features = subject.extractor(real)
    drawn = subject.decode(standard_normal(len(real), subject.preset.latent_dim))
    rebuilt = subject.decode(subject.posterior[0])
    return {
        "sample_fid": distance(subject.extractor(drawn), features),
        "reconstruction_fid": distance(subject.extractor(rebuilt), features),
    }, {}


def card(subject: Subject) -> Measured:
    """The numbers that `kvae evaluate` left with a shipped model."""
    from ..training.run_directory import read_json

    known = read_json(subject.served.path / "assets.extra" / "evaluation.json")
    likelihood = known["likelihood"]
    numbers = {name: likelihood[name] for name in ("nll", "nll_error")}
    numbers["draws"] = likelihood["importance_samples"]
    return {**numbers, "test_mse_of_mean": known["pixels"]["mse"]}, {}


_OF_ANY = (losses, batch, coverage, latents, samples, manifold, fid, card)
_OF_FACES = (
    *(faces.probes, faces.contributions, faces.morphs, faces.traversals, faces.smoothness),
    *(faces.groups, faces.draws, faces.feature_maps, faces.latent_map),
)
MEASURES: dict[str, Callable[[Subject], Measured]] = {
    each.__name__: each for each in (*_OF_ANY, *_OF_FACES)
}


def measure_all(
    subject: Subject,
    names: Sequence[str],
    report: Callable[[float], None] = lambda share: None,
) -> Measured:
    """Take measures one after the other.

    Args:
        subject: Of what.
        names: Keys of `MEASURES`.
        report: Called with the share that is done, before each measure.
    """
    numbers, arrays = {}, {}
    for taken, name in enumerate(names):
        report(taken / len(names))
        more_numbers, more_arrays = MEASURES[name](subject)
        numbers |= more_numbers
        arrays |= more_arrays
    return numbers, arrays
