"""What every source of images gives: where it was found, and its images one after another."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files.photos import ALIGNED_CROP, ALIGNED_SIZE

# An image before preparation: a file, the bytes of one, or pixels uint8 [H, W] or [H, W, C].
Payload = Path | bytes | np.ndarray

IMAGE_SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"
)  # fmt: skip

Progress = Callable[[int, int], None]  # takes what is done and the total


def native_size(height: int, width: int) -> tuple[int, int]:
    """Return the size as it is; of an aligned CelebA photo, that of its central square."""
    if (width, height) == ALIGNED_SIZE:
        return ALIGNED_CROP, ALIGNED_CROP
    return height, width


@dataclass(frozen=True, eq=False)
class Source:
    """The images of a data set before preparation, and what is known of each.

    Attributes:
        count: Number of images, N.
        name_of: The name of image i, for reports.
        payloads: Starts a pass over the images in order; nothing is held that is not in use.
        partition: int8 [N]: 0 train, 1 validation, 2 test; None where the set has no split.
        attributes: int8 [N, A] of +1 and −1, or None.
        attribute_names: A names.
        labels: int64 [N], or None.
        missing: Images that the set's lists name and that are not there.
        unlisted: Images that are there and that no list names; they are left out.
    """

    count: int
    name_of: Callable[[int], str]
    payloads: Callable[[], Iterator[Payload]]
    partition: np.ndarray | None = None
    attributes: np.ndarray | None = None
    attribute_names: tuple[str, ...] = ()
    labels: np.ndarray | None = None
    missing: int = 0
    unlisted: int = 0


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a data set was found. Nothing has been read yet, so making one is cheap.

    Attributes:
        description: What it is, in words.
        location: The file or folder; None for sets that are not read from a given place.
        files: The files whose sizes and times tell whether the set has changed; a folder stands
            for all the images in it.
        read: Opens the set.
        image_size: Native height and width; None where the images themselves must tell.
        channels: 1 or 3, unless another number is asked for.
        dataset: Which known set the images are, a key of `DATASETS`, whatever the file or folder is
            called; None for anybody's own. It says nothing of pixels, so no fingerprint holds it.
    """

    description: str
    location: Path | None
    files: tuple[Path, ...]
    read: Callable[[], Source]
    image_size: tuple[int, int] | None = None
    channels: int = 3
    dataset: str | None = None

    def fingerprint(self) -> str:
        """Hash the description and each file's path, size and modification time."""
        rows = [self.description]
        for file in self.files:
            if file.is_dir():
                entries = image_entries(file.absolute())
                rows += sorted(_row(entry.path, entry.stat()) for entry in entries)
            else:
                rows.append(_row(str(file.absolute()), file.stat()))
        return hashlib.sha256("\n".join(rows).encode(errors="surrogateescape")).hexdigest()


def _row(path: str, status: os.stat_result) -> str:
    return f"{path}\0{status.st_size}\0{status.st_mtime_ns}"


def image_entries(folder: str | Path) -> Iterator[os.DirEntry[str]]:
    """Walk over the files of a folder that look like images; what is hidden is left out.

    CelebA's folder has 202,599 of them and is looked through at each start: no `Path` is made.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX")):
                continue
            if entry.name.lower().endswith(IMAGE_SUFFIXES):
                yield entry
            elif entry.is_dir(follow_symlinks=False):  # a link may lead in circles
                yield from image_entries(entry.path)
