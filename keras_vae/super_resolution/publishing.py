"""From a finished run to an upscaler that others can use: facts, card, SavedModel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..export.publishing import origin
from .card import write_card
from .endpoints import UpscalerEndpoints
from .export import export_upscaler
from .measurement import CONVENTION, interpolation, measure, pillow
from .pairs import Pairs
from .run import UpscalerRun


def publish(
    run: UpscalerRun,
    pairs: Pairs,
    directory: str | Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Export a run's best weights, measured on the validation split, and a card.

    Args:
        run: A run that has finished at least one epoch.
        pairs: What it was trained on.
        directory: Folder of the model's versions; its name is the model's name.
        overwrite: Whether a model card that is there may be replaced. Versions only ever add up.
        progress: Called with (done, total) images while they are measured.

    Returns:
        The folder of the new version.

    Raises:
        FileNotFoundError: If the run has no checkpoint yet.
    """
    network = keras.models.load_model(run.best_weights(), compile=False)
    endpoints = UpscalerEndpoints(network, run.config().factor)
    metrics = _measure(endpoints, pairs, progress)
    facts = {"name": Path(directory).name, **describe(run, network), "metrics": metrics}
    path = export_upscaler(endpoints, directory, facts)
    if overwrite or not (Path(directory) / "README.md").exists():
        write_card(path)
    return path


def describe(run: UpscalerRun, network: keras.Model) -> dict[str, Any]:
    """Gather what `model.json` says of a run: command, network, data, training."""
    config = run.config()
    return {
        **origin(run),
        "network": {
            "source": "Kim, Lee and Lee 2016 (VDSR)",
            "depth": config.depth,
            "filters": config.filters,
            "parameters": network.count_params(),
        },
        "image_sizes": [list(config.size), [side * config.factor for side in config.size]],
        "batch_size": config.batch_size,
        "learning_rate": config.learning_rate,
    }


def _measure(
    endpoints: UpscalerEndpoints, pairs: Pairs, progress: Callable[[int, int], None] | None
) -> dict[str, Any]:
    if not pairs.large.count("validation"):
        return {}

    def upscale(images: np.ndarray) -> np.ndarray:
        return endpoints.upscale_pixels(tf.constant(images))["image"].numpy()

    methods = {
        "bicubic": interpolation(endpoints.factor),
        "bicubic, Pillow": pillow(endpoints.factor),
        "network": upscale,
    }
    scores = measure(methods, pairs, "validation", progress=progress)
    return {
        "images": pairs.large.count("validation"),
        "convention": CONVENTION,
        "validation": {name: asdict(score) for name, score in scores.items()},
    }
