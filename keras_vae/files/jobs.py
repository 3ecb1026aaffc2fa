"""Whole-set jobs: a stream of inputs, read one by one, computed in batches, written as they come.

A job has four parts: named inputs; `read`, which makes the rows of one input; `compute`, which maps
a batch to a batch; and `write`. None of them knows how many inputs there are, and only a few
batches are in memory at any time. A pipeline of Ray Data has the same parts: `flat_map`,
`map_batches` and a sink.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias, TypeVar

import numpy as np

from .naming import first_line, printable
from .progress import Progress

Input = TypeVar("Input")
Row: TypeAlias = Mapping[str, Any]  # column → value of one row
Batch: TypeAlias = dict[str, Any]  # column → values of B rows: an array [B, …] or a list

BATCH = 128  # rows
READERS = min(4, os.cpu_count() or 1)  # threads: Pillow and LiteRT release Python's lock
AHEAD = 2 * READERS  # inputs that are read before they are needed


@dataclass(frozen=True)
class LeftOut:
    """An input that could not be read.

    Attributes:
        name: Its name.
        reason: The reason, as a sentence.
    """

    name: str
    reason: str

    def __str__(self) -> str:
        name = printable(self.name)
        named = self.reason.partition(" is ")[0].endswith(name)  # "photo.jpg is damaged"
        return self.reason if named else f"{name}: {self.reason}"


def run_job(
    inputs: Iterable[tuple[str, Input]],
    read: Callable[[str, Input], Iterable[Row]],
    write: Callable[[Batch], Any],
    *,
    compute: Callable[[Batch], Batch] = lambda batch: batch,
    batch: int = BATCH,
    total: int | None = None,
    progress: Progress | None = None,
) -> list[LeftOut]:
    """Run a job. An input that cannot be read is left out, and the others go on.

    Args:
        inputs: Names and inputs.
        read: Makes the rows of an input, of a name and the input; a ValueError or OSError leaves
            the input out. Called in several threads.
        write: Called with one computed batch after another, in the order of the inputs.
        compute: Maps a batch to the columns that are written.
        batch: Rows in a batch; the last one may be smaller.
        total: Number of inputs, for `progress`; None if it is not known.
        progress: Called with the inputs done and their total.

    Returns:
        The inputs that were left out, in their order.

    Raises:
        ValueError: If inputs were left out and nothing was written.
    """
    left_out: list[LeftOut] = []
    written = 0
    rows = _rows(read_ahead(inputs, read), left_out, total, progress)
    while some := list(islice(rows, batch)):
        write(compute(_batch(some)))
        written += len(some)
    if left_out and not written:
        first, count = str(left_out[0]), len(left_out)
        raise ValueError(first if count == 1 else f"None of {count} inputs can be used. {first}")
    return left_out


def _rows(
    results: Iterable[tuple[str, list[Row] | Exception]],
    left_out: list[LeftOut],
    total: int | None,
    progress: Progress | None,
) -> Iterator[Row]:
    """Yield the rows of inputs, and list those that were left out."""
    for done, (name, result) in enumerate(results, start=1):
        if isinstance(result, Exception):
            left_out.append(LeftOut(name, first_line(result)))
        else:
            yield from result
        if progress and total is not None:
            progress(done, total)


def read_ahead(
    inputs: Iterable[tuple[str, Input]], read: Callable[[str, Input], Iterable[Row]]
) -> Iterator[tuple[str, list[Row] | Exception]]:
    """Read inputs in threads, in order, with a bounded number in memory.

    Args:
        inputs: Names and inputs.
        read: See `run_job`.

    Yields:
        The name of each input, and its rows, or why it cannot be read.
    """

    def attempt(name: str, each: Input) -> tuple[str, list[Row] | Exception]:
        try:
            return name, list(read(name, each))
        except (ValueError, OSError) as error:
            return name, error

    waiting: deque[Future] = deque()
    pool = ThreadPoolExecutor(READERS)
    try:
        for name, each in inputs:
            waiting.append(pool.submit(attempt, name, each))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        for future in waiting:
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _batch(rows: list[Row]) -> Batch:
    """Collect the columns of rows; arrays are stacked."""
    return {
        column: np.stack(values) if isinstance(values[0], np.ndarray | np.generic) else values
        for column, values in ((key, [row[key] for row in rows]) for key in rows[0])
    }
