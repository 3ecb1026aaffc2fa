"""What an input may do: be read, or be refused in one line, within a time and a memory."""

from __future__ import annotations

import resource
import time
import warnings
from types import ModuleType

SECONDS = 10.0  # of processor time
MEMORY = 2**30  # bytes by which the largest memory of the process may grow
LONGEST = 5000  # letters of a message


class Finding(AssertionError):
    """An input did what none may do."""


def judge(target: ModuleType, content: bytes) -> None:
    """Give an input to a target.

    Raises:
        Finding: If it takes too long or too much memory, warns, or is refused in more than one
            line, or without the name of the file where the target has one.
        Exception: Any other error than ValueError and OSError.
    """
    began, memory = time.process_time(), _largest_memory()
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", RuntimeWarning)  # NumPy's, which a user would see
        warnings.filterwarnings("ignore", module=r"PIL\.")  # as in the command
        try:
            target.read(content)
        except (ValueError, OSError) as error:
            _judge_message(str(error), getattr(target, "NAME", ""))
    if noted:
        raise Finding(f"a warning: {noted[0].message} ({noted[0].filename}:{noted[0].lineno})")
    if (seconds := time.process_time() - began) > SECONDS:
        raise Finding(f"{seconds:.0f} seconds of processor time")
    if (grown := _largest_memory() - memory) > MEMORY:
        raise Finding(f"{grown / 2**20:,.0f} MiB more memory")


def _judge_message(message: str, name: str) -> None:
    if len(message.splitlines()) != 1 or not message.strip():
        raise Finding(f"a message that is not one line: {message!r}")
    if len(message) > LONGEST:
        raise Finding(f"a message of {len(message):,} letters: {message[:200]!r} …")
    if name not in message:
        raise Finding(f"a message without the name of the file: {message!r}")


def _largest_memory() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
