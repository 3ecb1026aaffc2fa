"""MNIST's IDX files, gzipped or not: the layout in which MNIST and Fashion-MNIST are distributed.

http://yann.lecun.com/exdb/mnist describes the format.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from .source import Origin, Source
from .splits import SPLITS

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)

_GZIP = b"\x1f\x8b"  # the first bytes of a gzipped file
_UNSIGNED_BYTE = 8  # the type's number in an IDX file


def find(location: Path, name: str) -> Origin | None:
    """Find the four files in a folder."""
    files = [_existing(location, stem) for stem in FILES]
    if None in files:
        return None
    size = read_idx(files[2], axes=3).shape[1:]  # of the test images, which are fewer
    return Origin("IDX files", location, tuple(files), lambda: read(*files), size, channels=1)


def read(train_images: Path, train_labels: Path, test_images: Path, test_labels: Path) -> Source:
    """Read the four files.

    Raises:
        ValueError: If one is damaged, or the numbers of images and labels differ.
    """
    images = [read_idx(file, axes=3) for file in (train_images, test_images)]
    labels = [read_idx(file, axes=1) for file in (train_labels, test_labels)]
    sizes = [len(part) for part in images]
    if sizes != [len(part) for part in labels] or images[0].shape[1:] != images[1].shape[1:]:
        raise ValueError(
            f"The IDX files in {train_images.parent} must have a label for each image. Received: "
            f"images {sizes}, labels {[len(part) for part in labels]}."
        )
    return Source(
        count=sum(sizes),
        payloads=lambda: (image for part in images for image in part),
        partition=np.repeat(np.array([SPLITS["train"], SPLITS["test"]], np.int8), sizes),
        labels=np.concatenate(labels).astype(np.int64),
    )


def read_idx(file: Path, axes: int) -> np.ndarray:
    """Read one IDX file of bytes, gzipped or not.

    Args:
        file: The file.
        axes: Number of axes: 3 for images, 1 for labels.

    Returns:
        uint8, with the dimensions that the file states.

    Raises:
        ValueError: If the file is damaged or is no IDX file of bytes with so many axes.
    """
    try:
        content = file.read_bytes()
        # Browsers unpack a download and keep its `.gz`: the first bytes decide, not the name.
        content = gzip.decompress(content) if content.startswith(_GZIP) else content
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{file} is damaged: {error}.") from error
    start = 4 + 4 * axes
    if len(content) < start or content[:4] != bytes([0, 0, _UNSIGNED_BYTE, axes]):
        raise ValueError(f"{file} is not an IDX file of unsigned bytes with {axes} axes.")
    shape = np.frombuffer(content[4:start], ">u4").astype(int)
    if len(content) != start + shape.prod():
        raise ValueError(
            f"{file} must hold {shape.prod()} bytes of data. Received: {len(content) - start}."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _existing(folder: Path, stem: str) -> Path | None:
    # Some archives spell the names with a dot: train-images.idx3-ubyte.
    spellings = (stem, stem.replace("-idx", ".idx"))
    files = (folder / (spelling + end) for spelling in spellings for end in (".gz", ""))
    return next(filter(Path.is_file, files), None)
