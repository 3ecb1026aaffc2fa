"""KMNIST's NumPy files: four .npz files, beside the IDX files of MNIST's layout.

Clanuwat et al. 2018, https://github.com/rois-codh/kmnist.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .arrays import ArrayFile
from .source import Origin, Source

FILES = tuple(
    f"kmnist-{split}-{kind}.npz" for split in ("train", "test") for kind in ("imgs", "labels")
)
SIDE = 28  # pixels

# The ten characters of Hiragana, in the order of the labels.
LABELS = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


def find(location: Path, name: str) -> Origin | None:
    """Find the four files in a folder."""
    files = tuple(location / file for file in FILES)
    if not all(file.is_file() for file in files):
        return None
    size = SIDE, SIDE
    return Origin("NumPy files", location, files, lambda: read(*files), size, 1, "kmnist")


def read(train_images: Path, train_labels: Path, test_images: Path, test_labels: Path) -> Source:
    """Read the four files, each with one array `arr_0`.

    Raises:
        ValueError: If one is damaged, or the numbers of images and labels differ.
    """
    images = [_read(file, (SIDE, SIDE)) for file in (train_images, test_images)]
    labels = [_read(file, ()) for file in (train_labels, test_labels)]
    return Source.of_train_and_test(images, labels, f"The files in {train_images.parent}")


def _read(file: Path, shape: tuple[int, ...]) -> np.ndarray:
    values = ArrayFile(file).plain("arr_0", "np.uint8")
    if values.dtype != np.uint8 or values.shape[1:] != shape:
        raise ValueError(
            f"`arr_0` of {file} must be uint8 {['N', *shape]}. "
            f"Received: {values.dtype} {list(values.shape)}."
        )
    return values
