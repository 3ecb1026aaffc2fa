import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from keras_vae.experiments import fitting, pool
from keras_vae.experiments.pool import train_cells
from keras_vae.experiments.workspace import Workspace
from keras_vae.training.run_directory import RunInUseError
from tests.experiments.rows import numbers


@pytest.mark.slow
def test_two_jobs_give_the_rows_of_one_and_nothing_is_trained_twice(small_cells, tmp_path):
    cells = small_cells(2, 3, 2)
    rows = []
    for jobs in (1, 2):
        workspace = Workspace(tmp_path / str(jobs))
        trained, progress = [], []
        failures = train_cells(
            cells,
            workspace,
            jobs=jobs,
            progress=lambda done, total, seen=progress: seen.append(done / total),
            finished=lambda cell, outcome, seen=trained: seen.append(cell.key),
        )
        assert failures == {}
        assert sorted(trained) == sorted({cell.key for cell in cells})
        assert progress[-1] == 1.0
        assert progress == sorted(progress)
        assert train_cells(cells, workspace, jobs=jobs, finished=pytest.fail) == {}
        rows.append([numbers(workspace.row(cell)) for cell in cells])
    assert rows[0] == rows[1]
    assert rows[0][0]["test_loss"] != rows[0][1]["test_loss"]


@pytest.mark.slow
def test_a_cell_that_fails_and_a_process_that_dies_leave_the_others_alone(small_cells, workspace):
    (wrong,) = small_cells(2, measures=("no such measure",))
    doomed, *others = small_cells(3, 4, 5)
    doomed = replace(doomed, overrides={**doomed.overrides, "epochs": 20})
    ended, killed = [], []

    def kill_once(done, total):
        # In the middle of the doomed cell: a part of its work is done.
        if len(ended) == 1 and done > round(wrong.work / 1e9) and not killed:
            killed.append(multiprocessing.active_children()[0])
            killed[0].kill()

    failures = train_cells(
        [wrong, doomed, *others],
        workspace,
        jobs=1,
        progress=kill_once,
        finished=lambda cell, outcome: ended.append(cell.key),
    )
    assert "no such measure" in failures[wrong.key]
    assert "status -9" in failures[doomed.key]
    assert len(failures) == 2
    assert all(map(workspace.row, others))


def cannot_start(*_):
    """What a process does that has no TensorFlow, say."""
    raise ImportError("No module named 'tensorflow'")


@pytest.mark.slow
def test_a_process_that_cannot_start_ends_the_sweep(small_cells, workspace, monkeypatch):
    monkeypatch.setattr(pool, "_start_process", cannot_start)
    with pytest.raises(RuntimeError, match=r"could not start; see .*workers\.log"):
        train_cells(small_cells(2, 3), workspace, jobs=1)


@pytest.mark.parametrize("place", ["file", "file/results"])
def test_a_folder_that_cannot_be_written_to_is_refused_before_any_work(
    small_cells, tmp_path, monkeypatch, place
):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(Workspace, "prepare", lambda *_: pytest.fail("data were prepared"))
    with pytest.raises(NotADirectoryError, match=r"Not a directory: .*workers\.log"):
        train_cells(small_cells(2, 3), Workspace(tmp_path / place), jobs=1)
    assert (tmp_path / "file").read_text() == "no folder"


def test_a_cell_is_trained_by_one_process_and_once(small_cells, workspace, monkeypatch):
    (cell,) = small_cells(2)
    row, trained = {"cell": cell.key}, []

    def fit_cell(*_):
        with pytest.raises(RunInUseError):
            workspace.unfinished(cell).lock().__enter__()
        trained.append(cell)
        return row, {}

    monkeypatch.setattr(fitting, "fit_cell", fit_cell)
    with workspace.unfinished(cell).lock():
        outcome = pool._train_cell(0, cell, workspace)
    assert re.search(rf"^RunInUseError: .* is in use: process {os.getpid()} on ", outcome)
    assert not trained
    for _ in range(2):  # the second process has read that no row is there
        assert pool._train_cell(0, cell, workspace) == row
    assert trained == [cell]
    assert [path.name for path in workspace.cells.iterdir()] == [f"{cell.key}.json"]


def test_a_missing_extra_is_said_before_any_work(small_cells, workspace, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r"pip install 'keras-vae\[umap\]'"):
        train_cells(small_cells(2, measures=("latent_map",)), workspace, jobs=1)
    assert not any(workspace.folder.iterdir())


SCRIPT = """
import pickle, sys
from keras_vae.experiments.pool import train_cells
if __name__ == "__main__":
    cells, workspace = pickle.loads(sys.stdin.buffer.read())
    train_cells(cells, workspace, jobs=1)
"""


@pytest.mark.slow
def test_a_killed_sweep_goes_on_with_what_is_missing(small_cells, workspace, tmp_path):
    script = tmp_path / "sweep.py"
    script.write_text(SCRIPT)
    cells = small_cells(2, 3, 4)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, env=environment)
    child.stdin.write(pickle.dumps((cells, workspace)))
    child.stdin.close()
    deadline = time.monotonic() + 300
    while workspace.row(cells[0]) is None:
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    before = {file.name: file.stat().st_mtime_ns for file in workspace.cells.glob("*.json")}
    trained = []
    train_cells(cells, workspace, jobs=1, finished=lambda cell, outcome: trained.append(cell.key))
    assert set(trained) <= {cell.key for cell in cells[1:]}
    after = {file.name: file.stat().st_mtime_ns for file in workspace.cells.glob("*.json")}
    assert {name: after[name] for name in before} == before
    assert len(after) == len(cells)


@pytest.mark.slow
def test_most_of_the_work_comes_first_on_all_threads(small_cells, workspace, monkeypatch):
    small, large = small_cells(2, 3)
    large = large.override(epochs=5)
    monkeypatch.setattr(type(large), "work", property(lambda cell: 10.0 * cell.resolved.epochs))
    started, trained = [], []

    class Pool(pool.ProcessPool):
        def __init__(self, processes, initargs, **options):
            started.append((processes, initargs[-1]))
            super().__init__(processes, initargs=initargs, **options)

    monkeypatch.setattr(pool, "ProcessPool", Pool)
    cells = [small, large]
    assert (
        train_cells(cells, workspace, jobs=2, finished=lambda cell, _: trained.append(cell)) == {}
    )
    assert started == [(1, 2), (1, 1)]  # processes and threads of each
    assert trained == [large, small]
