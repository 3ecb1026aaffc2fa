"""Frey Faces: 1,965 frames of one man's face, in Sam Roweis's MATLAB file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .matlab import read_matrices
from .source import Origin, Source

FILES = ("frey_rawface.mat",)
HEIGHT, WIDTH = 28, 20


def find(location: Path, name: str) -> Origin | None:
    """Find the file: itself, or in its folder."""
    file = location / FILES[0] if location.is_dir() else location
    if file.suffix != ".mat" or not file.is_file():
        return None
    size = HEIGHT, WIDTH
    return Origin("MATLAB file", file, (file,), lambda: read(file), size, 1, dataset="frey")


def read(file: Path) -> Source:
    """Read the faces, `ff`: uint8 [560, N], one column for each frame.

    Raises:
        ValueError: If the file is damaged or holds no such matrix.
    """
    columns = read_matrices(file).get("ff")
    if columns is None or columns.dtype != np.uint8 or columns.shape[:1] != (HEIGHT * WIDTH,):
        received = "none" if columns is None else f"{columns.dtype} {list(columns.shape)}"
        raise ValueError(f"{file} must hold a matrix `ff`, uint8 [560, N]. Received: {received}.")
    images = columns.T.reshape(-1, HEIGHT, WIDTH)
    return Source(len(images), lambda: iter(images))
