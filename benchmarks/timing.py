"""How long calls take: the best of many rounds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Hashable)


def best_of(
    calls: Mapping[Key, Callable[[], Any]], rounds: int, progress: Callable[[int, int], None]
) -> dict[Key, float]:
    """Time every call once in each round; keep the best of each, in seconds.

    Other work on the machine only ever adds to a time, and meets all the calls of a round.

    Args:
        calls: By name.
        rounds: How often.
        progress: Called with the rounds done and their number.
    """
    best = dict.fromkeys(calls, math.inf)
    for number in range(rounds):
        for key, call in calls.items():
            start = time.perf_counter()
            call()
            best[key] = min(best[key], time.perf_counter() - start)
        progress(number + 1, rounds)
    return best
