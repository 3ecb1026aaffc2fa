"""An .npz file of images: as a data set."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from keras_vae.datasets import arrays

from . import scratch

HAS_MEMBERS = True
NAME = "set.npz"


def seeds() -> Iterator[bytes]:
    """Yield sets with every kind of array, compressed or not."""
    images = np.arange(480, dtype=np.uint8).reshape(2, 12, 20)
    known = {"attributes": np.ones((2, 1), int), "partition": np.arange(2), "labels": np.arange(2)}
    for save in (np.savez, np.savez_compressed):
        yield _written(save, images=images, attribute_names=["Smiling"], **known)
        yield _written(save, x_train=images / 255, y_train=np.ones((2, 1), int), x_test=images)
        yield _written(save, images[:, None].repeat(3, 1).astype(np.int16))


def read(content: bytes) -> None:
    """Read every image."""
    origin = arrays.find(scratch.written(NAME, content), "set")
    for _ in origin.read().payloads():
        pass


def _written(save: object, *arrays: np.ndarray, **named: object) -> bytes:
    buffer = io.BytesIO()
    save(buffer, *arrays, **named)
    return buffer.getvalue()
