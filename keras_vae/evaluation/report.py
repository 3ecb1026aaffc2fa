"""What an evaluation found: plain values, one JSON, one table for one or several models."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from ..latent_space.probes import Probe
from .groups import Group
from .likelihood import Likelihood
from .pixels import Pixels
from .posterior import Posterior
from .samples import SampleQuality

FEW_EFFECTIVE = 10  # draws below which −log p(x) is called a loose bound

Sections = dict[str, dict[str, str]]  # heading → label → value, as text


@dataclass(frozen=True)
class Evaluation:
    """A model's measurements on one split, and all that they depend on.

    Attributes:
        model: Its name.
        version: Its version.
        data: The data set.
        split: "train", "validation" or "test".
        split_rule: Where the split comes from, in words.
        images: How many images were measured.
        image_shape: Their height, width, channels.
        binarization: How grey levels became black and white: "none" for not at all.
        seed: Of all draws.
        likelihood: None for a plain autoencoder.
        pixels: Errors of the reconstructions from z_mean.
        posterior: None for a plain autoencoder.
        probes: Of each attribute, if there are any.
        groups: Reconstruction errors by group, if that was asked for.
        samples: FID and KID of each kind of image, if that was asked for.
        command: What was typed.
        versions: Of the software.
        seconds: That it took, with those of killed evaluations that it went on with.
    """

    model: str
    version: int
    data: str
    split: str
    split_rule: str | None
    images: int
    image_shape: tuple[int, int, int]
    binarization: str
    seed: int
    likelihood: Likelihood | None
    pixels: Pixels
    posterior: Posterior | None
    probes: tuple[Probe, ...] = ()
    groups: tuple[Group, ...] = ()
    samples: dict[str, SampleQuality] = field(default_factory=dict)
    command: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; what is not finite becomes None.

        `tables` (heading → label → value, as text, without the linear probes) and `notes` are what
        the model card shows.
        """
        tables = sections(replace(self, probes=()))
        tables.pop("")
        return _plain({**asdict(self), "tables": tables, "notes": notes(self)})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Evaluation:
        """Rebuild an evaluation from `to_dict`, also after a trip through JSON."""
        values = {**values, "image_shape": tuple(values["image_shape"])}
        for rendered in ("tables", "notes"):  # follow from the values
            values.pop(rendered, None)
        for name, kind in (("likelihood", Likelihood), ("pixels", Pixels)):
            values[name] = kind(**values[name]) if values[name] else None
        if values["posterior"]:
            kl = tuple(values["posterior"]["kl_per_dimension"])
            values["posterior"] = Posterior(**{**values["posterior"], "kl_per_dimension": kl})
        for name, kind in (("probes", Probe), ("groups", Group)):
            values[name] = tuple(kind(**entry) for entry in values[name])
        samples = values["samples"].items()
        values["samples"] = {name: SampleQuality(**quality) for name, quality in samples}
        return cls(**values)


def table(evaluations: Sequence[Evaluation]) -> str:
    """Write evaluations side by side, with what forbids to compare them below.

    Args:
        evaluations: One or several.
    """
    columns = [sections(evaluation) for evaluation in evaluations]
    labels = _union(columns)
    cells = [text for column in columns for part in column.values() for text in part.values()]
    label_width = max(len(label) for part in labels.values() for label in part)
    width = max(map(len, cells)) if len(columns) > 1 else 0
    lines = []
    for heading, part in labels.items():
        lines += ["", heading] if heading else []
        for label in part:
            texts = (column.get(heading, {}).get(label, "–") for column in columns)
            row = "  ".join(f"{text:{width}}" for text in texts)
            lines.append(f"  {label:{label_width}}  {row}".rstrip())
    for paragraph in (incomparable(evaluations), _named_notes(evaluations), _origins(evaluations)):
        lines += ["", *paragraph] if paragraph else []
    return "\n".join(lines)


