"""Evaluations as text: a table for one or several models, and notes on its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .comparison import incomparable

if TYPE_CHECKING:
    from ..latent_space.probes import Probe
    from .likelihood import Likelihood
    from .pixels import Pixels
    from .posterior import Posterior
    from .report import Evaluation
    from .samples import SampleQuality

FEW_EFFECTIVE = 10  # effective samples below which −log p(x) is called a loose bound

Section = dict[str, str]  # label → value, as text


def table(evaluations: Sequence[Evaluation]) -> str:
    """Write evaluations side by side; below are notes, and which numbers are not comparable.

    Args:
        evaluations: One or several.

    Example:
        >>> print(table([evaluate(model, images), evaluate(other, images)]))
    """
    columns = [sections(evaluation) for evaluation in evaluations]
    labels: dict[str, Section] = {}  # of every column, in their order
    for column in columns:
        for heading, part in column.items():
            labels[heading] = labels.get(heading, {}) | part
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
    model = "{}: " if len(evaluations) > 1 else ""
    found = [model.format(each.model) + note for each in evaluations for note in notes(each)]
    for paragraph in (incomparable(evaluations), found, _origins(evaluations)):
        lines += ["", *paragraph] if paragraph else []
    return "\n".join(lines)


def sections(evaluation: Evaluation) -> dict[str, Section]:
    """Write every value of an evaluation, under headings."""
    parts = {
        "": _header(evaluation),
        "Likelihood": _likelihood(evaluation.likelihood),
        "Reconstruction from z_mean": _pixels(evaluation.pixels),
        "Posterior": _posterior(evaluation.posterior),
        "Samples": _samples(evaluation.samples),
        "Linear probes on z_mean: AUC, balanced accuracy, accuracy": _probes(evaluation.probes),
        "Reconstruction error (MSE) by group": {
            group.name: f"{_number(group.mse, 5, group.mse_error)}, n = {group.count:,}"
            for group in evaluation.groups
        },
    }
    return {heading: part for heading, part in parts.items() if part}


def notes(evaluation: Evaluation) -> list[str]:
    """Return what was not measured, warnings, and the feature extractors of FID and KID."""
    found = list(evaluation.unmeasured)
    if evaluation.posterior and evaluation.posterior.warning:
        found.append(evaluation.posterior.warning)
    if evaluation.likelihood and evaluation.likelihood.kind == "cross-entropy":
        found.append(
            "A Bernoulli likelihood reads gray levels as probabilities: −ELBO is a cross-entropy, "
            "and no level has a mass, so there are no bits/dim. Set `binarization` for those of "
            "black and white pixels."
        )
    effective = evaluation.likelihood.effective_samples if evaluation.likelihood else None
    if effective is not None and effective < FEW_EFFECTIVE:
        found.append(
            f"−log p(x) is a loose upper bound: half of the images have at most {effective:.1f} "
            "effective samples. More `importance_samples` tighten it."
        )
    features = {
        f"Features of FID and KID: {each.extractor}; {each.preprocessing}."
        for each in evaluation.samples.values()
    }
    return [*found, *sorted(features)]


def _origins(evaluations: Sequence[Evaluation]) -> list[str]:
    """Commands and versions, each once."""
    commands = [f"Command: {each.command}" for each in evaluations if each.command]
    versions = [", ".join(map(" ".join, each.versions.items())) for each in evaluations]
    return list(dict.fromkeys(commands + [line for line in versions if line]))


def _header(evaluation: Evaluation) -> Section:
    minutes, seconds = divmod(round(evaluation.seconds), 60)
    return {
        "model": f"{evaluation.model}, version {evaluation.version}",
        "data": f"{evaluation.data}, {evaluation.images:,} images of the {evaluation.split} split",
        "image size": "×".join(map(str, evaluation.image_shape)),
        "binarization": evaluation.binarization,
        "seed": str(evaluation.seed),
        "time": f"{minutes} min {seconds} s" if minutes else f"{seconds} s",
    }


def _likelihood(found: Likelihood | None) -> Section:
    if found is None:
        return {}
    loss, unit, digits = "−ELBO", "nats", 2
    if found.kind is None:  # of the trained loss, terms and free bits are not measured
        loss, unit, digits = "reconstruction + β × KL", "weighted", 4
    rows = {
        f"{loss} ({unit})": _number(found.elbo, digits, found.elbo_error),
        f"reconstruction loss ({unit})": _number(found.reconstruction, digits),
        "KL divergence (nats)": _number(found.kl, 2),
    }
    if found.kind is not None:
        rows |= {
            "−ELBO (bits/dim)": _number(found.bits_per_dimension, 4),
            "−log p(x), upper bound (nats)": _number(found.nll, 2, found.nll_error),
            "of its error, due to sampling": f"± {_number(found.nll_monte_carlo_error, 3)}",
            "−log p(x), fitted prior (nats)": _number(
                found.nll_fitted_prior, 2, found.nll_fitted_prior_error
            ),
            "−log p(x) (bits/dim)": _number(found.nll_bits_per_dimension, 4),
            "effective samples (median)": _number(found.effective_samples, 1),
        }
    return {**rows, "samples of z per image": f"{found.importance_samples:,}"}


def _pixels(found: Pixels) -> Section:
    return {
        "MSE, pixels in [0, 1]": _number(found.mse, 5, found.mse_error),
        "SSE": _number(found.sse, 2),
        "PSNR (dB)": _number(found.psnr, 2),
        f"SSIM, window {found.ssim_window}": _number(found.ssim, 4),
    }


def _posterior(found: Posterior | None) -> Section:
    if found is None:
        return {}
    low, middle, high = np.quantile(found.kl_per_dimension, [0.0, 0.5, 1.0])
    return {
        "active units": f"{found.active_units} of {found.latent_dim}",
        "KL by dimension (nats)": f"{low:.3f} … {high:.3f}, median {middle:.3f}",
        "MMD² from N(0, I)": _number(found.mmd, 5, found.mmd_error),
        "samples of z for MMD²": f"{found.mmd_samples:,}",
    }


def _samples(found: Mapping[str, SampleQuality]) -> Section:
    rows = {}
    for name, quality in found.items():
        doubts = f" ({'; '.join(quality.doubts)})" if quality.doubts else ""
        rows[f"FID, {name}"] = f"{quality.fid:.3f}{doubts}"
        rows[f"KID × 1,000, {name}"] = _number(1000 * quality.kid, 3, 1000 * quality.kid_error)
        rows[f"images, {name}"] = f"{quality.count:,} against {quality.real_count:,}"
    return rows


def _probes(found: Sequence[Probe]) -> Section:
    if not found:
        return {}
    measures = [(probe.auc, probe.balanced_accuracy, probe.accuracy) for probe in found]
    names = [f"mean of {len(found)}", *(probe.name for probe in found)]
    rows = zip(names, [np.mean(measures, axis=0), *measures], strict=True)
    return {name: "  ".join(f"{value:.3f}" for value in row) for name, row in rows}


def _number(value: float | None, digits: int, error: float | None = None) -> str:
    if value is None or not math.isfinite(value):
        return "–"
    shown = [value] if error is None or not math.isfinite(error) else [value, error]
    return " ± ".join(f"{each:,.{digits}f}" for each in shown)
