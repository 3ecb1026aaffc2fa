"""What an objective asks a classifier of the data set's own attributes, before a model is built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..datasets import ImageDataset
from ..datasets.source import Progress
from ..losses.distillation import Distillation
from ..losses.perceptual import PerceptualDistance
from .run_directory import RunConfig

OTHER_SEED = 1  # another classifier than the extractor that FID and KID are measured with


def guides_of(
    config: RunConfig, dataset: ImageDataset, progress: Progress | None
) -> Callable[[], dict[str, Any]]:
    """What builds the guides that the objective asks for, from the data set's own classifier.

    The first time the classifier is trained: that must be over before a strategy's scope begins.
    """
    objective = config.preset.objective
    if not objective.guided:
        return dict
    from ..datasets import classifiers

    recipe = classifiers.Recipe(dataset.image_shape[:2], seed=OTHER_SEED)
    classifier = classifiers.find_classifier(
        dataset, recipe, cache_dir=_cache_of(dataset), progress=progress
    )

    def build() -> dict[str, Any]:
        guides = {}
        if objective.perceptual_weight:
            guides["perception"] = PerceptualDistance.of(
                classifier, classifiers.MAPS, dtype=config.precision
            )
        if objective.distillation_weight:
            guides["distillation"] = Distillation.of(
                classifier,
                classifiers.targets_of(dataset)[dataset.indices("train")].mean(axis=0),
                latent_dim=config.preset.latent_dim,
                exclusive=dataset.labels is not None,
                dtype=config.precision,
            )
        return guides

    return build


def _cache_of(dataset: ImageDataset) -> Path | None:
    """The cache that a data set was prepared in; None for one that no cache knows."""
    prepared = dataset.provenance.get("prepared")
    return None if prepared is None else Path(prepared).parent
