"""From a finished run to a model that others can use: directions, facts, card, SavedModel."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..datasets import ImageDataset
from ..datasets.pipeline import split_batches
from ..files.keras_file import load_keras_file
from ..files.progress import Progress
from ..latent_space.arithmetic import kl_per_dimension, sample_posterior
from ..latent_space.attributes import Attributes
from ..latent_space.priors import fit_prior
from ..latent_space.probes import linear_probes
from ..models.vae import VAE
from ..ops.halves import round_weights
from ..training.run_directory import Run, RunDirectory, read_json
from .card import write_card
from .saved_model import export_model

# The entries of a data set's provenance that are published: no path of the machine that trained.
PUBLIC_PROVENANCE = (
    "dataset", "title", "source", "licence", "homepage", "images", "counts", "split", "seed",
    "limit", "aligned", "align_faces", "started_from",
)  # fmt: skip


def publish(
    run: Run,
    dataset: ImageDataset,
    directory: str | Path,
    *,
    weights: str = "float32",
    overwrite: bool = False,
    progress: Progress | None = None,
    prior_progress: Progress | None = None,
) -> Path:
    """Export a run's best weights, a prior and attribute directions fitted to them, and a card.

    Prior and directions are fitted to the latents of the training split; the validation split, if
    there is one, measures the KL divergence by dimension and the linear probes. A conditional model
    has neither prior nor directions, whose latents are those of all labels.

    Args:
        run: A run that has finished at least one epoch.
        dataset: The data set that it was trained on.
        directory: Folder of the model's versions; its name is the model's name.
        weights: "float32", or "float16" for files of half the size: the weights are rounded to it.
        overwrite: Whether an existing model card is overwritten. Versions never are.
        progress: Called with (done, total) images while the data set is encoded.
        prior_progress: Called with (done, total) components while the prior is fitted.

    Returns:
        The folder of the new version.

    Raises:
        FileNotFoundError: If the run has no checkpoint yet.
        ValueError: If the data set is not the one that the run was trained on.

    Example:
        >>> publish(Run.open("runs/digits"), load_dataset("digits"), "models/digits")
    """
    best = run.best_weights()
    run.check_data(dataset)
    vae = load_keras_file(best, compile=False)
    if weights == "float16":
        round_weights(vae.encoder)
        round_weights(vae.decoder)
    binarization = run.config().preset.binarization
    encode = partial(encode_images, vae, dataset, binarization=binarization)
    fit, conditional = None, vae.condition_spec is not None
    if not conditional:
        z_mean, z_log_var = encode("train", progress=progress)
        fit = fit_prior(
            sample_posterior(z_mean, z_log_var) if vae.stochastic else z_mean,
            progress=prior_progress,
        )
    held_out = encode("validation") if dataset.count("validation") else None
    facts = {**describe(run), **origin(run, directory), "weights": weights}
    attributes = None
    if fit is not None:
        facts["fitted_prior"] = fit.facts()
    if vae.stochastic and held_out is not None:
        kl = kl_per_dimension(*held_out).mean(axis=0)
        facts["kl_per_dimension"] = [round(nats, 4) for nats in kl.tolist()]
    if conditional:
        count = run.config().preset.classes
        facts["labels"] = [dataset.label_name(label) for label in range(count)]
    elif dataset.attributes is not None:
        attributes, facts["attribute_probes"] = _fit_attributes(dataset, z_mean, held_out)
    path = export_model(
        vae, directory, attributes=attributes, prior=fit and fit.prior, metadata=facts
    )
    write_card(path, keep=not overwrite)
    return path


def describe(run: Run) -> dict[str, Any]:
    """Gather the facts of `model.json` that only a VAE's run has: preset, loss, metrics."""
    preset = run.config().preset
    likelihood = preset.objective.likelihood.description
    return {
        "preset": preset.to_dict(),
        "objective": {"reconstruction": likelihood, "unit": preset.loss_unit},
        "metrics": read_json(run.metrics_file) if run.metrics_file.exists() else {},
    }


def origin(run: RunDirectory, directory: str | Path) -> dict[str, Any]:
    """Gather the facts of `model.json` that a run of any kind has: name, command, data, epochs.

    Args:
        run: The run.
        directory: Folder of the model's versions.
    """
    config = run.config()
    trained = int(run.history()[-1]["epoch"])
    return {
        "name": Path(directory).name,
        "command": config.command,
        "data": {key: config.provenance.get(key) for key in PUBLIC_PROVENANCE},
        "licence": config.provenance.get("licence"),
        "seed": config.seed,
        "precision": config.precision,
        "epochs": {"trained": trained, "exported": run.best_epoch()},
    }


def encode_images(
    vae: VAE,
    dataset: ImageDataset,
    split: str,
    *,
    binarization: str = "none",
    progress: Progress | None = None,
    batch_size: int = 500,
) -> tuple[np.ndarray, np.ndarray]:
    """Encode a split to z_mean and z_log_var, float32 [N, L], in the order of its indices."""
    total, labels = dataset.count(split), vae.condition_spec is not None
    options = {"binarization": binarization, "labels": labels}
    parts = []
    for batch in split_batches(dataset, split, batch_size, **options):
        images, *y = batch if labels else [batch]
        inputs = [vae.likelihood.scale(images), *y]
        parts.append(vae.encoder.predict_on_batch(inputs if labels else inputs[0]))
        if progress:
            progress(sum(len(z_mean) for z_mean, _ in parts), total)
    z_mean, z_log_var = map(np.concatenate, zip(*parts, strict=True))
    return z_mean, z_log_var


def _fit_attributes(
    dataset: ImageDataset, z: np.ndarray, held_out: tuple[np.ndarray, np.ndarray] | None
) -> tuple[Attributes, list[dict[str, Any]]]:
    """Fit directions to the training split, and measure linear probes on the validation split.

    Args:
        dataset: With attributes.
        z: z_mean of the training split, [N, L].
        held_out: z_mean and z_log_var of the validation split; None where it is empty.
    """
    names = dataset.attribute_names
    labels = dataset.attributes[dataset.indices("train")]
    unseen = held_out and (held_out[0], dataset.attributes[dataset.indices("validation")])
    probes = linear_probes((z, labels), unseen, names) if unseen else []
    return Attributes.fit(z, labels, names, held_out=unseen), [asdict(probe) for probe in probes]
