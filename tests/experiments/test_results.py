import csv
import math

import numpy as np
import pytest

from keras_vae.experiments.cell import Training
from keras_vae.experiments.results import Results, Seeds, Series
from keras_vae.experiments.workspace import Workspace

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
    assert results.row(latent_dim=3)["loss"] == 30
    assert results.series("loss", "latent_dim", (2, 3)).means == [20.5, 30.5]
    assert results.distinct("latent_dim") == [2, 3, None]


def test_only_finished_cells_are_read(planted, tmp_path):
    workspace = Workspace(tmp_path / "half")
    assert Results.read(workspace, CELLS).rows == []
    workspace.save(CELLS[1], {"cell": CELLS[1].key}, {"z": np.arange(3)})
    results = Results.read(workspace, CELLS)
    (row,) = results.rows
    assert row["cell"] == CELLS[1].key
    assert (results.total, results.complete) == (len(CELLS), False)
    np.testing.assert_array_equal(results.arrays(row)["z"], np.arange(3))


def test_a_cell_that_was_killed_before_its_row_is_not_finished(tmp_path, monkeypatch):
    from keras_vae.experiments import workspace as module

    def killed(path, values):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_json", killed)
    workspace = Workspace(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        workspace.save(CELLS[0], {"cell": "x"}, {"z": np.zeros(2)})
    assert workspace.row(CELLS[0]) is None


def test_the_interval_is_students():
    seeds = Seeds([1.0, 2.0, 3.0])
    assert seeds.mean == 2.0
    # 4.302653 is t of two degrees of freedom.
    assert seeds.half == pytest.approx(4.302653 / math.sqrt(3), rel=1e-5)


def test_intervals_hold_the_truth_as_often_as_they_say():
    samples = np.random.default_rng(0).normal(5.0, 2.0, (2000, 3))
    held = [abs(seeds.mean - 5.0) <= seeds.half for seeds in map(Seeds, samples)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_equal_distributions_are_seldom_different():
    samples = np.random.default_rng(1).normal(size=(1000, 2, 3))
    assert np.mean([Seeds(a).lower(Seeds(b)) for a, b in samples]) < 0.04


@pytest.mark.parametrize(
    ("a", "b", "is_lower"),
    [
        ([1.0, 1.1, 0.9], [2.0, 2.1, 1.9], True),
        ([2.0, 2.1, 1.9], [1.0, 1.1, 0.9], False),
        ([1.0, 1.5, 0.5], [1.1, 1.6, 0.6], False),
        ([1.0, 1.0], [2.0, 2.0], True),  # without any noise
        ([1.0], [200.0], False),  # one seed shows no noise
        ([1.0], [2.0, 2.1], False),
    ],
)
def test_lower_is_beyond_the_noise_of_the_seeds(a, b, is_lower):
    assert Seeds(a).lower(Seeds(b)) == is_lower


def test_seeds_are_written_with_their_interval():
    assert f"{Seeds([1.0]):.2f}" == "1.00"
    assert f"{Seeds([1.0, 2.0, 3.0]):.1f}" == "2.0 ± 2.5"
    assert f"{Series([Seeds([1.0, 2.0, 3.0]), Seeds([4.0])]):.1f}" == "2.0 ± 2.5, 4.0"
    assert f"{Series([3, 5])}" == "3, 5"
