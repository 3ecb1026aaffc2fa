"""A model as functions of batches: columns in, columns out, for whole-set jobs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..files.jobs import Batch
from .model import Model


def encode(batch: Batch, model: Model) -> Batch:
    """Replace the images of a batch by what the encoder returns.

    Args:
        batch: `image`, uint8 [B, H, W, C], and columns that are kept.
        model: Encodes the images.

    Returns:
        The other columns, and the parameters of q(z given x); see `Model.posterior`.

    Raises:
        ValueError: If a parameter has the name of another column.
    """
    others = {name: values for name, values in batch.items() if name != "image"}
    encoded = model.posterior(batch["image"])
    if both := sorted(others.keys() & encoded.keys()):
        raise ValueError(
            f"Model {model.name!r} must have parameters of other names than the images have facts. "
            f"Received: {', '.join(both)}."
        )
    return {**others, **encoded}


def reconstruct(batch: Batch, model: Model) -> Batch:
    """Replace the images of a batch by their reconstructions, and add the error of each.

    Returns:
        The other columns; `image`, uint8 [B, H, W, C]; and `mse`, the squared error of a pixel in
        [0, 1], float64 [B].
    """
    originals, images = batch["image"], model.reconstruct(batch["image"])
    errors = np.square((originals.astype(float) - images) / 255.0).mean(axis=(1, 2, 3))
    return {**batch, "image": images, "mse": errors}


def generate(batch: Batch, model: Model, **options: Any) -> Batch:
    """Add the images of seeds, `image`, uint8 [B, H, W, C], and their latents, `z`.

    Args:
        batch: `seed`, B integers; `label` of each, where the model is conditional; and columns that
            are kept.
        model: Generates the images.
        **options: `temperature` and `prior` of `Model.sample`.
    """
    images, z = model.sample(batch["seed"], labels=batch.get("label"), **options)
    return {**batch, "image": images, "z": z}
