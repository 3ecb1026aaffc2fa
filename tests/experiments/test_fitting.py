import keras
import numpy as np
import pytest

from keras_vae.experiments import fitting
from keras_vae.experiments.fitting import CellRecorder, fit_cell
from keras_vae.experiments.workspace import Workspace
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


@pytest.fixture
def cell(small_cells, monkeypatch):
    """Four epochs, each with a checkpoint."""
    monkeypatch.setattr(fitting, "CHECKPOINT_EVERY", 0.0)
    (cell,) = small_cells(2)
    return cell.override(epochs=4)


@pytest.fixture
def whole(cell, tmp_path):
    """The cell, trained in one go."""
    return fit_cell(cell, Workspace(tmp_path / "whole"))


@pytest.mark.slow
def test_a_killed_cell_is_resumed_with_the_same_numbers(cell, whole, workspace):
    with pytest.raises(Killed):
        fit_cell(cell, workspace, kill_at(0.6))
    run = workspace.unfinished(cell)
    assert [row["epoch"] for row in read_position(run.last).history] == [1, 2]
    shares = []
    row, arrays = fit_cell(cell, workspace, shares.append)
    assert min(shares) > 0.5
    assert numbers(row) == numbers(whole[0])
    assert row["epochs"] == 4
    np.testing.assert_array_equal(arrays["history_loss"], whole[1]["history_loss"])
    assert set(arrays) == set(whole[1])


@pytest.mark.slow
def test_time_adds_up(cell, workspace):
    with pytest.raises(Killed):
        fit_cell(cell, workspace, kill_at(0.6))
    before = read_position(workspace.unfinished(cell).last).history[-1]
    row, _ = fit_cell(cell, workspace)
    assert row["seconds"] > before["seconds"] > 0
    assert row["cpu_seconds"] > before["cpu_seconds"] > 0


@pytest.mark.slow
def test_a_finished_cell_keeps_no_model(cell, workspace):
    row, arrays = fit_cell(cell, workspace)
    assert workspace.unfinished(cell).last.exists()
    workspace.save(cell, row, arrays)
    assert not workspace.unfinished(cell).path.exists()
    assert workspace.row(cell) == row


@pytest.mark.slow
def test_short_trainings_write_no_model(small_cells, workspace):
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


def test_a_resumed_training_remembers_the_loss_before(tmp_path):
    before = {"epoch": 1.0, "seconds": 5.0, "cpu_seconds": 4.0, "loss": 2.0}
    recorder = CellRecorder(Run(tmp_path), [before], tolerance=0.01)
    recorder.set_model(keras.Sequential())
    recorder.on_epoch_end(1, {"loss": 2.005})
    assert recorder.model.stop_training
    assert recorder.rows[1]["seconds"] > 5.0
