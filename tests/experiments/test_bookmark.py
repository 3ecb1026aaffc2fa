import numpy as np
import pytest

from keras_vae.experiments import bookmark
from keras_vae.experiments.fitting import carry_out
from keras_vae.experiments.store import Store
from keras_vae.experiments.workplace import Workplace
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
    """Four epochs; every one is kept, and every step reported."""
    monkeypatch.setattr(bookmark, "EVERY", 0.0)
    monkeypatch.setattr("keras_vae.experiments.fitting.EVERY", 0.0)
    (cell,) = small_cells(2)
    return cell.override(epochs=4)


@pytest.fixture
def whole(cell, tmp_path):
    """The cell, trained in one go."""
    return carry_out(cell, Workplace(Store(tmp_path / "whole")))


def test_a_killed_cell_goes_on_as_if_it_had_not_been(cell, whole, place):
    with pytest.raises(Killed):
        carry_out(cell, place, kill_at(0.6))
    run = place.store.unfinished(cell)
    assert [row["epoch"] for row in run.history()] == [1, 2]
    shares = []
    row, arrays = carry_out(cell, place, shares.append)
    assert min(shares) > 0.5
    assert numbers(row) == numbers(whole[0])
    assert row["epochs"] == 4
    np.testing.assert_array_equal(arrays["history_loss"], whole[1]["history_loss"])
    assert set(arrays) == set(whole[1])


def test_time_adds_up(cell, place):
    with pytest.raises(Killed):
        carry_out(cell, place, kill_at(0.6))
    before = place.store.unfinished(cell).history()[-1]
    row, _ = carry_out(cell, place)
    assert row["seconds"] > before["seconds"] > 0
    assert row["cpu_seconds"] > before["cpu_seconds"] > 0


def test_a_history_that_is_ahead_of_its_model_is_cut(cell, whole, place):
    """As after a kill between the two."""
    with pytest.raises(Killed):
        carry_out(cell, place, kill_at(0.6))
    run = place.store.unfinished(cell)
    run.write_history([*run.history(), {**run.history()[-1], "epoch": 3}])
    assert numbers(carry_out(cell, place)[0]) == numbers(whole[0])


def test_a_finished_cell_keeps_no_model(cell, place):
    row, arrays = carry_out(cell, place)
    assert place.store.unfinished(cell).last.exists()
    place.store.save(cell, row, arrays)
    assert not place.store.unfinished(cell).path.exists()
    assert place.store.row(cell) == row


def test_short_trainings_write_no_model(small_cells, place):
    (cell,) = small_cells(2)
    carry_out(cell, place)
    assert not place.store.unfinished(cell).last.exists()
