"""The labels that a conditional model is trained with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..datasets import ImageDataset
from ..datasets.listed import NO_LABELS
from ..presets import Preset


def conditioned(preset: Preset, dataset: ImageDataset) -> Preset:
    """Return a conditional preset with the number of labels of a data set.

    Args:
        preset: Any; it is unchanged if it is not conditional.
        dataset: The images to train on.

    Raises:
        ValueError: If the images have no labels, labels that are not 0, 1, 2, … (also if most of
            these occur in no image and have no name), or more of them than the preset has.
    """
    if preset.classes is None:
        return preset
    if dataset.labels is None:
        attributes = ", only attributes" if dataset.attributes is not None else ""
        raise ValueError(
            "`conditional` needs images with labels, such as a folder for each class. "
            f"Received: {dataset.name!r}, which has none{attributes}{_reason(dataset)}."
        )
    if dataset.labels.min() < 0:
        raise ValueError(
            f"`conditional` needs labels 0, 1, 2, …. Received: {dataset.labels.min()} in "
            f"{dataset.name!r}."
        )
    count = max(int(dataset.labels.max()) + 1, len(dataset.label_names))
    used = len(np.unique(dataset.labels))
    if count > max(2 * used, len(dataset.label_names)):  # such as years
        raise ValueError(
            "`conditional` needs labels 0, 1, 2, …. Received: "
            f"{used:,} labels up to {count - 1:,} in {dataset.name!r}."
        )
    if preset.classes and count > preset.classes:
        raise ValueError(
            f"`dataset` must have at most {preset.classes} labels, as many as the model. "
            f"Received: {count} in {dataset.name!r}."
        )
    return replace(preset, classes=preset.classes or count)


def _reason(dataset: ImageDataset) -> str:
    """Return why folders are no labels, as the account of the data set says it."""
    notes = dataset.provenance.get("account", {}).get("notes", [])
    return "".join(f": {n.removeprefix(NO_LABELS)}" for n in notes if n.startswith(NO_LABELS))
