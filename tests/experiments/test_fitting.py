from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest

from keras_vae.experiments import fitting
from keras_vae.experiments.cell import Training
from keras_vae.experiments.fitting import CellRecorder, fit_cell
from keras_vae.experiments.workspace import Workspace
from keras_vae.training.callbacks import DivergedError
from keras_vae.training.position import read_position
from keras_vae.training.run_directory import Run
from tests.experiments.rows import numbers


class Killed(Exception):
    """What a process that is killed leaves behind, without the process."""


def kill_at(share):
    def report(done):
        if done > share:
            raise Killed

    return report


@dataclass(frozen=True)
class Resumed:
    """A cell whose training was killed and then resumed."""

    cell: Training
    workspace: Workspace
    before: tuple[dict[str, float], ...]  # the history when it was killed
    shares: list[float]  # reported after that
    row: dict[str, Any]
    arrays: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def every_epoch():
    """A checkpoint after each epoch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "CHECKPOINT_EVERY", 0.0)
        yield


@pytest.fixture(scope="module")
def resumed(small_cells, every_epoch, tmp_path_factory):
    (cell,) = small_cells(2)
    cell, workspace = cell.override(epochs=4), Workspace(tmp_path_factory.mktemp("resumed"))
    with pytest.raises(Killed):
        fit_cell(cell, workspace, kill_at(0.6))
    before = read_position(workspace.unfinished(cell).last).history
    shares = []
    row, arrays = fit_cell(cell, workspace, shares.append)
    return Resumed(cell, workspace, before, shares, row, arrays)


@pytest.mark.slow
def test_a_killed_cell_is_resumed_with_the_same_numbers(resumed, tmp_path):
    row, arrays = fit_cell(resumed.cell, Workspace(tmp_path))  # in one go
    assert [each["epoch"] for each in resumed.before] == [1, 2]
    assert min(resumed.shares) > 0.5
    assert numbers(resumed.row) == numbers(row)
    assert resumed.row["epochs"] == 4
    np.testing.assert_array_equal(resumed.arrays["history_loss"], arrays["history_loss"])
    assert set(resumed.arrays) == set(arrays)


@pytest.mark.slow
def test_time_adds_up(resumed):
    before = resumed.before[-1]
    assert resumed.row["seconds"] > before["seconds"] > 0
    assert resumed.row["cpu_seconds"] > before["cpu_seconds"] > 0


@pytest.mark.slow
def test_a_finished_cell_keeps_no_model(resumed):
    cell, workspace = resumed.cell, resumed.workspace
    assert workspace.unfinished(cell).last.exists()
    workspace.save(cell, resumed.row, resumed.arrays)
    assert not workspace.unfinished(cell).path.exists()
    assert workspace.row(cell) == resumed.row


@pytest.mark.slow
def test_short_trainings_write_no_model(small_cells, workspace, monkeypatch):
    monkeypatch.setattr(fitting, "CHECKPOINT_EVERY", 600.0)  # longer than it takes
    (cell,) = small_cells(2)
    fit_cell(cell, workspace)
    assert not workspace.unfinished(cell).last.exists()


def test_training_stops_when_the_loss_hardly_changes(tmp_path):
    recorder = CellRecorder(Run(tmp_path), [], tolerance=0.01)
    recorder.set_model(keras.Sequential())
    for epoch, (loss, stops) in enumerate(
        [(3.0, False), (2.0, False), (2.02, False), (2.015, True)]
    ):
        recorder.model.stop_training = False
        recorder.on_epoch_end(epoch, {"loss": loss})
        assert recorder.model.stop_training == stops


def test_weights_that_are_nan_end_a_cell_and_replace_no_checkpoint(tmp_path, every_epoch):
    recorder = CellRecorder(Run(tmp_path), [])
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    recorder.set_model(model)
    recorder.on_epoch_end(0, {"loss": 3.0})
    before = recorder.run.last.read_bytes()
    model.set_weights([np.full((1, 1), np.nan)])
    with pytest.raises(DivergedError, match=r"^The weights became NaN in epoch 2\.$"):
        recorder.on_epoch_end(1, {"loss": 2.0})
    assert recorder.run.last.read_bytes() == before


def test_a_cell_that_diverges_has_no_advice_that_its_command_cannot_follow(small_cells, workspace):
    (cell,) = small_cells(2, tolerance=0.0)
    changes = {"likelihood": "squared_error", "variance": 1e-30, "learning_rate": 1e20}
    with pytest.raises(DivergedError, match=r"^The loss became NaN in epoch 1\.$"):
        fit_cell(cell.override(**changes), workspace)


def test_a_resumed_training_remembers_the_loss_before(tmp_path):
    before = {"epoch": 1.0, "seconds": 5.0, "cpu_seconds": 4.0, "loss": 2.0}
    recorder = CellRecorder(Run(tmp_path), [before], tolerance=0.01)
    recorder.set_model(keras.Sequential())
    recorder.on_epoch_end(1, {"loss": 2.005})
    assert recorder.model.stop_training
    assert recorder.rows[1]["seconds"] > 5.0
