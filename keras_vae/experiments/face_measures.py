"""What can be measured of a model of faces, whose attributes are known.

The arrays hold numbers and generated faces, never a photo. The names of measures, columns and
arrays are part of the finished cells, so they do not change.
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
from .claims import STRENGTHS, TARGET, TRAVERSED
from .evaluated_model import EvaluatedModel, standard_normal

PROBED = 10_000  # latents that a probe is fitted to (Astorga et al. 2025, section 5)
MOVED = 200  # faces that are moved along an attribute, and pairs that are interpolated
SHOWN = 4  # of them in a figure
STEPS = 10  # images from one face to another
GROUPED = ("Pale_Skin", "Male", "Eyeglasses")
FACES = 40  # generated faces in a figure
CONTRIBUTION = ("name", "dot", "cosine", "dot_interval", "cosine_interval")

Measured = dict[str, float | np.ndarray]  # numbers and arrays


def probes(model: EvaluatedModel) -> Measured:
    """A logistic regression for each attribute, on 10,000 latents, measured on held-out ones."""
    found = _probe(model, model.dataset.attribute_names)
    auc, balanced = (
        np.array([getattr(probe, name) for probe in found]) for name in ("auc", "balanced_accuracy")
    )
    return {
        "mean_auc": auc.mean(),
        "least_auc": auc.min(),
        "mean_balanced_accuracy": balanced.mean(),
        "probe_names": np.array([probe.name for probe in found]),
        "probe_auc": auc,
        "probe_balanced_accuracy": balanced,
    }


def contributions(model: EvaluatedModel) -> Measured:
    """Products of each attribute's mean difference with that of Attractive (Jiang 2024, 5.4)."""
    fitted = _fit(model, model.dataset.attribute_names, "mean")
    table = contributions_of(fitted, TARGET)
    columns = {
        f"contribution_{column}": np.array([getattr(entry, column) for entry in table])
        for column in CONTRIBUTION
    }
    return {"attributes": len(table), **columns}


def morphs(model: EvaluatedModel) -> Measured:
    """Generated faces moved along the mean difference of Attractive (Wolfram note, figure 20)."""
    return _walk(model, TARGET, "mean")


def traversals(model: EvaluatedModel) -> Measured:
    """Generated faces moved along two regressions' normals (Astorga et al. 2025, figure 5)."""
    first, second = (_walk(model, name, "logistic") for name in TRAVERSED)
    return first | second


def smoothness(model: EvaluatedModel) -> Measured:
    """The largest step between neighbours over the mean step, between held-out faces.

    The images are interpolations between samples of the prior.
    """
    order = np.random.default_rng(0).permutation(len(model.posterior[0]))[: 2 * MOVED]
    pairs = model.posterior[0][order].reshape(2, -1, model.preset.latent_dim)
    lengths = step_lengths(_decode_paths(model, _paths(*pairs)))
    ratios = step_ratios(lengths)
    sampled = model.sample(2 * SHOWN).reshape(2, SHOWN, -1)
    return {
        "step_ratio": ratios.mean(),
        "step_ratio_95": np.quantile(ratios, 0.95),
        "step_length": lengths.mean(),
        "interpolations": _decode_paths(model, _paths(*sampled)),
    }


def groups(model: EvaluatedModel) -> Measured:
    """Squared errors of the images with and without some attributes."""
    rows = model.dataset.indices(model.held_out)
    errors = squared_errors(model.held_out_images, model.decode(model.posterior[0]))
    return {
        f"mse_{group.name.replace(' ', '_')}": group.mse
        for name in GROUPED
        for group in errors_by_group(errors, group_images(model.dataset, rows, [name]))
    }


def draws(model: EvaluatedModel) -> Measured:
    """Generated faces, their reconstructions, and how well a probe separates faces from photos.

    The probe is a classifier two-sample test (Lopez-Paz and Oquab 2017): a logistic regression on
    features of half of the images, whose area under the ROC curve on the other half is 0.5 where
    generated faces are like photos. Features depend little on blur, which sharpness measures.
    """
    photos = model.held_out_images
    generated = model.decode(model.sample(len(photos)))
    features = model.extractor(photos)
    reconstructed = model.decode(model.posterior[0])
    return {
        "drawn_auc": separability(model.extractor(generated), features),
        "rebuilt_auc": separability(model.extractor(reconstructed), features),
        "drawn_sharpness": sharpness(generated) / sharpness(photos),
        "drawn": generated[:FACES],
        "redrawn": model.served.reconstruct(generated[:FACES]),
        "from_normal": model.decode(standard_normal(FACES, model.preset.latent_dim)),
    }


