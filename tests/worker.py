"""One worker of `test_multiworker`: trains the digits, then tries what plain Keras makes of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np

from keras_vae import training
from keras_vae.cluster import Cluster
from keras_vae.datasets import load_dataset
from keras_vae.distribution import make_strategy
from keras_vae.presets import get_preset
from keras_vae.runs import RunConfig

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


def main(folder: Path) -> None:
    """Train into `folder`/run, and leave this worker's findings beside it."""
    index = Cluster.from_environment().index
    make_strategy("multiworker")
    config = RunConfig(PRESET, "digits", strategy="multiworker")
    keep = KeepWeights(folder / f"weights{index}.npz")
    training.train(config, load_dataset("digits"), folder / "run", callbacks=[keep])
    (folder / f"plain{index}.json").write_text(json.dumps(plain_fit()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
