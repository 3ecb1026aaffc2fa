"""A deadline for waits in which no thread of Python runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Its standard input ends when the context is closed, and when the process ends in any other way.
# Ctrl-C reaches all processes of a terminal: it ends the one that is watched.
_WATCH = """
import os, select, signal, sys

signal.signal(signal.SIGINT, signal.SIG_IGN)
process, seconds, message = sys.argv[1:]
if not select.select([0], [], [], float(seconds))[0]:
    print(message, file=sys.stderr, flush=True)
    os.kill(int(process), signal.SIGKILL)
"""


@contextmanager
def deadline(seconds: float, message: str) -> Iterator[None]:
    """End this process if the context is still open after some seconds.

    A second process watches it: code in C++ may hold the interpreter's lock while it waits.

    Args:
        seconds: Until the process ends.
        message: Why, in a line that is written to standard error.
    """
    words = [sys.executable, "-I", "-S", "-c", _WATCH, str(os.getpid()), str(seconds), message]
    with subprocess.Popen(words, stdin=subprocess.PIPE):  # on leaving, the input is closed
        yield
