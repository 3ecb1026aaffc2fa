"""The teacher that an objective needs, trained before a model is built."""

from __future__ import annotations

from ..datasets import ImageDataset
from ..files.progress import Stages, silent
from ..losses import Teacher
from ..presets import Objective

OTHER_SEED = 1  # another classifier than the extractor that FID and KID are measured with


def find_teacher(
    objective: Objective, dataset: ImageDataset, stages: Stages = silent
) -> Teacher | None:
    """The classifier of a data set's labels or attributes; None where the loss needs no teacher.

    The first time the classifier is trained: that must be over before a strategy's scope begins.
    """
    if not objective.needs_teacher:
        return None
    from ..datasets import classifiers

    recipe = classifiers.Recipe(dataset.image_shape[:2], seed=OTHER_SEED)
    with stages("Training a classifier") as progress:
        classifier = classifiers.find_classifier(dataset, recipe, progress)
    return Teacher(
        classifier,
        classifiers.MAPS,
        classifiers.targets_of(dataset)[dataset.indices("train")].mean(axis=0),
        exclusive=dataset.labels is not None,
    )
