"""A training that is interrupted anywhere and resumed: the same bits as one that is not."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_vae.presets import PCANetwork, get_preset
from keras_vae.training import trainer as training
from keras_vae.training.callbacks import AGREED
from keras_vae.training.interruption import InterruptedBySignal, Interruption
from keras_vae.training.position import read_position
from keras_vae.training.run_directory import Run, RunConfig

PRESET = get_preset("mnist").override(
    image_size=(8, 8), hidden=(32,), latent_dim=3, epochs=2, binarization="dynamic"
)
CONFIG = RunConfig(PRESET, "digits", seed=2)
STEPS = 10  # of an epoch of the digits


class SignalAt(keras.callbacks.Callback):
    """Sends this process a signal before a batch."""

    def __init__(self, event, number, sent=signal.SIGTERM):
        super().__init__()
        self.event, self.number, self.sent = event, number, sent
        self.count = 0

    def count_up(self, event):
        if event == self.event:
            self.count += 1
            if self.count == self.number:
                os.kill(os.getpid(), self.sent)

    def on_train_batch_begin(self, batch, logs=None):
        self.count_up("train")

    def on_test_batch_begin(self, batch, logs=None):
        self.count_up("test")


def variables_of(run):
    model = keras.models.load_model(run.last)
    return [*model.variables, *model.optimizer.variables]


def assert_same_run(resumed, whole):
    assert resumed.history_file.read_bytes() == whole.history_file.read_bytes()
    for first, second in zip(variables_of(resumed), variables_of(whole), strict=True):
        np.testing.assert_array_equal(first, second)
    ends = [read_position(run.last) for run in (resumed, whole)]
    for first, second in zip(*(end.generators for end in ends), strict=True):
        np.testing.assert_array_equal(first, second)
    for name in ("best", "metrics_file"):
        assert getattr(resumed, name).exists()


def begin(run, config, dataset, each):
    """Train, or resume, with signals caught."""
    with Interruption() as interruption:
        session = {"callbacks": [each], "interruption": interruption}
        if run.config_file.exists():
            training.resume(run, dataset, **session)
        else:
            training.train(config, dataset, run.path, **session)


def interrupt(config, dataset, folder, *signals):
    """Train, and resume until no signal is left; return the positions of the interruptions."""
    run, positions = Run(folder), []
    for each in signals:
        with pytest.raises(InterruptedBySignal):
            begin(run, config, dataset, each)
        position = read_position(run.last)
        positions.append((position.epoch, position.step))
    training.resume(run, dataset)
    return positions


@pytest.fixture(scope="module")
def whole(digits, tmp_path_factory):
    return training.train(CONFIG, digits, tmp_path_factory.mktemp("runs") / "whole")


@pytest.fixture
def one_step_at_a_time(monkeypatch):
    monkeypatch.setattr(training, "_steps_at_once", lambda *_: 1)


@pytest.mark.slow
@pytest.mark.usefixtures("one_step_at_a_time")
def test_a_run_that_was_interrupted_within_epochs_is_the_uninterrupted_one(digits, whole, tmp_path):
    signals = [SignalAt("train", 4), SignalAt("train", 3, signal.SIGINT), SignalAt("train", 7)]
    positions = interrupt(CONFIG, digits, tmp_path, *signals)
    assert positions == [(0, 4), (0, 7), (1, 4)]
    assert_same_run(Run(tmp_path), whole)


@pytest.mark.slow
@pytest.mark.usefixtures("one_step_at_a_time")
def test_also_in_the_validation_and_after_the_last_step_of_an_epoch(digits, whole, tmp_path):
    signals = [SignalAt("test", 1), SignalAt("train", STEPS, signal.SIGINT), SignalAt("test", 2)]
    positions = interrupt(CONFIG, digits, tmp_path, *signals)
    assert positions == [(0, STEPS), (1, STEPS), (1, STEPS)]
    assert_same_run(Run(tmp_path), whole)


TRAIN = """
import sys
import numpy as np
from keras_vae.datasets import ImageDataset
from keras_vae.training import trainer
from tests.training.test_resume import CONFIG
trainer._steps_at_once = lambda *_: 1
with np.load(sys.argv[1]) as arrays:
    dataset = ImageDataset("digits", **arrays)
