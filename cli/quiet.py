"""TensorFlow, imported when the command needs it."""

from __future__ import annotations


def load_tensorflow() -> None:
    """Import TensorFlow; `import keras_vae` makes this silent."""
    import tensorflow  # noqa: F401