def sections(evaluation: Evaluation) -> Sections:
    """Write every value of an evaluation, under headings."""
    parts = {
        "": _subject(evaluation),
        "Likelihood": _likelihood(evaluation.likelihood),
        "Reconstruction from z_mean": _pixels(evaluation.pixels),
        "Posterior": _posterior(evaluation.posterior),
        "Samples": _samples(evaluation.samples),
        "Linear probes: AUC, balanced accuracy, accuracy": _probes(evaluation.probes),
        "Reconstruction error (MSE) by group": {
            group.name: f"{_with_error(group.mse, group.mse_error, 5)}, n = {group.count:,}"
            for group in evaluation.groups
        },
    }
    return {heading: part for heading, part in parts.items() if part}


def incomparable(evaluations: Sequence[Evaluation]) -> list[str]:
    """Say which numbers of several evaluations may not be compared, and why."""
    likelihoods = [evaluation.likelihood for evaluation in evaluations if evaluation.likelihood]
    samples = [quality for evaluation in evaluations for quality in evaluation.samples.values()]
    pairs = [evaluation for evaluation in evaluations if evaluation.likelihood]

    def differ(values: Iterable[Any]) -> list[Any]:
        different = list(dict.fromkeys(values))
        return different if len(different) > 1 else []

    found = []
    if sets := differ((e.data, e.split, e.images, e.seed) for e in evaluations):
        named = ", ".join(f"{n:,} of {data} {split} (seed {s})" for data, split, n, s in sets)
        found.append(f"Different images, so no number may be compared: {named}.")
    if sizes := differ(e.image_shape for e in evaluations):
        named = ", ".join("×".join(map(str, size)) for size in sizes)
        found.append(f"Different image sizes, so only FID, KID and probes compare: {named}.")
    if ways := differ(e.binarization for e in evaluations):
        found.append(
            "Likelihoods and pixel errors of different binarisations may not be compared: "
            f"{', '.join(ways)}. Measure both alike with --binarization."
        )
    if kinds := differ(each.kind or "weighted cost" for each in likelihoods):
        advice = "Compare MSE and KL." if "weighted cost" in kinds else "Compare bits/dim."
        found.append(
            f"A {' and a '.join(kinds)} are not in one unit, so their sums may not be compared. "
            + advice
        )
    elif len(pairs) > 1 and likelihoods[0].kind is None:
        found.append(
            "Weighted losses have no unit; unless the weights are the same, they may not be "
            "compared. Compare MSE and KL."
        )
    if draws := differ(each.draws for each in likelihoods):
        found.append(
            f"−log p(x) falls with the number of importance samples, here {_listed(draws)}."
        )
    if differ((each.extractor, each.preprocessing) for each in samples):
        found.append("FID and KID of different feature extractors may not be compared.")
    if counts := differ(_generated(evaluation) for evaluation in evaluations if evaluation.samples):
        found.append(f"FID falls with the number of images, here {_listed(counts)}.")
    return found


def _generated(evaluation: Evaluation) -> int:
    """How many images were drawn for FID; the reconstructions are as many as the real ones."""
    return min(quality.count for quality in evaluation.samples.values())


def _listed(counts: Sequence[int]) -> str:
    return ", ".join(f"{count:,}" for count in counts)


def _subject(evaluation: Evaluation) -> dict[str, str]:
    return {
        "model": f"{evaluation.model}, version {evaluation.version}",
        "data": f"{evaluation.data}, {evaluation.images:,} images of the {evaluation.split} split",
        "image size": "×".join(map(str, evaluation.image_shape)),
        "binarisation": evaluation.binarization,
        "seed": str(evaluation.seed),
        "time": _duration(evaluation.seconds),
    }


def _likelihood(found: Likelihood | None) -> dict[str, str]:
    if found is None:
        return {}
    if found.kind is None:
        return {
            "loss (weighted)": _with_error(found.elbo, found.elbo_error, 4),
            "reconstruction (weighted)": _number(found.reconstruction, 4),
            "KL divergence (nats)": _number(found.kl, 2),
            "draws of z for each image": f"{found.draws:,}",
        }
    return {
        "−ELBO (nats)": _with_error(found.elbo, found.elbo_error, 2),
        "reconstruction (nats)": _number(found.reconstruction, 2),
        "KL divergence (nats)": _number(found.kl, 2),
        "−ELBO (bits/dim)": _number(found.bits_per_dimension, 4),
        "−log p(x) (nats)": _with_error(found.nll, found.nll_error, 2),
        "of that, due to the draws": f"± {_number(found.nll_monte_carlo_error, 3)}",
        "−log p(x), fitted prior (nats)": _with_error(
            found.nll_fitted_prior, found.nll_fitted_prior_error, 2
        ),
        "−log p(x) (bits/dim)": _number(found.nll_bits_per_dimension, 4),
        "importance samples": f"{found.draws:,}",
        "of these effective (median)": _number(found.effective_draws, 1),
    }


