"""Street View House Numbers, cropped digits: MATLAB files of 32×32 pixels.

http://ufldl.stanford.edu/housenumbers describes the format ("Format 2"). The 531,131 images of
extra_32x32.mat belong to no official split and are not read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .matlab import read_matrices
from .source import Origin, Source

FILES = ("train_32x32.mat", "test_32x32.mat")
SIDE = 32  # pixels


def find(location: Path, name: str) -> Origin | None:
    """Find both files in a folder."""
    files = tuple(location / file for file in FILES)
    if not all(file.is_file() for file in files):
        return None
    return Origin(
        "MATLAB files", location, files, lambda: read(*files), (SIDE, SIDE), dataset="svhn"
    )


def read(train: Path, test: Path) -> Source:
    """Read the files: `X`, uint8 [32, 32, 3, N], and `y` [N, 1], 10 for the digit 0.

    Raises:
        ValueError: If one is damaged or holds no such matrices.
    """
    images, labels = zip(*map(_read, (train, test)), strict=True)
    digits = [part % 10 for part in labels]
    return Source.of_train_and_test(images, digits, f"The files in {train.parent}")


def _read(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read images [N, 32, 32, 3] and labels [N]."""
    matrices = read_matrices(file)
    images, labels = matrices.get("X", np.empty(0)), matrices.get("y", np.empty(0)).ravel()
    if (
        images.dtype != np.uint8
        or images.shape != (SIDE, SIDE, 3, len(labels))
        or not np.isin(labels, np.arange(11)).all()
    ):
        raise ValueError(
            f"{file} must hold `X`, uint8 [{SIDE}, {SIDE}, 3, N], and `y`, [N, 1] of 0 … 10. "
            f"Received: {images.dtype} {list(images.shape)} and {len(labels)} labels."
        )
    return np.moveaxis(images, 3, 0), labels.astype(np.int64)
