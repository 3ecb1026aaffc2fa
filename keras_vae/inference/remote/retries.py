"""Patience with a server that is being started or is overloaded."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from .failures import Unavailable

FIRST, LONGEST = 0.1, 2.0  # seconds before the second try, and before any
SHORTEST = 0.01  # seconds that a try is given: a time-out of none would be a mistake

Answer = TypeVar("Answer")
Waiting = Callable[[str], None]  # told once, in a sentence, what is waited for


def patiently(
    attempt: Callable[[float], Answer],
    server: str,
    timeout: float,
    waiting: Waiting = lambda told: None,
) -> Answer:
    """Try until the server answers, for at most `timeout` seconds.

    The pauses double, each shortened at random, so that many clients do not come back all at once.

    Args:
        attempt: Given the seconds that are left; raises `Unavailable` where another try may help.
        server: Its address, for messages.
        timeout: Seconds for all tries together.
        waiting: Called before the second try.

    Raises:
        ConnectionError: If the server stays unavailable.
        TimeoutError: If it takes a request and does not answer.
    """
    deadline, pause = time.monotonic() + timeout, FIRST
    while True:
        try:
            return attempt(max(deadline - time.monotonic(), SHORTEST))
        except Unavailable as error:
            if time.monotonic() + pause >= deadline:
                raise ConnectionError(f"{error} It was tried for {timeout:g} seconds.") from error
            if pause == FIRST:
                waiting(f"{error} Waiting for it, {timeout:g} seconds at most.")
        except TimeoutError as error:
            raise TimeoutError(f"{server} did not answer within {timeout:g} seconds.") from error
        time.sleep(random.uniform(0.5, 1.0) * pause)
        pause = min(2 * pause, LONGEST)
