"""A training that is interrupted anywhere and resumed: the same bits as one that is not."""

import os
import signal

import keras
import numpy as np
import pytest

from keras_vae.presets import get_preset
from keras_vae.training import trainer as training
from keras_vae.training.checkpoint import read_position
from keras_vae.training.interruption import InterruptedBySignal, Interruption
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


@pytest.mark.usefixtures("one_step_at_a_time")
def test_a_run_that_was_interrupted_within_epochs_is_the_uninterrupted_one(digits, whole, tmp_path):
    signals = [SignalAt("train", 4), SignalAt("train", 3, signal.SIGINT), SignalAt("train", 7)]
    positions = interrupt(CONFIG, digits, tmp_path, *signals)
    assert positions == [(0, 4), (0, 7), (1, 4)]
    assert_same_run(Run(tmp_path), whole)
