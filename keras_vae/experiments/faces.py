"""What can be measured of a model of faces, whose attributes are known.

No photo leaves this file: arrays hold numbers, and faces that a model drew.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..evaluation.groups import errors_by_group, group_images
from ..evaluation.pixels import squared_errors
from ..latent_space.arithmetic import interpolate, morph
from ..latent_space.attributes import Attributes
from ..latent_space.attributes import contributions as contributions_of
from ..latent_space.grouping import Grouping
from ..latent_space.probes import Probe, linear_probes
from ..latent_space.projections import project
from ..plotting.channels import statistics
from .conventions import STRENGTHS, TARGET, TRAVERSED
from .subject import Subject, standard_normal

PROBED = 10_000  # latents that a probe is fitted to (Astorga et al. 2025, section 5)
WALKERS = 200  # faces that are moved, and pairs that are interpolated between
SHOWN = 4  # of them in a picture
STEPS = 10  # images from one face to another
GROUPED = ("Pale_Skin", "Male", "Eyeglasses")
FACES = 40

Measured = tuple[dict[str, float], dict[str, np.ndarray]]


def probes(subject: Subject) -> Measured:
    """A logistic regression for each attribute, on 10,000 latents, measured on held-out ones."""
    found = _probe(subject, subject.dataset.attribute_names)
    auc, balanced = (
        np.array([getattr(probe, name) for probe in found]) for name in ("auc", "balanced_accuracy")
    )
    numbers = {
        "mean_auc": auc.mean(),
        "least_auc": auc.min(),
        "mean_balanced_accuracy": balanced.mean(),
    }
    names = np.array([probe.name for probe in found])
    return numbers, {"probe_names": names, "probe_auc": auc, "probe_balanced_accuracy": balanced}


def contributions(subject: Subject) -> Measured:
    """How far each attribute's mean difference points along Attractive's (Jiang 2024, 5.4)."""
    fitted = _fit(subject, subject.dataset.attribute_names, "mean")
    table = contributions_of(fitted.directions, fitted.names, TARGET, fitted.standard_errors)
    columns = ("name", "dot", "cosine", "dot_interval", "cosine_interval")
    arrays = {
        f"contribution_{column}": np.array([getattr(entry, column) for entry in table])
        for column in columns
    }
    return {"attributes": len(table)}, arrays


def morphs(subject: Subject) -> Measured:
    """Drawn faces moved along the mean difference of Attractive (Wolfram note, figure 20)."""
    return _walk(subject, TARGET, "mean")


def traversals(subject: Subject) -> Measured:
    """Drawn faces moved along the normals of two regressions (Astorga et al. 2025, figure 5)."""
    numbers, arrays = {}, {}
    for name in TRAVERSED:
        more_numbers, more_arrays = _walk(subject, name, "logistic")
        numbers |= more_numbers
        arrays |= more_arrays
    return numbers, arrays


def smoothness(subject: Subject) -> Measured:
    """The largest step between neighbours over the mean step, between held-out faces.

    Pictures show the way between draws of the prior.
    """
    order = np.random.default_rng(0).permutation(len(subject.posterior[0]))[: 2 * WALKERS]
    pairs = subject.posterior[0][order].reshape(2, -1, subject.preset.latent_dim)
    lengths = step_lengths(_decode_paths(subject, _paths(*pairs)))
    ratios = step_ratios(lengths)
    numbers = {
        "step_ratio": ratios.mean(),
        "step_ratio_95": np.quantile(ratios, 0.95),
        "step_length": lengths.mean(),
    }
    drawn = subject.draw(2 * SHOWN).reshape(2, SHOWN, -1)
    return numbers, {"interpolations": _decode_paths(subject, _paths(*drawn))}


def groups(subject: Subject) -> Measured:
    """Squared errors of the images with and without some attributes."""
    rows = subject.dataset.indices(subject.held_out)
    errors = squared_errors(subject.held_out_images, subject.decode(subject.posterior[0]))
    numbers = {}
    for name in GROUPED:
        for group in errors_by_group(errors, group_images(subject.dataset, rows, [name])):
            numbers[f"mse_{group.name.replace(' ', '_')}"] = group.mse
    return numbers, {}


def draws(subject: Subject) -> Measured:
    """Drawn faces, their reconstructions, and how well a probe tells faces from photos.

    The probe is a classifier two-sample test (Lopez-Paz and Oquab 2017): a logistic regression on
    features of half of the images, whose area under the ROC curve on the other half is 0.5 where
    drawn faces are like photos. Features say little of blur, which sharpness measures.
    """
    images = subject.held_out_images
    codes = subject.draw(len(images))
    drawn = subject.decode(codes)
    features = subject.extractor(images)
    numbers = {
        "drawn_auc": told_apart(subject.extractor(drawn), features),
        "rebuilt_auc": told_apart(
            subject.extractor(subject.decode(subject.posterior[0])), features
        ),
    }
    numbers["drawn_sharpness"] = sharpness(drawn) / sharpness(images)
    again = subject.served.reconstruct(drawn[:FACES])
    plain = subject.decode(standard_normal(FACES, subject.preset.latent_dim))
    return numbers, {"drawn": drawn[:FACES], "redrawn": again, "from_normal": plain}


def feature_maps(subject: Subject) -> Measured:
    """What each convolution makes of one drawn face (Wolfram note, figures 10 to 18)."""
    face = subject.decode(subject.draw(1))
    maps = {name: layer[0] for name, layer in subject.served.feature_maps(face).items()}
    varied = {name: statistics(layer)["variance"] > 0 for name, layer in maps.items()}
    numbers = {
        "layers": len(maps),
        "channels": sum(layer.shape[-1] for layer in maps.values()),
        "varied_channels": sum(int(channels.sum()) for channels in varied.values()),
    }
    return numbers, {"face": face[0], **{f"maps_{name}": layer for name, layer in maps.items()}}


def latent_map(subject: Subject) -> Measured:
    """The held-out images' latents in two dimensions, by Attractive (Wolfram note, figure 19)."""
    z_mean = subject.posterior[0]
    rows = subject.dataset.indices(subject.held_out)
    grouping = Grouping.of(subject.dataset, rows, TARGET)
    points = project(z_mean, "umap").points
    numbers = {
        "map_auc": grouping.probe_auc(points),
        "latent_auc": _probe(subject, [TARGET])[0].auc,
    }
    arrays = {"points": points, "groups": grouping.index, "group_names": np.array(grouping.names)}
    return numbers, arrays


