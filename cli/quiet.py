"""TensorFlow without its start-up messages."""

from __future__ import annotations

import os
import sys
import tempfile


def load_tensorflow() -> None:
    """Import TensorFlow without its messages on file descriptor 2, unless the import fails.

    Its C++ libraries write to the descriptor before any log level is read, so neither
    TF_CPP_MIN_LOG_LEVEL nor `sys.stderr` can silence them.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryFile() as sink:
        stderr = os.dup(2)
        try:
            os.dup2(sink.fileno(), 2)
            import tensorflow  # noqa: F401
        except BaseException:
            sink.seek(0)
            os.write(stderr, sink.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
