"""From a finished run to a model that others can use: directions, facts, card, SavedModel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from .attributes import Attributes
from .cards import model_card
from .datasets import ImageDataset
from .datasets.pipeline import split_batches
from .evaluation import linear_probes
from .export import export_model
from .files import write_atomically
from .presets import LIKELIHOODS
from .runs import Run, read_json
from .vae import VAE

# What the provenance of a data set may tell strangers: no path of the machine that trained.
PUBLIC_PROVENANCE = (
    "title", "source", "licence", "homepage", "images", "counts", "split", "seed", "limit"
)  # fmt: skip


def publish(
    run: Run,
    dataset: ImageDataset,
    directory: str | Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Export a run's best weights, with directions where the data has attributes, and a card.

    Args:
        run: A run that has finished at least one epoch.
        dataset: What it was trained on: the directions are fitted to its training split.
        directory: Folder of the model's versions; its name is the model's name.
        overwrite: Whether a model card that is there may be replaced. Versions only ever add up.
        progress: Called with (done, total) images while the data set is encoded.

    Returns:
        The folder of the new version.

    Raises:
        FileNotFoundError: If the run has no checkpoint yet.
    """
    if not run.best.exists():
        raise FileNotFoundError(f"{run.path} has no checkpoint yet: no epoch has ended.")
    vae = keras.models.load_model(run.best)
    facts = describe(run)
    attributes = None
    if dataset.attributes is not None:
        attributes, probes = _study_attributes(vae, dataset, progress)
        facts["attribute_probes"] = probes
    directory = Path(directory)
    path = export_model(
        vae, directory, attributes=attributes, metadata={**facts, "name": directory.name}
    )
    card = directory / "README.md"
    if overwrite or not card.exists():
        text = model_card(read_json(path / "assets.extra" / "model.json"))
        write_atomically(card, lambda file: file.write_text(text), overwrite=True)
    return path


def describe(run: Run) -> dict[str, Any]:
    """Gather what `model.json` says of a run: command, preset, data, metrics."""
    config = run.config()
    history = run.history()
    best = min(history, key=lambda row: row.get("val_loss", row["loss"]))
    likelihood, _ = LIKELIHOODS[config.preset.objective.likelihood]
    return {
        "command": config.command,
        "preset": config.preset.to_dict(),
        "objective": {
            "reconstruction": likelihood,
            "unit": config.preset.loss_unit,
        },
        "data": {key: config.provenance.get(key) for key in PUBLIC_PROVENANCE},
        "licence": config.provenance.get("licence"),
        "seed": config.seed,
        "precision": config.precision,
        "epochs": {"trained": len(history), "exported": int(best["epoch"])},
        "metrics": read_json(run.metrics_file) if run.metrics_file.exists() else {},
    }


def encode_images(
    vae: VAE,
    dataset: ImageDataset,
    split: str,
    *,
    binarization: str = "none",
    progress: Callable[[int, int], None] | None = None,
    batch_size: int = 500,
) -> np.ndarray:
    """Encode a split to z_mean, float32 [N, L], in the order of its indices."""
    total = dataset.count(split)
    means: list[np.ndarray] = []
    encode = keras.models.Model(vae.encoder.inputs, vae.encoder.outputs[0])
    for batch in split_batches(dataset, split, batch_size, binarization=binarization):
        means.append(encode.predict_on_batch(vae.likelihood.scale(batch)))
        if progress:
            progress(sum(map(len, means)), total)
    return np.concatenate(means)


def _study_attributes(
    vae: VAE, dataset: ImageDataset, progress: Callable[[int, int], None] | None
) -> tuple[Attributes, list[dict[str, Any]]]:
    """Directions from the training split, and how well probes read the validation split."""
    names = dataset.attribute_names
    z = encode_images(vae, dataset, "train", progress=progress)
    labels = dataset.attributes[dataset.indices("train")]
    probes = []
    if dataset.count("validation"):
        held_out = encode_images(vae, dataset, "validation")
        held_out_labels = dataset.attributes[dataset.indices("validation")]
        probes = linear_probes((z, labels), (held_out, held_out_labels), names)
    return Attributes.fit(z, labels, names), [asdict(probe) for probe in probes]
