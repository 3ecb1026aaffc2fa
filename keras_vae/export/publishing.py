"""From a finished run to a model that others can use: directions, facts, card, SavedModel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ..datasets import ImageDataset
from ..datasets.pipeline import split_batches
from ..evaluation import linear_probes
from ..latent_space.arithmetic import kl_per_dimension
from ..latent_space.attributes import Attributes
from ..latent_space.priors import GaussianMixturePrior, fit_prior
from ..models.vae import VAE
from ..presets import LIKELIHOODS
from ..training.run_directory import Run, RunDirectory, read_json
from .card import write_card
from .saved_model import export_model

# What the provenance of a data set may tell strangers: no path of the machine that trained.
PUBLIC_PROVENANCE = (
    "dataset", "title", "source", "licence", "homepage", "images", "counts", "split", "seed",
    "limit",
)  # fmt: skip


def publish(
    run: Run,
    dataset: ImageDataset,
    directory: str | Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
    prior_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Export a run's best weights with what is fitted to its latents, and a card.

    That is a prior and, where the data has attributes, their directions.

    Args:
        run: A run that has finished at least one epoch.
        dataset: What it was trained on: prior and directions are fitted to its training split.
        directory: Folder of the model's versions; its name is the model's name.
        overwrite: Whether a model card that is there may be replaced. Versions only ever add up.
        progress: Called with (done, total) images while the data set is encoded.
        prior_progress: Called with (done, total) components while the prior is fitted.

    Returns:
        The folder of the new version.

    Raises:
        FileNotFoundError: If the run has no checkpoint yet.
    """
    vae = keras.models.load_model(run.best_weights(), compile=False)
    findings = _study_latents(
        vae, dataset, run.config().preset.binarization, progress, prior_progress
    )
    directory = Path(directory)
    path = export_model(
        vae,
        directory,
        attributes=findings.attributes,
        prior=findings.prior,
        metadata={**describe(run), **findings.facts, "name": directory.name},
    )
    if overwrite or not (directory / "README.md").exists():
        write_card(path)
    return path


def describe(run: Run) -> dict[str, Any]:
    """Gather what `model.json` says of a run: command, preset, data, metrics."""
    config = run.config()
    likelihood, _ = LIKELIHOODS[config.preset.objective.likelihood]
    return {
        **origin(run),
        "preset": config.preset.to_dict(),
        "objective": {
            "reconstruction": likelihood,
            "unit": config.preset.loss_unit,
        },
        "metrics": read_json(run.metrics_file) if run.metrics_file.exists() else {},
    }


def origin(run: RunDirectory) -> dict[str, Any]:
    """Gather what `model.json` says of a run of any kind: command, data, arithmetic, epochs."""
    config = run.config()
    return {
        "command": config.command,
        "data": {key: config.provenance.get(key) for key in PUBLIC_PROVENANCE},
        "licence": config.provenance.get("licence"),
        "seed": config.seed,
        "precision": config.precision,
        "epochs": {"trained": len(run.history()), "exported": run.best_epoch()},
    }


def encode_images(
    vae: VAE,
    dataset: ImageDataset,
    split: str,
    *,
    binarization: str = "none",
    progress: Callable[[int, int], None] | None = None,
    batch_size: int = 500,
) -> tuple[np.ndarray, np.ndarray]:
    """Encode a split to z_mean and z_log_var, float32 [N, L], in the order of its indices."""
    total = dataset.count(split)
    means, log_variances = [], []
    for batch in split_batches(dataset, split, batch_size, binarization=binarization):
        z_mean, z_log_var = vae.encoder.predict_on_batch(vae.likelihood.scale(batch))
        means.append(z_mean)
        log_variances.append(z_log_var)
        if progress:
            progress(sum(map(len, means)), total)
    return np.concatenate(means), np.concatenate(log_variances)


@dataclass
class _Findings:
    """What is fitted to the latents, and what `model.json` says of it."""

    prior: GaussianMixturePrior | None = None
    attributes: Attributes | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def _study_latents(
    vae: VAE,
    dataset: ImageDataset,
    binarization: str,
    progress: Callable[[int, int], None] | None,
    prior_progress: Callable[[int, int], None] | None,
) -> _Findings:
    """Fit to the training split, and measure on the validation split, if there is one."""
    encode = partial(encode_images, vae, dataset, binarization=binarization)
    findings = _Findings()
    z_mean, z_log_var = encode("train", progress=progress)
    fit = fit_prior(_draw(z_mean, z_log_var) if vae.stochastic else z_mean, progress=prior_progress)
    if fit is not None:
        findings.prior = fit.prior
        findings.facts["fitted_prior"] = fit.facts()
    held_out, log_var = encode("validation") if dataset.count("validation") else (None, None)
    if vae.stochastic and held_out is not None:
        kl = kl_per_dimension(held_out, log_var).mean(axis=0)
        findings.facts["kl_per_dimension"] = [round(nats, 4) for nats in kl.tolist()]
    if dataset.attributes is not None:
        findings.attributes, probes = _study_attributes(dataset, z_mean, held_out)
        findings.facts["attribute_probes"] = probes
    return findings


def _draw(z_mean: np.ndarray, z_log_var: np.ndarray) -> np.ndarray:
    """One z ~ q(z|x) for each image, [N, L]."""
    epsilon = np.random.default_rng(0).standard_normal(z_mean.shape, np.float32)
    return z_mean + np.exp(0.5 * z_log_var) * epsilon


def _study_attributes(
    dataset: ImageDataset, z: np.ndarray, held_out: np.ndarray | None
) -> tuple[Attributes, list[dict[str, Any]]]:
    """Directions from the training split, and how well probes read the validation split, if any."""
    names = dataset.attribute_names
    labels = dataset.attributes[dataset.indices("train")]
    if held_out is None:
        return Attributes.fit(z, labels, names), []
    unseen = (held_out, dataset.attributes[dataset.indices("validation")])
    probes = linear_probes((z, labels), unseen, names)
    fitted = Attributes.fit(z, labels, names, held_out=unseen)
    return fitted, [asdict(probe) for probe in probes]
