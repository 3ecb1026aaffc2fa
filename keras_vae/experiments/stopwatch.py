"""Time spent, by the wall and of the processor: on a busy machine the latter says more."""

from __future__ import annotations

import time
from collections.abc import Mapping

CLOCKS = {"seconds": time.perf_counter, "cpu_seconds": time.process_time}


class Stopwatch:
    """Runs from when it is made.

    Args:
        before: Seconds that were spent earlier, by clock; none if it is empty.
    """

    def __init__(self, before: Mapping[str, float] | None = None) -> None:
        spent = before or {}
        self._origin = {name: clock() - spent.get(name, 0.0) for name, clock in CLOCKS.items()}

    def spent(self) -> dict[str, float]:
        """Seconds until now, by clock."""
        return {name: clock() - self._origin[name] for name, clock in CLOCKS.items()}
