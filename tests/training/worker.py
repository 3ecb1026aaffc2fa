"""One worker of `test_multiworker`: trains the digits, then again with a classifier of its own.

Last it tries what plain Keras makes of them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np

from keras_vae.datasets import ImageDataset, classifiers, load_dataset
from keras_vae.presets import get_preset
from keras_vae.training import teachers
from keras_vae.training import trainer as training
from keras_vae.training.cluster import Cluster
from keras_vae.training.distribution import make_strategy
from keras_vae.training.run_directory import RunConfig

PRESET = get_preset("digits").override(hidden=(32,), latent_dim=4, epochs=8)


def plain_fit() -> str:
    """What Keras's own `fit` says to a model of one layer; nothing if it trains."""
    with make_strategy("multiworker").scope():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile(optimizer="sgd", loss="mse")
    try:
        model.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=4, verbose=0)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


class KeepWeights(keras.callbacks.Callback):
    """Writes what this worker has learned."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def on_train_end(self, logs: dict | None = None) -> None:
        """Write."""
        np.savez(self.path, *map(np.asarray, self.model.get_weights()))


def taught_fit(folder: Path, index: int, dataset: ImageDataset) -> None:
    """Train with a classifier that no other worker has, and keep it and what was learned."""
    teachers.OTHER_SEED, classifiers.MOST_STEPS = index, 11
    preset = PRESET.override(perceptual_weight=1.0, distillation_weight=1.0, epochs=1)
    config = RunConfig(preset, "digits", strategy="multiworker")
    keep = KeepWeights(folder / f"taught{index}.npz")
    training.train(config, dataset, folder / "taught", callbacks=[keep])
    recipe = classifiers.Recipe((8, 8), seed=index)
    own = classifiers.find_classifier(dataset, recipe)
    np.savez(folder / f"classifier{index}.npz", *map(np.asarray, own.get_weights()))


def main(folder: Path) -> None:
    """Train into `folder`/run, and leave this worker's findings beside it."""
    index = Cluster.from_environment().index
    make_strategy("multiworker")
    config = RunConfig(PRESET, "digits", strategy="multiworker")
    keep = KeepWeights(folder / f"weights{index}.npz")
    dataset = load_dataset("digits")
    training.train(config, dataset, folder / "run", callbacks=[keep])
    taught_fit(folder, index, dataset)
    (folder / f"plain{index}.json").write_text(json.dumps(plain_fit()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
