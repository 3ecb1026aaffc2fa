"""MNIST's IDX files, gzipped or not: the layout in which MNIST and Fashion-MNIST are distributed.

http://yann.lecun.com/exdb/mnist describes the format.
"""

from __future__ import annotations

import gzip
import math
import zlib
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from ..files.limits import IMAGES_PER_BYTE, check_count, check_unpacked
from ..files.regular import content_kind, open_regular
from .source import Origin, Source

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
    return Source.of_train_and_test(images, labels, f"The IDX files in {train_images.parent}")


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
    start = 4 + 4 * axes
    try:
        with open_regular(file) as packed:
            # Browsers unpack a download and keep its `.gz`: the first bytes decide, not the name.
            is_packed = packed.read(2) == _GZIP
            packed.seek(0)
            with gzip.open(packed) if is_packed else nullcontext(packed) as stream:
                head = stream.read(start)
                if len(head) < start or head[:4] != bytes([0, 0, _UNSIGNED_BYTE, axes]):
                    kind = content_kind(head)
                    raise ValueError(
                        f"{file} is not an IDX file of unsigned bytes with {axes} axes"
                        f"{f': it is {kind}' if kind else ''}."
                    )
                shape = np.frombuffer(head[4:], ">u4").astype(int)
                expected = math.prod(shape.tolist())
                if not expected:
                    raise ValueError(f"{file} must hold data. Received: {shape.tolist()}.")
                size = file.stat().st_size
                check_unpacked(str(file), expected, size, in_memory=is_packed)
                if axes > 1:
                    count = int(shape[0])
                    check_count(str(file), "images", count, size, per_byte=IMAGES_PER_BYTE)
                content = stream.read(expected + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{file} is damaged: {error}.") from error
    if len(content) != expected:
        received = "more" if len(content) > expected else f"{len(content):,}"
        raise ValueError(f"{file} must hold {expected:,} bytes of data. Received: {received}.")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _existing(folder: Path, stem: str) -> Path | None:
    # Some archives spell the names with a dot: train-images.idx3-ubyte.
    spellings = (stem, stem.replace("-idx", ".idx"))
    files = (folder / (spelling + end) for spelling in spellings for end in (".gz", ""))
    return next(filter(Path.is_file, files), None)
