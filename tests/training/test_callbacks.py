import math

import keras
import numpy as np
import pytest

from keras_vae.datasets import ImageDataset
from keras_vae.datasets.binarization import binarize
from keras_vae.presets import get_preset
from keras_vae.training.callbacks import (
    PREVIEWS,
    DivergedError,
    DivergenceGuard,
    EarlyStop,
    Previews,
    RunWriter,
)
from keras_vae.training.checkpoint import Position
from keras_vae.training.run_directory import Run, RunConfig


def test_pictures_show_the_pixels_that_are_trained_on():
    partition = (np.arange(40) % 2).astype(np.int8)
    grey = ImageDataset("grey", np.full((40, 8, 8, 1), 100, np.uint8), partition)
    shown = grey.indices("validation")[:PREVIEWS]
    originals = Previews(grey, "static").originals
    np.testing.assert_array_equal(originals, binarize(grey.images, "static")[shown])


@pytest.mark.parametrize(
    ("losses", "best"), [((math.nan, 3.0, 2.0), 3), ((math.nan,), 1), ((2.0, math.nan, 3.0), 1)]
)
def test_a_loss_that_is_no_number_is_never_the_best(tmp_path, losses, best):
    run = Run.create(tmp_path, RunConfig(get_preset("mnist"), "grey"))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, name="epoch")])
    writer = RunWriter(run, Position(), pictures=lambda model: {})
    writer.set_model(model)
    writer.set_params({"epochs": len(losses), "steps": 1})
    for epoch, loss in enumerate(losses):
        model.set_weights([np.full((1, 1), epoch + 1), np.zeros(1)])
        writer.on_epoch_end(epoch, {"loss": 1.0, "val_loss": loss})
    kernel, _ = keras.models.load_model(run.best_weights()).get_weights()
    assert run.best_epoch() == kernel.item() == best
    patient = EarlyStop(2, run.history())
    assert patient.stalled == (len(losses) - best >= 2)


def test_a_long_training_keeps_the_pictures_of_a_hundred_epochs(tmp_path):
    run = Run.create(tmp_path, RunConfig(get_preset("mnist"), "grey"))
    image = np.zeros((1, 8, 8, 1), np.uint8)
    writer = RunWriter(run, Position(), pictures=lambda model: {"epoch_{}.png": (image, 1)})
    writer.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    writer.set_params({"epochs": 250})
    for epoch in (0, 1, 2, 3, 5, 248, 249):
        writer.on_epoch_end(epoch, {"loss": 1.0})
    pictures = sorted(path.name for path in run.pictures.iterdir())
    assert pictures == ["epoch_003.png", "epoch_006.png", "epoch_249.png", "epoch_250.png"]


def test_a_loss_that_is_no_number_is_an_error_with_advice(tmp_path):
    run = Run.create(tmp_path, RunConfig(get_preset("mnist"), "grey"))
    guard = DivergenceGuard(run)
    guard.on_epoch_begin(4)
    guard.on_train_batch_end(0, {"loss": 1.0})
    guard.on_train_batch_end(5, {"loss": math.nan})  # not checked at each batch
    with pytest.raises(DivergedError, match=r"became NaN in epoch 5\. Nothing is kept in .*rate"):
        guard.on_train_batch_end(30, {"loss": math.inf})
    run.last.write_text("a checkpoint")
    with pytest.raises(DivergedError, match=r"The validation loss .* last checkpoint is kept in"):
        guard.on_epoch_end(4, {"loss": 1.0, "val_loss": math.nan})
