"""The backend of Keras, which must be TensorFlow where models are built and trained.

The import of this module refuses another backend; packages that need Keras import it first.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def check_backend() -> None:
    """Refuse another backend, if possible before Keras tries to import it.

    Raises:
        ImportError: If Keras has, or will have, another backend than TensorFlow.
    """
    keras: Any = sys.modules.get("keras")
    backend = keras.config.backend() if keras else os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        raise ImportError(
            "keras_vae builds and trains models with Keras's backend 'tensorflow'. Received: "
            f"{backend!r}, from the environment variable KERAS_BACKEND or ~/.keras/keras.json. Set "
            "os.environ['KERAS_BACKEND'] = 'tensorflow' before Keras is imported, or restart "
            "Python."
        )


check_backend()
