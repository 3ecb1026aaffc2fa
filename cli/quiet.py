"""TensorFlow without its start-up messages."""

from __future__ import annotations

import os
import sys

from keras_vae.files.stderr import quiet_stderr


def load_tensorflow() -> None:
    """Import TensorFlow without its messages on file descriptor 2, unless the import fails.

    Its C++ libraries write some of them before they read TF_CPP_MIN_LOG_LEVEL.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        import tensorflow  # noqa: F401
