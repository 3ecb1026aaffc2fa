"""Attribute directions fitted to the images of a data set, encoded by a model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..files.progress import Stages, silent
from ..latent_space.attributes import Attributes, check_choices
from .exported import ExportedModel
from .model import Model

if TYPE_CHECKING:
    from ..datasets import ImageDataset

# Facts of `model.json` that differ where the weights do. A run that is exported again, perhaps
# under another name, has the same; in doubt directions are rather refused than used.
IDENTITY = (
    "image_shape", "latent_dim", "preset", "data", "seed", "precision", "epochs", "metrics",
    "kl_per_dimension",
)  # fmt: skip


def fit_attributes(
    model: Model,
    dataset: ImageDataset,
    *,
    method: str = "mean",
    balance: Sequence[str] = (),
    stages: Stages = silent,
) -> Attributes:
    """Fit directions to the training split of a data set with attributes.

    They are scored on its validation split, where there is one.

    Args:
        model: Encodes the images.
        dataset: Images of the model's size, with attributes.
        method: See `Attributes.fit`.
        balance: See `Attributes.fit`.
        stages: Makes a progress bar for each stage.

    Raises:
        ValueError: If the data set has no attributes, or no training images; or a method or name
            is unknown.

    Example:
        >>> faces = load_dataset("celeba", data_dir="DATA")
        >>> fit_attributes(keras_vae.load("celeba64"), faces, balance=["Male"])
    """
    if dataset.attributes is None or not dataset.count("train"):
        raise ValueError(
            f"`dataset` must have training images with attributes. Received: {dataset.name!r}, "
            f"{dataset.count('train')} training images, {len(dataset.attribute_names)} attributes."
        )
    check_choices(dataset.attribute_names, method, balance)  # before the images are encoded
    latents = {}
    for split in ("train", "validation"):
        if len(rows := dataset.indices(split)):
            with stages(f"Encoding ({split})") as progress:
                z_mean, _ = model.encode_rows(dataset, rows, progress=progress)
            latents[split] = z_mean, dataset.attributes[rows]
    with stages("Fitting") as progress:
        fitted = Attributes.fit(
            *latents["train"],
            dataset.attribute_names,
            method=method,
            balance=balance,
            held_out=latents.get("validation"),
            progress=progress,
        )
    return replace(fitted, model=versioned_name(model), fingerprint=fingerprint(model))


def fingerprint(model: Model) -> str:
    """Hash what a model says about its training, which differs where its latents do."""
    facts = {name: model.metadata.get(name) for name in IDENTITY}
    text = json.dumps(facts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def versioned_name(model: Model) -> str:
    """Write a model's name with its version, NAME/VERSION; on a server as it was asked for."""
    if isinstance(model, ExportedModel):
        return f"{model.name}/{model.path.resolve().name}"
    return model.name
