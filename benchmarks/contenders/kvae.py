"""kvae, as `kvae train` uses it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_vae.datasets import ImageDataset
from keras_vae.datasets.pipeline import training_batches
from keras_vae.training import trainer as training
from keras_vae.training.run_directory import RunConfig

from .task import BATCH, Task


def prepare(task: Task, variant: str) -> Callable[[], int]:
    """Build the model and its pipeline."""
    dataset = ImageDataset(task.name, task.images, np.zeros(len(task.images), np.int8))
    vae = training.new_vae(RunConfig(task.preset, task.name, precision=variant), dataset)
    batches = training_batches(dataset, BATCH, seed=0)
    steps = len(task.images) // BATCH

    def train() -> int:
        vae.fit(batches, steps_per_epoch=steps, epochs=1, shuffle=False, verbose=0)
        return steps * BATCH

    return train