def feature_maps(model: EvaluatedModel) -> Measured:
    """The feature maps of every convolution for one generated face (Wolfram note, 10 to 18)."""
    face = model.decode(model.sample(1))
    maps = {name: layer[0] for name, layer in model.served.feature_maps(face).items()}
    varied = [statistics(layer)["variance"] > 0 for layer in maps.values()]
    return {
        "layers": len(maps),
        "channels": sum(layer.shape[-1] for layer in maps.values()),
        "varied_channels": sum(int(channels.sum()) for channels in varied),
        "face": face[0],
        **{f"maps_{name}": layer for name, layer in maps.items()},
    }


def latent_map(model: EvaluatedModel) -> Measured:
    """The held-out images' latents in two dimensions, by Attractive (Wolfram note, figure 19)."""
    z_mean = model.posterior[0]
    grouping = Grouping.of(model.dataset, model.dataset.indices(model.held_out), TARGET)
    points, _ = project(z_mean, "umap")
    return {
        "map_auc": grouping.probe_auc(points),
        "latent_auc": _probe(model, [TARGET])[0].auc,
        "points": points,
        "groups": grouping.index,
        "group_names": np.array(grouping.names),
    }


MEASURES = {
    measure.__name__: measure
    for measure in (
        *(probes, contributions, morphs, traversals, smoothness),
        *(groups, draws, feature_maps, latent_map),
    )
}


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
    """The largest step of each path over its mean step: 1 where all are equal, [N, S] → [N]."""
    return lengths.max(axis=1) / np.maximum(lengths.mean(axis=1), 1e-12)


def sharpness(images: np.ndarray) -> float:
    """Mean square of the discrete Laplacian of grey levels in [0, 1]; blur lowers it.

    Args:
        images: uint8 [N, H, W, C].
    """
    grey = images.mean(axis=-1, dtype=np.float32) / 255.0
    centre = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return float(np.square(around - 4.0 * centre).mean(dtype=np.float64))


def separability(features: np.ndarray, others: np.ndarray) -> float:
    """How well a linear probe separates two sets of features: area under the ROC curve.

    Args:
        features: [N, F].
        others: [M, F].
    """
    both = np.concatenate([features, others])
    member = np.repeat([0, 1], [len(features), len(others)])
    return Grouping(("the first", "the others"), member).probe_auc(both)


def _fit(model: EvaluatedModel, names: Sequence[str], method: str) -> Attributes:
    """Directions of some attributes, fitted to the training images."""
    rows = model.dataset.indices("train")
    labels = _labels(model, names)[rows]
    return Attributes.fit(model.training_means, labels, names, method=method)


def _probe(model: EvaluatedModel, names: Sequence[str]) -> list[Probe]:
    """Probes of some attributes, fitted to 10,000 training latents, measured on held-out ones."""
    rows, held_out = (model.dataset.indices(split) for split in ("train", model.held_out))
    labels = _labels(model, names)
    fit_on = model.training_means[:PROBED], labels[rows[:PROBED]]
    return linear_probes(fit_on, (model.posterior[0], labels[held_out]), names)


def _labels(model: EvaluatedModel, names: Sequence[str]) -> np.ndarray:
    return model.dataset.attributes[:, [model.dataset.attribute_names.index(n) for n in names]]


def _walk(model: EvaluatedModel, name: str, method: str) -> Measured:
    """Generated faces moved along an attribute, and its probability by the classifier at each n."""
    delta = _fit(model, (name,), method).direction(name)
    paths = np.stack([morph(model.sample(MOVED), delta, n) for n in STRENGTHS], axis=1)
    images = _decode_paths(model, paths)
    flat = images.reshape(-1, *images.shape[2:])
    scores = model.probability(flat, name).reshape(images.shape[:2])
    return {
        f"{name}_least_rise": np.diff(scores.mean(axis=0)).min(),
        f"{name}_rise": scores[:, -1].mean() - scores[:, 0].mean(),
        f"{name}_step_ratio": step_ratios(step_lengths(images)).mean(),
        f"walk_{name}": images[:SHOWN],
        f"scores_{name}": scores.mean(axis=0),
    }


def _paths(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Interpolations between pairs of latents, [N, L] twice → [N, S, L]."""
    return np.stack([interpolate(a, b, STEPS) for a, b in zip(starts, ends, strict=True)])


def _decode_paths(model: EvaluatedModel, paths: np.ndarray) -> np.ndarray:
    """Decode latents [N, S, L] to pixels [N, S, H, W, C]."""
    images = model.decode(paths.reshape(-1, paths.shape[-1]))
    return images.reshape(*paths.shape[:2], *images.shape[1:])