def step_lengths(paths: np.ndarray) -> np.ndarray:
    """Root mean square differences of neighbours, of pixels in [0, 1].

    Args:
        paths: uint8 [N, S, H, W, C].

    Returns:
        [N, S − 1].
    """
    pixels = paths.reshape(*paths.shape[:2], -1).astype(np.float32) / 255.0
    return np.sqrt(np.square(np.diff(pixels, axis=1)).mean(axis=-1, dtype=np.float64))


def step_ratios(lengths: np.ndarray) -> np.ndarray:
    """The largest step of each path over its mean one: 1 where all are alike, [N, S] → [N]."""
    return lengths.max(axis=1) / np.maximum(lengths.mean(axis=1), 1e-12)


def sharpness(images: np.ndarray) -> float:
    """Mean square of the discrete Laplacian of grey levels in [0, 1]: blur takes it away.

    Args:
        images: uint8 [N, H, W, C].
    """
    grey = images.mean(axis=-1, dtype=np.float32) / 255.0
    centre = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return float(np.square(around - 4.0 * centre).mean(dtype=np.float64))


def told_apart(features: np.ndarray, others: np.ndarray) -> float:
    """How well a linear probe tells two sets of features apart: area under the ROC curve.

    Args:
        features: [N, F].
        others: [M, F].
    """
    both = np.concatenate([features, others])
    member = np.repeat([0, 1], [len(features), len(others)])
    return Grouping(("the first", "the others"), member).probe_auc(both)


def _fit(subject: Subject, names: Sequence[str], method: str) -> Attributes:
    """Directions of some attributes, fitted to the training images."""
    rows = subject.dataset.indices("train")
    labels = subject.dataset.attributes[rows][:, _columns(subject, names)]
    return Attributes.fit(subject.training_means, labels, names, method=method)


def _probe(subject: Subject, names: Sequence[str]) -> list[Probe]:
    """Probes of some attributes, fitted to 10,000 training latents, measured on held-out ones."""
    rows, held_out = (subject.dataset.indices(split) for split in ("train", subject.held_out))
    labels = subject.dataset.attributes[:, _columns(subject, names)]
    fit_on = subject.training_means[:PROBED], labels[rows[:PROBED]]
    return linear_probes(fit_on, (subject.posterior[0], labels[held_out]), names)


def _columns(subject: Subject, names: Sequence[str]) -> list[int]:
    return [subject.dataset.attribute_names.index(name) for name in names]


def _walk(subject: Subject, name: str, method: str) -> Measured:
    """Drawn faces moved along an attribute, and what the judge says of them at each n."""
    delta = _fit(subject, (name,), method).direction(name)
    starts = subject.draw(WALKERS)
    paths = np.stack([morph(starts, delta, n) for n in STRENGTHS], axis=1)
    images = _decode_paths(subject, paths)
    flat = images.reshape(-1, *images.shape[2:])
    scores = subject.judge.probability(flat, name).reshape(images.shape[:2])
    lengths = step_lengths(images)
    numbers = {
        f"{name}_least_rise": np.diff(scores.mean(axis=0)).min(),
        f"{name}_rise": scores[:, -1].mean() - scores[:, 0].mean(),
        f"{name}_step_ratio": step_ratios(lengths).mean(),
    }
    return numbers, {f"walk_{name}": images[:SHOWN], f"scores_{name}": scores.mean(axis=0)}


def _paths(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Latents on the straight ways between pairs, [N, L] twice → [N, S, L]."""
    return np.stack([interpolate(a, b, STEPS) for a, b in zip(starts, ends, strict=True)])


def _decode_paths(subject: Subject, paths: np.ndarray) -> np.ndarray:
    """Decode latents [N, S, L] to pixels [N, S, H, W, C]."""
    images = subject.decode(paths.reshape(-1, paths.shape[-1]))
    return images.reshape(*paths.shape[:2], *images.shape[1:])
