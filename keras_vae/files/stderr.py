"""Messages that C++ libraries write to standard error."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hide what is written to file descriptor 2, unless an exception is raised.

    C++ libraries write to the descriptor, so that `sys.stderr` cannot silence them.
    """
    with tempfile.TemporaryFile() as hidden:
        stderr = os.dup(2)
        try:
            os.dup2(hidden.fileno(), 2)
            yield
        except BaseException:
            hidden.seek(0)
            os.write(stderr, hidden.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
