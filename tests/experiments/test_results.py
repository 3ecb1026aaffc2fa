import csv

import numpy as np
import pytest

from keras_vae.experiments.cell import Training
from keras_vae.experiments.results import Results
from keras_vae.experiments.store import Store

CELLS = [Training("mnist", {"latent_dim": latent}, seed) for latent in (2, 3) for seed in (0, 1)]
CELLS.append(Training("mnist", {"hidden": (64, 32)}))


@pytest.fixture
def results(planted):
    return planted(CELLS, lambda cell: {"loss": 10.0 * cell.resolved.latent_dim + cell.seed})


def test_the_table_is_tidy(results, tmp_path):
    with results.write_csv(tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(CELLS)
    assert len({row["cell"] for row in rows}) == len(CELLS)
    assert all(None not in row and None not in row.values() for row in rows)
    assert [row["hidden"] for row in rows] == ["", "", "", "", "64-32"]
    assert [float(row["loss"]) for row in rows] == [20, 21, 30, 31, 200]


def test_rows_are_found_by_their_settings(results):
    assert results.values("loss", latent_dim=3) == [30, 31]
    assert results.mean("loss", latent_dim=2) == 20.5
    assert results.distinct("latent_dim") == [2, 3, None]


def test_only_finished_cells_are_read(planted, tmp_path):
    store = Store(tmp_path / "half")
    assert Results.read(store, CELLS).rows == []
    store.save(CELLS[1], {"cell": CELLS[1].key}, {"z": np.arange(3)})
    (row,) = Results.read(store, CELLS).rows
    assert row["cell"] == CELLS[1].key
    np.testing.assert_array_equal(Results.read(store, CELLS).arrays(row)["z"], np.arange(3))


def test_a_cell_that_was_killed_before_its_row_is_not_finished(tmp_path, monkeypatch):
    from keras_vae.experiments import store as module

    def killed(path, values):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_json", killed)
    store = Store(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        store.save(CELLS[0], {"cell": "x"}, {"z": np.zeros(2)})
    assert store.row(CELLS[0]) is None