def _pixels(found: Pixels) -> dict[str, str]:
    return {
        "MSE, pixels in [0, 1]": _with_error(found.mse, found.mse_error, 5),
        "SSE": _number(found.sse, 2),
        "PSNR (dB)": _number(found.psnr, 2),
        f"SSIM, window {found.ssim_window}": _number(found.ssim, 4),
    }


def _posterior(found: Posterior | None) -> dict[str, str]:
    if found is None:
        return {}
    low, middle, high = np.quantile(found.kl_per_dimension, [0.0, 0.5, 1.0])
    return {
        "active units": f"{found.active_units} of {found.latent_dim}",
        "KL by dimension (nats)": f"{low:.3f} … {high:.3f}, median {middle:.3f}",
        "MMD² from N(0, I)": _with_error(found.mmd, found.mmd_error, 5),
        "draws for it": f"{found.mmd_draws:,}",
    }


def _samples(found: Mapping[str, SampleQuality]) -> dict[str, str]:
    rows = {}
    for name, quality in found.items():
        rows[f"FID, {name}"] = f"{quality.fid:.3f}"
        rows[f"KID × 1,000, {name}"] = _with_error(1000 * quality.kid, 1000 * quality.kid_error, 3)
        rows[f"counts, {name}"] = f"{quality.count:,} against {quality.real_count:,}"
    return rows


def _probes(found: Sequence[Probe]) -> dict[str, str]:
    if not found:
        return {}
    measures = [(p.auc, p.balanced_accuracy, p.accuracy) for p in found]
    names = [f"mean of {len(found)}", *(probe.name for probe in found)]
    rows = zip(names, [np.mean(measures, axis=0), *measures], strict=True)
    return {name: "  ".join(f"{value:.3f}" for value in row) for name, row in rows}


def notes(evaluation: Evaluation) -> list[str]:
    """What has to be read with the numbers: what is wrong, and what features are."""
    found = []
    if evaluation.posterior and evaluation.posterior.warning:
        found.append(evaluation.posterior.warning)
    effective = evaluation.likelihood.effective_draws if evaluation.likelihood else None
    if effective is not None and effective < FEW_EFFECTIVE:
        found.append(
            f"−log p(x) is a loose bound: for half of the images at most {effective:.1f} draws "
            "count. More --importance-samples tighten it."
        )
    features = {
        f"Features of FID and KID: {each.extractor}; {each.preprocessing}."
        for each in evaluation.samples.values()
    }
    return [*found, *sorted(features)]


def _named_notes(evaluations: Sequence[Evaluation]) -> list[str]:
    if len(evaluations) == 1:
        return notes(evaluations[0])
    return [f"{each.model}: {note}" for each in evaluations for note in notes(each)]


def _origins(evaluations: Sequence[Evaluation]) -> list[str]:
    """Commands and versions, each once."""
    commands = (f"Command: {each.command}" for each in evaluations if each.command)
    versions = (
        ", ".join(f"{name} {number}" for name, number in each.versions.items())
        for each in evaluations
        if each.versions
    )
    return list(dict.fromkeys([*commands, *versions]))


def _union(columns: Sequence[Sections]) -> dict[str, list[str]]:
    """Every heading and label that some column has, in their order."""
    labels: dict[str, dict[str, None]] = {}
    for column in columns:
        for heading, part in column.items():
            labels.setdefault(heading, {}).update(dict.fromkeys(part))
    return {heading: list(part) for heading, part in labels.items()}


def _with_error(value: float | None, error: float | None, digits: int) -> str:
    if error is None or not math.isfinite(error):
        return _number(value, digits)
    return f"{_number(value, digits)} ± {_number(error, digits)}"


def _number(value: float | None, digits: int) -> str:
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:,.{digits}f}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
