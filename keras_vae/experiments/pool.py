"""Processes that train the cells of an experiment; one that dies loses only its own cell."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import closing
from multiprocessing import get_context, parent_process
from multiprocessing.sharedctypes import SynchronizedArray
from pathlib import Path
from typing import TYPE_CHECKING

from pebble import ProcessExpired, ProcessPool

from ..files.atomic import check_free
from ..latent_space.projections import check_method
from .cell import Cell
from .workspace import Row, Workspace

if TYPE_CHECKING:
    from ..files.progress import Progress

# Share of all the work above which a cell on all threads before the others is done sooner than on
# one thread beside them: of two jobs, a / 2 + b < a where b < a / 2.
MOST = 2 / 3
LOG = "workers.log"
EVERY = 0.5  # seconds between two looks at the progress

Finished = Callable[[Cell, Row | str], None]  # with its row, or with its error


def train_cells(
    cells: Sequence[Cell],
    workspace: Workspace,
    *,
    jobs: int,
    preparing: Progress | None = None,
    progress: Progress = lambda done, total: None,
    finished: Finished = lambda cell, outcome: None,
) -> dict[str, str]:
    """Train and measure the cells that are not finished.

    Each cell is trained by a process of one thread, so that its numbers do not depend on `jobs`.
    Only a cell that is most of the work comes first, alone, on as many threads.

    Args:
        cells: The cells, in this order; a cell that is there twice is trained once.
        workspace: Data sets and finished cells.
        jobs: Number of processes.
        preparing: Called with the number of prepared images and their total.
        progress: Called with the work done and its total, in units of 10⁹ operations.
        finished: Called with each cell when it ends.

    Returns:
        The errors, by the key of the cell.

    Raises:
        OSError: If the folder of the results cannot be written to.
        ImportError: If a missing cell draws a latent map, and umap-learn is not installed.
        RuntimeError: If a process cannot start.
    """
    missing = {cell.key: cell for cell in cells if workspace.row(cell) is None}
    if any("latent_map" in cell.measures for cell in missing.values()):
        check_method("umap")
    if missing:
        check_free(workspace.cells / LOG, overwrite=True)
        workspace.cells.mkdir(parents=True, exist_ok=True)
    workspace.prepare(missing.values(), preparing)  # here: two processes must not prepare the same
    total = sum(cell.work for cell in missing.values())
    largest = [cell for cell in missing.values() if cell.work > MOST * total]
    others = [cell for cell in missing.values() if cell not in largest]
    failures: dict[str, str] = {}
    done = 0.0
    for stage, processes, threads in ((largest, 1, jobs), (others, jobs, 1)):
        with closing(_train(stage, workspace, processes, threads)) as events:
            for ended, under_way in events:
                for cell, outcome in ended:
                    done += cell.work
                    if isinstance(outcome, str):
                        failures[cell.key] = outcome
                    finished(cell, outcome)
                progress(round((done + under_way) / 1e9), round(total / 1e9))
    return failures


def _train(
    cells: Sequence[Cell], workspace: Workspace, processes: int, threads: int
) -> Iterator[tuple[list[tuple[Cell, Row | str]], float]]:
    """Train cells in processes of so many threads.

    Yields:
        Now and then, the cells that have ended, and how much of the others' work is done.
    """
    context = get_context("spawn")  # TensorFlow's threads do not survive a fork
    shares = context.Array("d", len(cells))  # of each cell, what is done of it
    start = {"initializer": _start_process, "initargs": (shares, workspace.cells, threads)}
    pool = ProcessPool(max(1, min(processes, len(cells))), **start, context=context)
    try:
        running = {
            pool.schedule(_train_cell, (number, cell, workspace)): number
            for number, cell in enumerate(cells)
        }
        while running:
            futures = wait(running, EVERY, FIRST_COMPLETED).done
            ended = [(cells[running.pop(each)], _outcome(each, workspace)) for each in futures]
            yield ended, sum(shares[number] * cells[number].work for number in running.values())
    finally:
        pool.stop()
        pool.join()


def _outcome(future: Future, workspace: Workspace) -> Row | str:
    log = workspace.cells / LOG
    try:
        return future.result()
    except ProcessExpired as error:
        return f"its process ended with status {error.exitcode}; see {log}"
    except BrokenExecutor as error:
        raise RuntimeError(f"A training process could not start; see {log}.") from error


_shares: SynchronizedArray | None = None  # in a training process


def _start_process(shares: SynchronizedArray, folder: Path, threads: int) -> None:
    """Import TensorFlow, on so many threads; its messages, and those of a crash, go to a log."""
    global _shares
    _shares = shares
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 2)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def _train_cell(number: int, cell: Cell, workspace: Workspace) -> Row | str:
    """Train, measure and save a cell, unless another process has just done so.

    An error is returned as text: not all can be pickled.
    """
    from .fitting import fit_cell

    def report(share: float) -> None:
        _shares[number] = share
        if not parent_process().is_alive():
            os._exit(1)  # nobody waits for the cell; its checkpoint remains

    try:
        with workspace.unfinished(cell).lock():
            if (row := workspace.row(cell)) is None:
                row, arrays = fit_cell(cell, workspace, report)
                workspace.save(cell, row, arrays)
        return row
    except Exception as error:
        return f"{type(error).__name__}: {error}"
