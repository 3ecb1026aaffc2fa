"""Processes that share a list of cells; one that dies takes only its own cell with it."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from .cell import Cell
from .store import Row
from .worker import serve
from .workplace import Workplace

if TYPE_CHECKING:
    from ..datasets.source import Progress

# Share of all the work from which a cell on all threads before the others is sooner done than on
# one beside them: of two jobs, a / 2 + b < a where b < a / 2.
MOST = 2 / 3

Finished = Callable[[Cell, Row | str], None]  # with its row, or with what went wrong


def train_cells(
    cells: Sequence[Cell],
    place: Workplace,
    *,
    jobs: int,
    preparing: Progress | None = None,
    progress: Progress = lambda done, total: None,
    finished: Finished = lambda cell, outcome: None,
) -> dict[str, str]:
    """Carry out the cells that are not in the store yet.

    Each goes to a process of one thread, so what a cell measures does not depend on `jobs`; but one
    that is most of the work comes first, alone, on as many threads.

    Args:
        cells: What to train, in this order; the same cell twice is trained once.
        place: Data and store.
        jobs: Processes.
        preparing: Called with the images prepared and their total, where data is not ready yet.
        progress: Called with the work done and its total, in units of 10⁹ operations.
        finished: Called with each cell as it ends.

    Returns:
        What went wrong, by the key of the cell.

    Raises:
        RuntimeError: If a process ends before it is ready for its first cell.
    """
    missing = {cell.key: cell for cell in cells if place.store.row(cell) is None}
    place.prepare(missing.values(), preparing)  # here: two workers must not prepare the same
    total = sum(cell.work for cell in missing.values())
    alone = [cell for cell in missing.values() if cell.work > MOST * total]
    others = [cell for cell in missing.values() if cell not in alone]
    crew = _Crew(total, place, progress, finished)
    try:
        crew.work(alone, jobs=1, threads=jobs)
        crew.work(others, jobs=jobs, threads=1)
    finally:
        crew.dismiss()
    return crew.failures


class _Crew:
    """The workers, what each is at, and how far the whole is."""

    def __init__(
        self, total: float, place: Workplace, progress: Progress, finished: Finished
    ) -> None:
        self.total = total
        self.place = place
        self.progress = progress
        self.finished = finished
        self.done = 0.0
        self.queue: deque[Cell] = deque()
        self.threads = 1
        self.workers: list[_Worker] = []
        self.failures: dict[str, str] = {}

    def work(self, cells: Iterable[Cell], *, jobs: int, threads: int) -> None:
        """Go through cells, in so many processes of so many threads."""
        self.queue = deque(cells)
        self.threads = threads
        self.workers = [self._hire() for _ in range(min(jobs, len(self.queue)))]
        self._assign(self.workers)
        while busy := {worker.connection: worker for worker in self.workers if worker.cell}:
            for connection in wait(list(busy)):
                self._hear(busy[connection])
            under_way = sum(
                worker.share * worker.cell.work for worker in self.workers if worker.cell
            )
            self.progress(round((self.done + under_way) / 1e9), round(self.total / 1e9))

    def dismiss(self) -> None:
        """End every worker, whatever it is at."""
        for worker in self.workers:
            worker.end()

    def _hire(self) -> _Worker:
        return _Worker(self.place, self.threads)

    def _assign(self, workers: Iterable[_Worker]) -> None:
        for worker in workers:
            worker.take(self.queue.popleft() if self.queue else None)

    def _hear(self, worker: _Worker) -> None:
        try:
            message = worker.connection.recv()
        except (EOFError, ConnectionError):
            message = worker.end(patience=5.0)
            if not worker.ready:  # the next one would fare no better
                raise RuntimeError(f"A worker could not start: {message}.") from None
        worker.ready = True
        if isinstance(message, float):
            worker.share = message
            return
        self.done += worker.cell.work
        if isinstance(message, str):
            self.failures[worker.cell.key] = message
        self.finished(worker.cell, message)
        if worker.dead:
            self.workers.remove(worker)
            if not self.queue:
                return
            worker = self._hire()
            self.workers.append(worker)
        self._assign([worker])


class _Worker:
    """A process, and the cell that it is at."""

    def __init__(self, place: Workplace, threads: int) -> None:
        context = multiprocessing.get_context("spawn")  # TensorFlow's threads survive no fork
        self.connection, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other, place, threads), daemon=True)
        self.process.start()
        other.close()  # so that the death of the process is heard
        self.cell: Cell | None = None
        self.share = 0.0
        self.ready = False  # whether it was ever heard of
        self.dead = False

    def take(self, cell: Cell | None) -> None:
        """Begin a cell; None ends the process."""
        self.cell, self.share = cell, 0.0
        with suppress(BrokenPipeError):  # it died; whoever listens to it will notice
            self.connection.send(cell)

    def end(self, patience: float = 0.0) -> str:
        """Kill the process, unless it ends by itself in so many seconds, and tell how it ended."""
        self.dead = True
        self.process.join(patience)
        self.process.kill()
        self.process.join()
        self.connection.close()
        return f"its process ended with status {self.process.exitcode}; see workers.log"
