"""From a finished run to an upscaler that others can use: facts, card, SavedModel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..export.card import write_card
from ..export.publishing import origin
from ..export.saved_model import write_model, write_version
from ..files.keras_file import load_keras_file
from ..files.progress import Progress
from .endpoints import UpscalerEndpoints
from .lite import write_lite
from .measurement import CONVENTION, interpolation, measure, pillow
from .pairs import Pairs
from .run import UpscalerConfig, UpscalerRun

KIND = "upscaler"  # in `model.json`: which class of `inference` opens it, which card it gets


def publish(
    run: UpscalerRun,
    pairs: Pairs,
    directory: str | Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Export a run's best weights, measured on the validation split, and a card.

    Args:
        run: A run that has finished at least one epoch.
        pairs: The images that it was trained on.
        directory: Folder of the model's versions; its name is the model's name.
        overwrite: Whether an existing model card is overwritten. Versions never are.
        progress: Called with (done, total) images while they are measured.

    Returns:
        The folder of the new version.

    Raises:
        FileNotFoundError: If the run has no checkpoint yet.
        ValueError: If the images are not those that the run was trained on.
    """
    best = run.best_weights()
    run.check_data(pairs.large)
    network = load_keras_file(best, compile=False)
    config = run.config()
    endpoints = UpscalerEndpoints(network, config.factor)
    metrics = _measure(endpoints, pairs, progress)
    facts = {**origin(run, directory), **describe(config, network), "metrics": metrics}
    path = export_upscaler(endpoints, directory, facts)
    write_card(path, keep=not overwrite)
    return path


def describe(config: UpscalerConfig, network: keras.Model) -> dict[str, Any]:
    """Gather the facts of `model.json` that only an upscaler's run has: network, image sizes."""
    return {
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


def export_upscaler(
    endpoints: UpscalerEndpoints, directory: str | Path, metadata: Mapping[str, Any]
) -> Path:
    """Write an upscaler as the next version in `directory`.

    Args:
        endpoints: The network and its factor.
        directory: Folder of the model's versions; its name is the model's name.
        metadata: JSON-ready facts for `model.json`: network, data, metrics, licence, …

    Returns:
        The folder of the version.
    """
    facts = {**metadata, "kind": KIND, "factor": endpoints.factor, "reach": endpoints.reach}

    def write(draft: Path) -> None:
        write_model(draft, endpoints.signatures(), facts)
        write_lite(draft)

    return write_version(Path(directory), write)


def _measure(
    endpoints: UpscalerEndpoints, pairs: Pairs, progress: Progress | None
) -> dict[str, Any]:
    images = pairs.large.count("validation")
    if not images:
        return {}

    def upscale(images: np.ndarray) -> np.ndarray:
        return endpoints.upscale_pixels(tf.constant(images))["image"].numpy()

    methods = {
        "bicubic": interpolation(endpoints.factor),
        "bicubic, Pillow": pillow(endpoints.factor),
        "network": upscale,
    }
    validation = measure(methods, pairs, "validation", progress=progress)
    return {"images": images, "convention": CONVENTION, "validation": validation}
