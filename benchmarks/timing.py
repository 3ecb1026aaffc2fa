"""Times of calls: the best of many rounds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

from keras_vae.files.progress import Progress

Key = TypeVar("Key", bound=Hashable)


def best_of(
    calls: Mapping[Key, Callable[[], Any]], rounds: int, progress: Progress
) -> dict[Key, float]:
    """Measure every call once in each round; return the best time of each, in seconds.

    Other work on the machine only increases a time, and affects all calls of a round.

    Args:
        calls: Calls by name.
        rounds: Number of rounds.
        progress: Called with the number of completed rounds and of all rounds.
    """
    best = dict.fromkeys(calls, math.inf)
    for number in range(rounds):
        for key, call in calls.items():
            start = time.perf_counter()
            call()
            best[key] = min(best[key], time.perf_counter() - start)
        progress(number + 1, rounds)
    return best
