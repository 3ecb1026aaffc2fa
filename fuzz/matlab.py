"""A MATLAB file."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from scipy.io import savemat

from keras_vae.datasets.matlab import read_matrices

from . import scratch

NAME = "set.mat"


def seeds() -> Iterator[bytes]:
    """Yield matrices in each format that SciPy writes."""
    matrices = {"ff": np.arange(12, dtype=np.uint8).reshape(3, 4), "y": np.ones((2, 1))}
    for options in ({}, {"do_compression": True}, {"format": "4"}):
        buffer = io.BytesIO()
        savemat(buffer, matrices, **options)
        yield buffer.getvalue()


def read(content: bytes) -> None:
    """Read every matrix."""
    read_matrices(scratch.written(NAME, content))
