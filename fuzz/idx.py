"""MNIST's format IDX, packed with gzip or not."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from keras_vae.datasets.idx import read_idx

from . import scratch

NAME = "idx"


def seeds() -> Iterator[bytes]:
    """Yield two images."""
    content = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, *range(24)])
    yield from (content, gzip.compress(content))


def read(content: bytes) -> None:
    """Read the array."""
    read_idx(scratch.written(NAME, content), axes=3)
