"""A process that trains one cell after the other."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from .cell import Cell
from .store import Row
from .workplace import Workplace


def serve(connection: Connection, place: Workplace, threads: int) -> None:
    """Train the cells that come in, until there are no more.

    Sends a float for the share of the cell that is done, then its row, or the text of an error.

    Args:
        connection: To the process that has the cells.
        place: Data and store.
        threads: Of TensorFlow.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    _start_tensorflow(place.store.folder, threads)
    with suppress(EOFError, BrokenPipeError):  # the parent is gone
        connection.send(0.0)  # ready
        while (cell := connection.recv()) is not None:
            connection.send(_attempt(cell, place, connection.send))


def _start_tensorflow(folder: Path, threads: int) -> None:
    """Import TensorFlow on so many threads.

    What its libraries say goes to a log, and so does the cause of a crash.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = os.open(folder / "workers.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 2)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def _attempt(cell: Cell, place: Workplace, report: Callable[[float], None]) -> Row | str:
    from .fitting import carry_out

    try:
        row, arrays = carry_out(cell, place, report)
    except (EOFError, BrokenPipeError):
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    place.store.save(cell, row, arrays)
    return row
