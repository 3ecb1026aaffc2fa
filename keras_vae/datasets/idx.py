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
_UNSIGNED_BYTES = b"\0\0\x08"  # the first bytes of an IDX file of them


def find(location: Path, name: str) -> Origin | None:
    """Find the four files in a folder."""
    files = [_existing(location, stem) for stem in FILES]
    if None in files:
        return None
    size = read_size(files[0])
    return Origin(
        "IDX files", location, tuple(files), lambda: read(*files), image_size=size, channels=1
    )


def read(train_images: Path, train_labels: Path, test_images: Path, test_labels: Path) -> Source:
    """Read the four files.

    Raises:
        ValueError: If one is damaged, or the numbers of images and labels differ.
    """
    images = [read_idx(train_images), read_idx(test_images)]
    labels = [read_idx(train_labels), read_idx(test_labels)]
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


def read_size(file: Path) -> tuple[int, int]:
    """Read height and width from the header of a file of images.

    Raises:
        ValueError: If the file is damaged or holds no images.
    """
    header = _content(file, 16)
    if len(header) < 16 or header[:4] != _UNSIGNED_BYTES + b"\3":
        raise ValueError(f"{file} is not an IDX file of images.")
    return int.from_bytes(header[8:12], "big"), int.from_bytes(header[12:16], "big")


def read_idx(file: Path) -> np.ndarray:
    """Read one IDX file of bytes.

    Returns:
        uint8, with the dimensions that the file states.

    Raises:
        ValueError: If the file is damaged or is no IDX file of bytes.
    """
    content = _content(file)
    if len(content) < 4 or content[:3] != _UNSIGNED_BYTES or len(content) < 4 + 4 * content[3]:
        raise ValueError(f"{file} is not an IDX file of unsigned bytes.")
    start = 4 + 4 * content[3]
    shape = np.frombuffer(content[4:start], ">u4").astype(int)
    if len(content) != start + shape.prod():
        raise ValueError(
            f"{file} must hold {shape.prod()} bytes of data. Received: {len(content) - start}."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _content(file: Path, size: int = -1) -> bytes:
    """Read the first bytes of a file, by default all, and unpack them if they are gzipped.

    Browsers unpack a download and keep its `.gz`: the first bytes decide, not the name.
    """
    try:
        with file.open("rb") as stream:
            gzipped = stream.read(len(_GZIP)) == _GZIP
        with gzip.open(file) if gzipped else file.open("rb") as stream:
            return stream.read(size)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{file} is damaged: {error}.") from error


def _existing(folder: Path, stem: str) -> Path | None:
    # Some archives spell the names with a dot: train-images.idx3-ubyte.
    spellings = (stem, stem.replace("-idx", ".idx"))
    files = (folder / (spelling + end) for spelling in spellings for end in (".gz", ""))
    return next(filter(Path.is_file, files), None)