trainer.train(CONFIG, dataset, sys.argv[2], save_every=0.0)
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(("call", "number"), [("fsync", 8), ("fsync", 31), ("rename", 12)])
def test_a_process_that_is_killed_while_it_saves_goes_on(digits, whole, tmp_path, call, number):
    """Every step is saved, and the system kills the process at one of the calls."""
    arrays, run = tmp_path / "digits.npz", Run(tmp_path / "run")
    known = {"images": digits.images, "partition": digits.partition, "labels": digits.labels}
    np.savez(arrays, **known)
    kill = ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
    command = ["strace", "-f", "-o", "/dev/null", *kill]
    command += [sys.executable, "-c", TRAIN, str(arrays), str(run.path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
    training.resume(run, digits)
    assert_same_run(run, whole)
    assert not list(run.path.rglob(".draft-*"))


@pytest.mark.slow
def test_also_replicas_whose_moving_averages_differ_within_the_epoch(digits, tmp_path):
    changes = {"image_size": (8, 8), "latent_dim": 3, "epochs": 2, "batch_size": 100}
    preset = get_preset("mnist-zhao-cnn").override(**changes)
    config = RunConfig(preset, "digits", seed=2, strategy="mirrored")
    whole = training.train(config, digits, tmp_path / "whole")
    steps = digits.count("train") // preset.batch_size
    positions = interrupt(config, digits, tmp_path / "run", SignalAt("train", steps + 5))
    assert positions == [(1, AGREED)]
    assert len(whole.history()) == 2
    assert_same_run(Run(tmp_path / "run"), whole)


class Killed(Exception):
    pass


def kill(*_, **__):
    raise Killed


def test_a_checkpoint_is_written_every_so_many_seconds(digits, tmp_path):
    """And what a killed process leaves is resumed: here one is saved after every step."""

    def kill_late(batch, logs):
        if batch == 6:
            raise Killed

    one = RunConfig(PRESET.override(epochs=1), "digits")
    killer = keras.callbacks.LambdaCallback(on_train_batch_begin=kill_late)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "_steps_at_once", lambda *_: 1)
        with pytest.raises(Killed):
            training.train(one, digits, tmp_path, callbacks=[killer], save_every=0.0)
    assert read_position(Run(tmp_path).last).step == 6


def killed_while_epoch_0_is_measured(monkeypatch):
    monkeypatch.setattr(training, "first_losses", kill)
    return []


def killed_before_the_first_step(monkeypatch):
    return [keras.callbacks.LambdaCallback(on_train_batch_begin=kill)]


PCA = PRESET.override(network=PCANetwork((8, 12), patch=4, pool=2), binarization="none")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "killed", "rows"),
    [
        (PRESET, killed_before_the_first_step, 0),
        (PCA, killed_while_epoch_0_is_measured, 0),
        (PCA, killed_before_the_first_step, 1),
    ],
)
def test_a_training_that_has_taken_no_step_is_resumed(digits, tmp_path, preset, killed, rows):
    config = RunConfig(preset.override(epochs=1), "digits", seed=2)
    whole = training.train(config, digits, tmp_path / "whole")
    run = Run(tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        training.train(config, digits, run.path, callbacks=killed(patch))
    position = run.position()
    assert (position.epochs_begun, len(position.history)) == (0, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "new_vae", lambda *_, **__: pytest.fail("it began again"))
        training.resume(run, digits)
    assert_same_run(run, whole)


def test_other_images_of_the_same_count_are_refused(digits, whole):
    before = {path: path.read_bytes() for path in whole.path.rglob("*") if path.is_file()}
    images = digits.images.copy()
    images[digits.indices("train")[-1], 0, 0] ^= 1
    others = (
        dataclasses.replace(digits, images=images),
        dataclasses.replace(digits, labels=digits.labels[::-1].copy()),
        dataclasses.replace(digits, partition=np.roll(digits.partition, 1)),
    )
    config = whole.extended(epochs=9)
    for dataset in others:
        with pytest.raises(ValueError, match="must be the one that the run was started with"):
            training.resume(whole, dataset, config=config)
    assert {path: path.read_bytes() for path in whole.path.rglob("*") if path.is_file()} == before


def test_fewer_epochs_than_are_completed_are_refused(whole):
    assert whole.extended(epochs=2).preset.epochs == 2
    with pytest.raises(ValueError, match=r"`epochs` must be at least 2.*Received: 1"):
        whole.extended(epochs=1)


def damaged(whole, folder):
    """A copy of a run that a test may damage."""
    shutil.copytree(whole.path, folder)
    return Run(folder)


@pytest.mark.parametrize("name", ["last", "best"])
@pytest.mark.parametrize("how", ["cut", "flipped", "missing"])
def test_a_damaged_checkpoint_is_one_line_and_changes_nothing(digits, whole, tmp_path, name, how):
    run = damaged(whole, tmp_path / "run")
    file = getattr(run, name)
    whole_bytes = file.read_bytes()
    flipped = bytearray(whole_bytes)
    flipped[len(flipped) // 2] ^= 255
    file.write_bytes({"cut": whole_bytes[:-100], "flipped": bytes(flipped), "missing": b""}[how])
    if how == "missing":
        file.unlink()
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises((OSError, ValueError), match=rf"^[^\n]*{name}\.keras is (missing|damaged)"):
        training.resume(run, digits)
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["history.csv", "tensorboard"])
def test_a_place_that_cannot_be_written_to_changes_nothing(digits, whole, tmp_path, name):
    run = damaged(whole, tmp_path / "run")
    if name == "tensorboard":
        shutil.rmtree(run.tensorboard)
        run.tensorboard.write_text("mine")
    else:
        run.history_file.unlink()
        run.history_file.mkdir()
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(OSError, match=rf"{name} must be a"):
        training.resume(run, digits, config=run.extended(epochs=9))
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("how", ["missing", "cut", "ahead"])
def test_a_history_that_is_lost_is_written_again_from_the_checkpoint(whole, tmp_path, how, caplog):
    run = damaged(whole, tmp_path / "run")
    expected = run.history_file.read_text()
    third = expected.splitlines(keepends=True)[-1].replace("2,", "3,", 1)
    run.history_file.write_text({"cut": expected[:-9], "ahead": expected + third}.get(how, ""))
    if how == "missing":
        run.history_file.unlink()
    run.restore_history(run.position())
    assert run.history_file.read_text() == expected
    assert len(caplog.records) == (how != "ahead")
