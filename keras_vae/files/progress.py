"""How long work says how far it is: of a part, of several in turn, and of named stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], None]  # called with (done, total)
# From the name of a stage to a context, within which its progress is called.
Stages: TypeAlias = Callable[[str], AbstractContextManager[Progress | None]]


def silent(name: str) -> AbstractContextManager[None]:
    """A stage without progress."""
    return nullcontext()


def parts_of(progress: Progress | None, sizes: Sequence[int]) -> Iterator[Progress | None]:
    """Split a progress into those of parts that are done one after the other.

    Args:
        progress: Of all; None: the parts have none either.
        sizes: The total of each part.

    Example:
        >>> first, second = parts_of(print, [3, 2])
        >>> second(1, 2)
        4 5
    """
    start, total = 0, sum(sizes)
    for size in sizes:
        yield progress and (lambda done, _, start=start: progress(start + done, total))
        start += size
