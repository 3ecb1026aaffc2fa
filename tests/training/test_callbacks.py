import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

from keras_vae.datasets import ImageDataset
from keras_vae.datasets.binarization import binarize
from keras_vae.presets import get_preset
from keras_vae.training import callbacks
from keras_vae.training.callbacks import (
    AGREED,
    PREVIEWS,
    DivergedError,
    DivergenceGuard,
    EarlyStop,
    Previews,
    RunWriter,
)
from keras_vae.training.position import Position
from keras_vae.training.run_directory import Run, RunConfig


def test_pictures_show_the_pixels_that_are_trained_on():
    partition = (np.arange(40) % 2).astype(np.int8)
    grey = ImageDataset("grey", np.full((40, 8, 8, 1), 100, np.uint8), partition)
    shown = grey.indices("validation")[:PREVIEWS]
    originals = Previews(grey, get_preset("mnist").override(binarization="static")).originals
    np.testing.assert_array_equal(originals, binarize(grey.images, "static")[shown])


def test_pictures_of_an_epoch_are_titled_and_labelled(grey_vae, grey_model, digits, monkeypatch):
    drawn = []
    monkeypatch.setattr(callbacks, "strip", lambda *arguments: drawn.append(arguments))
    pictures = Previews(digits, get_preset("digits"))
    assert list(pictures(grey_vae, 3)) == ["_samples", "_reconstructions"]
    (samples, _, seeds, title), (pairs, _, rows, other) = drawn
    assert (title, seeds) == (
        "epoch 3: samples from the prior", ["seeds 0 … 9", "seeds 10 … 19"]
    )  # fmt: skip
    assert (other, rows) == (
        "epoch 3: reconstructions of the validation split", ["original", "reconstruction"]
    )  # fmt: skip
    generated, _ = grey_model.sample(range(20))  # `kvae generate` gives them by the same seeds
    np.testing.assert_allclose(samples.reshape(generated.shape), generated, atol=1)
    np.testing.assert_array_equal(pairs[0], pictures.originals)


@pytest.mark.parametrize(
    ("losses", "best"), [((math.nan, 3.0, 2.0), 3), ((math.nan,), 1), ((2.0, math.nan, 3.0), 1)]
)
def test_a_loss_that_is_no_number_is_never_the_best(tmp_path, losses, best):
    run = Run.create(tmp_path, RunConfig(get_preset("mnist"), "grey"))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, name="epoch")])
    writer = RunWriter(run, Position(), pictures=lambda model, epoch: {})
    writer.set_model(model)
    writer.set_params({"epochs": len(losses), "steps": 1})
    for epoch, loss in enumerate(losses):
        model.set_weights([np.full((1, 1), epoch + 1), np.zeros(1)])
        writer.on_epoch_end(epoch, {"loss": 1.0, "val_loss": loss})
    kernel, _ = keras.models.load_model(run.best_weights()).get_weights()
    assert run.best_epoch() == kernel.item() == best
    patient = EarlyStop(2, run.history())
    assert patient.stalled == (len(losses) - best >= 2)


def test_the_weights_of_an_epoch_are_checked_once(tmp_path, monkeypatch):
    checked = []
    monkeypatch.setattr(callbacks, "check_weights", lambda *arguments: checked.append(arguments))
    run = Run.create(tmp_path, RunConfig(get_preset("mnist"), "grey"))
    writer = RunWriter(run, Position(), pictures=lambda model, epoch: {})
    writer.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    writer.set_params({"epochs": 1, "steps": 1})
    writer.on_epoch_end(0, {"loss": 10.0})
    assert run.last.exists()
    assert len(checked) == 1


def test_weights_that_are_nan_replace_nothing_although_the_mean_loss_is_finite(tmp_path):
    run = Run.create(tmp_path, RunConfig(get_preset("mnist"), "grey"))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    writer = RunWriter(run, Position(), pictures=lambda model, epoch: pytest.fail("drawn"))
    writer.set_model(model)
    writer.set_params({"epochs": 300, "steps": 1})  # of which the first two have no pictures
    writer.on_epoch_end(0, {"loss": 10.0})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    model.set_weights([np.full((1, 1), np.nan)])  # by the last step, which has no validation
    with pytest.raises(DivergedError, match=r"The weights became NaN in epoch 2\. The last check"):
        writer.on_epoch_end(1, {"loss": 9.0})
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_workers_that_do_not_ask_each_other_yet_leave_time_for_the_next_step(tmp_path):
    renewed, asked = [], []
    interruption = SimpleNamespace(signal=15, renew=lambda: renewed.append(writer.step))
    workers = SimpleNamespace(agree=lambda due, number: asked.append(number) or (False, None))
    options = {"interruption": interruption, "workers": workers, "writes": False}
    writer = RunWriter(Run(tmp_path), Position(), pictures=lambda *_: {}, **options)
    writer.set_params({"epochs": 1, "steps": 15})
    writer.on_epoch_begin(0)
    for batch in range(15):
        writer.on_train_batch_end(batch)
    assert renewed == [step for step in range(1, 15) if step != AGREED]
    assert asked == [15, 15]


def test_a_long_training_keeps_the_pictures_of_a_hundred_epochs(tmp_path):
    run = Run.create(tmp_path, RunConfig(get_preset("mnist"), "grey"))
    image = Image.new("L", (8, 8))
    writer = RunWriter(run, Position(), pictures=lambda model, epoch: {"_samples": image})
    writer.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    writer.set_params({"epochs": 250})
    for epoch in (0, 1, 2, 3, 5, 248, 249):
        writer.on_epoch_end(epoch, {"loss": 1.0})
    pictures = sorted(path.name for path in run.pictures.iterdir())
    assert pictures == [f"epoch_{number}_samples.png" for number in ("003", "006", "249", "250")]


def test_a_loss_that_is_no_number_is_an_error_with_advice(tmp_path):
    run = Run.create(tmp_path, RunConfig(get_preset("mnist"), "grey"))
    guard = DivergenceGuard(run)
    guard.on_epoch_begin(4)
    guard.on_train_batch_end(0, {"loss": 1.0})
    guard.on_train_batch_end(5, {"loss": math.nan})  # not checked at each batch
    said = r"became NaN in epoch 5\. Nothing is kept in .* but .* `overwrite=True` .*rate"
    with pytest.raises(DivergedError, match=said):
        guard.on_train_batch_end(30, {"loss": math.inf})
    unchangeable = DivergenceGuard()
    unchangeable.on_epoch_begin(1)
    with pytest.raises(DivergedError, match=r"^The loss became NaN in epoch 2\.$"):
        unchangeable.on_epoch_end(1, {"loss": math.nan})
    run.last.write_text("a checkpoint")
    with pytest.raises(DivergedError, match=r"The validation loss .* last checkpoint is kept in"):
        guard.on_epoch_end(4, {"loss": 1.0, "val_loss": math.nan})
