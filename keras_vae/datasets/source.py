"""What every source of images provides: where it was found, and its images one after another."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files.jobs import Progress as Progress
from ..files.jobs import Row
from ..files.photos import ALIGNED_CROP, ALIGNED_SIZE

# An image before preparation: a file, the bytes of one, or pixels uint8 [H, W] or [H, W, C].
Payload = Path | bytes | np.ndarray

IMAGE_SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"
)  # fmt: skip


def native_size(height: int, width: int) -> tuple[int, int]:
    """Return the size unchanged; for an aligned CelebA photo, that of its central square."""
    if (width, height) == ALIGNED_SIZE:
        return ALIGNED_CROP, ALIGNED_CROP
    return height, width


def label_name(label: int, names: Sequence[str]) -> str:
    """Return the name of a label; its number, if it has none."""
    return names[label] if 0 <= label < len(names) else str(label)


@dataclass(frozen=True, eq=False)
class Source:
    """The images of a data set before preparation, and what is known of each.

    Attributes:
        count: Number of images, N.
        payloads: Starts a pass over the images in order; each is read when it is needed.
        name_of: The name of an image by its index: its path in the set, where it is a file.
        partition: int8 [N]: 0 train, 1 validation, 2 test; None where the set has no split.
        attributes: int8 [N, A] of +1 and −1, or None.
        attribute_names: A names.
        labels: int64 [N], or None.
        label_names: Name of each label, where they have names.
        missing: Number of images that the set's lists name and that do not exist.
        unlisted: Number of images that exist and that no list names; they are left out.
    """

    count: int
    payloads: Callable[[], Iterator[Payload]]
    name_of: Callable[[int], str] = "image {}".format
    partition: np.ndarray | None = None
    attributes: np.ndarray | None = None
    attribute_names: tuple[str, ...] = ()
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    missing: int = 0
    unlisted: int = 0

    def label_name(self, label: int) -> str:
        """Return the name of a label; its number, if labels have no names."""
        return label_name(label, self.label_names)

    def rows(self, chosen: Container[int] | None = None) -> Iterator[tuple[str, Row]]:
        """Yield the name of each image, with what a job needs to know.

        Args:
            chosen: Indices of the images; None for all.

        Returns:
            Names and rows: `index`; `payload`; and what is known of `label`, `attributes` and
            `partition`.
        """
        kinds = {"label": self.labels, "attributes": self.attributes, "partition": self.partition}
        known = {kind: values for kind, values in kinds.items() if values is not None}
        for index, payload in enumerate(self.payloads()):
            if chosen is None or index in chosen:
                facts = {kind: values[index] for kind, values in known.items()}
                yield self.name_of(index), {"index": index, "payload": payload, **facts}


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a data set was found, and how its images are prepared. Nothing has been read yet.

    Attributes:
        description: What it is, in words.
        location: The file or folder; None for sets that are not read from a given place.
        files: The files whose sizes and times show whether the set has changed; a folder means all
            the images in it.
        read: Opens the set.
        image_size: Height and width, by default the native ones; None where only the images
            themselves show them.
        channels: 1 or 3.
        dataset: Which known set the images are, a key of `DATASETS`; None for other images. It
            changes no pixels, so it is no part of the fingerprint.
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
            path = file.absolute()
            entries = image_entries(path) if file.is_dir() else [path]
            found = sorted((os.fspath(entry), entry.stat()) for entry in entries)
            rows += [f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}" for name, stat in found]
        return hashlib.sha256("\n".join(rows).encode(errors="surrogateescape")).hexdigest()


def image_entries(folder: str | Path) -> Iterator[os.DirEntry[str]]:
    """Yield the files in a folder and its subfolders with an image's suffix, except hidden ones.

    CelebA's folder has 202,599 of them and is searched at each start: no `Path` is made.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX")):
                continue
            if entry.name.lower().endswith(IMAGE_SUFFIXES):
                yield entry
            elif entry.is_dir(follow_symlinks=False):  # a link may lead in circles
                yield from image_entries(entry.path)
