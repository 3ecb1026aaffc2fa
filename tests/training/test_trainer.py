import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.presets import PCANetwork, get_preset
from keras_vae.training import trainer as training
from keras_vae.training.callbacks import DivergedError
from keras_vae.training.checkpoint import save
from keras_vae.training.position import read_position
from keras_vae.training.run_directory import Run, RunConfig, read_json
from keras_vae.training.schedules import learning_rate
from tests.training.interruption import StopAt

PRESET = get_preset("mnist").override(image_size=(8, 8), hidden=(32,), latent_dim=3, epochs=4)
LEVEL = PRESET.override(decay="constant", learning_rate=1e-3)
CONFIG = RunConfig(PRESET, "digits", seed=2)
BROKEN = (np.zeros((1, 8, 8, 1), np.uint8), np.zeros(1), np.full(1, np.nan))  # by its weight


def final_weights(run):
    return keras.models.load_model(run.last).variables


def assert_same_run(one, two):
    assert one.history() == two.history()
    for first, second in zip(final_weights(one), final_weights(two), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.fixture(scope="module")
def uninterrupted(digits, tmp_path_factory):
    return training.train(CONFIG, digits, tmp_path_factory.mktemp("runs") / "whole")


def test_a_run_leaves_history_pictures_logs_and_metrics(uninterrupted, digits):
    history = uninterrupted.history()
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert history[-1]["val_loss"] < history[0]["val_loss"]
    pictures = {path.name for path in uninterrupted.pictures.iterdir()}
    assert {"epoch_001_samples.png", "epoch_004_reconstructions.png"} <= pictures
    assert list(uninterrupted.tensorboard.rglob("events.out.tfevents.*"))
    metrics = read_json(uninterrupted.metrics_file)
    assert set(metrics) == {"train", "validation", "test"}
    assert metrics["validation"]["loss"] == pytest.approx(history[-1]["val_loss"], rel=0.05)


def test_the_best_checkpoint_is_the_epoch_of_the_lowest_validation_loss(uninterrupted, digits):
    losses = [row["val_loss"] for row in uninterrupted.history()]
    best = keras.models.load_model(uninterrupted.best)
    steps = digits.count("train") // PRESET.batch_size
    assert int(best.optimizer.iterations) == steps * (1 + int(np.argmin(losses)))


@pytest.mark.slow
@pytest.mark.parametrize("step", [4, 15, 25], ids=["first epoch", "second", "third"])
def test_a_resumed_run_equals_the_uninterrupted_one(uninterrupted, digits, tmp_path, step):
    with pytest.raises(KeyboardInterrupt):
        training.train(CONFIG, digits, tmp_path, callbacks=[StopAt(step)])
    assert_same_run(training.resume(Run.open(tmp_path), digits), uninterrupted)


@pytest.mark.slow
def test_a_finished_run_can_go_on_longer(digits, tmp_path):
    whole = training.train(RunConfig(LEVEL, "digits"), digits, tmp_path / "whole")
    short = RunConfig(LEVEL.override(epochs=2), "digits")
    run = training.train(short, digits, tmp_path / "short")
    resumed = training.resume(run, digits, config=run.extended(epochs=4))
    assert_same_run(resumed, whole)


@pytest.mark.slow
def test_the_cosine_reaches_zero_at_the_last_epoch_also_of_an_extended_run(digits, tmp_path):
    run = training.train(CONFIG, digits, tmp_path)
    steps = digits.count("train") // PRESET.batch_size
    for epochs in (4, 6):
        training.resume(run, digits, config=run.extended(epochs=epochs))
        rate = keras.models.load_model(run.last).optimizer.learning_rate
        assert float(rate) == pytest.approx(0, abs=1e-9)
        assert len(run.history()) == epochs
        schedule = learning_rate(PRESET.override(epochs=epochs), steps)
        assert float(schedule(0)) == pytest.approx(PRESET.learning_rate)


@pytest.mark.slow
def test_a_run_killed_in_its_second_epoch_ends_with_the_same_weights(
    uninterrupted, digits, tmp_path
):
    script = (
        "import os, signal, sys\n"
        "import keras, numpy as np\n"
        "from keras_vae.training import trainer as training\n"
        "from keras_vae.datasets import ImageDataset\n"
        "from tests.training.test_trainer import CONFIG\n"
        "arrays = np.load(sys.argv[1])\n"
        "names = ('images', 'partition', 'labels')\n"
        "dataset = ImageDataset('digits', **{name: arrays[name] for name in names})\n"
        "class Kill(keras.callbacks.Callback):\n"
        "    def on_train_batch_end(self, batch, logs=None):\n"
        "        if int(self.model.optimizer.iterations) >= 15:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "training.train(CONFIG, dataset, sys.argv[2], callbacks=[Kill()])\n"
    )
    arrays, folder = tmp_path / "digits.npz", tmp_path / "run"
    np.savez(arrays, images=digits.images, partition=digits.partition, labels=digits.labels)
    command = [sys.executable, "-c", script, str(arrays), str(folder)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL
    run = Run.open(folder)
    assert len(run.history()) == 1
    assert_same_run(training.resume(run, digits), uninterrupted)


@pytest.mark.slow
def test_training_stops_when_nothing_improves(digits, tmp_path):
    still = PRESET.override(learning_rate=1e-12, epochs=30)
    run = training.train(RunConfig(still, "digits", early_stop=2), digits, tmp_path)
    assert len(run.history()) < 30
    losses = [row["val_loss"] for row in run.history()]
    assert len(losses) - 1 - int(np.argmin(losses)) == 2


def test_a_loss_of_nan_stops_with_advice(digits, tmp_path):
    wild = PRESET.override(likelihood="squared_error", variance=1e-30, learning_rate=1e20)
    with pytest.raises(DivergedError, match="smaller `learning_rate`"):
        training.train(RunConfig(wild, "digits"), digits, tmp_path)
    assert Run.open(tmp_path).history() == []


def test_a_validation_loss_of_nan_stops_with_the_same_advice(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "watched", lambda *_: tf.data.Dataset.from_tensors(BROKEN))
    with pytest.raises(DivergedError, match=r"The validation loss became NaN in epoch 1\. Nothing"):
        training.train(CONFIG, digits, tmp_path)
    assert not Run.open(tmp_path).history()


def test_too_few_images_for_components_are_refused_before_a_classifier_is_trained(
    digits, monkeypatch
):
    monkeypatch.setattr(training, "find_teacher", lambda *_: pytest.fail("it was trained"))
    network = PCANetwork((8, 12), patch=4, pool=2)
    preset = PRESET.override(network=network, latent_dim=16, perceptual_weight=1.0)
    with pytest.raises(ValueError, match="`latent_dim` must be smaller than the number of images"):
        training.new_vae(RunConfig(preset, "digits"), digits)


def test_images_of_another_shape_are_refused_before_anything_is_written(digits, tmp_path):
    with pytest.raises(ValueError, match=r"\(28, 28, 1\).*Received: \(8, 8, 1\)"):
        training.train(RunConfig(get_preset("mnist"), "digits"), digits, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_images_of_0_and_1_are_refused_before_anything_is_written(digits, tmp_path):
    binary = replace(digits, images=(digits.images > 128).astype(np.uint8))
    message = r"`dataset` must have .*Received: values up to 1 in 'digits', .* almost black\."
    with pytest.raises(ValueError, match=message):
        training.train(CONFIG, binary, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_dark_images_before_bright_ones_are_taken(digits, monkeypatch):
    monkeypatch.setattr(training, "READ", 50)
    images = digits.images.copy()
    images[:500] //= 64
    assert training.new_vae(CONFIG, replace(digits, images=images)).optimizer


@pytest.mark.slow
def test_a_mirrored_run_resumes_too(digits, tmp_path):
    config = RunConfig(LEVEL.override(epochs=2), "digits", strategy="mirrored")
    run = training.train(config, digits, tmp_path)
    first = [row["loss"] for row in run.history()]
    resumed = training.resume(run, digits, config=run.extended(epochs=3))
    losses = [row["loss"] for row in resumed.history()]
    assert losses[:2] == first
    assert losses[2] < losses[1]


def slots_of(vae):
    """The two moments that Adam keeps of each weight."""
    return [
        keras.ops.convert_to_numpy(variable)
        for variable in vae.optimizer.variables
        if "momentum" in variable.path or "velocity" in variable.path
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "then", "at_once"), [("single", "mirrored", 1), ("mirrored", "single", 10)]
)
def test_a_run_goes_on_on_other_devices(digits, tmp_path, first, then, at_once):
    """With as many steps in one execution as these devices take, and the optimizer as it was."""
    config = RunConfig(LEVEL.override(epochs=2), "digits", strategy=first)
    run = training.train(config, digits, tmp_path)
    steps = digits.count("train") // PRESET.batch_size
    slots = slots_of(keras.models.load_model(run.last))
    config = run.extended(epochs=3, strategy=then)
    vae = training.last_vae(run, config, digits)
    assert vae.steps_per_execution == at_once
    assert read_position(run.last).epoch == 2
    assert len(slots) == 2 * len(vae.trainable_weights)
    for saved, opened in zip(slots, slots_of(vae), strict=True):
        np.testing.assert_array_equal(opened, saved)
    training.resume(run, digits, config=config)
    checkpoint = keras.models.load_model(run.last)
    assert int(checkpoint.optimizer.iterations) == 3 * steps
    assert checkpoint.steps_per_execution == at_once
    losses = [row["loss"] for row in run.history()]
    assert losses[2] < losses[1] < losses[0]


def test_a_run_does_not_go_on_with_other_data(digits, tmp_path):
    counts = {"train": 9, "validation": 9, "test": 9}
    config = RunConfig(PRESET, "digits", provenance={"counts": counts})
    with pytest.raises(ValueError, match="started with"):
        training.resume(Run.create(tmp_path, config), digits)


@pytest.mark.slow
def test_float16_counts_its_epochs_although_it_skips_steps(digits, tmp_path):
    config = RunConfig(PRESET.override(epochs=2), "digits", precision="mixed_float16")
    run = training.train(config, digits, tmp_path)
    checkpoint, position = keras.models.load_model(run.last), read_position(run.last)
    checkpoint.optimizer.inner_optimizer.iterations.assign_sub(3)  # as if three had overflowed
    save(run.last, checkpoint, position)
    resumed = training.resume(run, digits, config=run.extended(epochs=3))
    assert [row["epoch"] for row in resumed.history()] == [1, 2, 3]
