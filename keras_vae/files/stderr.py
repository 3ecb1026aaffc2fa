"""Messages that C++ libraries write to standard error."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

_redirecting = threading.RLock()  # two threads would restore each other's redirection


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hide what is written to file descriptor 2, unless an error is raised; Ctrl-C is none.

    C++ libraries write to the descriptor, so that `sys.stderr` cannot silence them.
    """
    with _redirected() as (hidden, stderr):
        try:
            yield
        except Exception:
            hidden.seek(0)
            os.write(stderr, hidden.read())
            raise


@contextmanager
def discarded_stderr() -> Iterator[None]:
    """Hide what is written to file descriptor 2, also where an error is raised that says it."""
    with _redirected():
        yield


@contextmanager
def _redirected() -> Iterator[tuple[IO[bytes], int]]:
    """Write file descriptor 2 to a file; yield the file, and the descriptor that it was."""
    with _redirecting, tempfile.TemporaryFile() as hidden:
        stderr = os.dup(2)
        try:
            os.dup2(hidden.fileno(), 2)
            yield hidden, stderr
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
