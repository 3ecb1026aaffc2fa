"""CelebA as distributed: aligned photos in a zip or a folder, and the lists that go with them.

The Kaggle copy is the same with one more level of folders and with commas in the lists.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..files.photos import ALIGNED_CROP
from .source import IMAGE_SUFFIXES, Origin, Payload, Source, image_entries

FILES = (
    "img_align_celeba.zip or img_align_celeba/",
    "list_attr_celeba.txt or .csv",
    "list_eval_partition.txt or .csv",
)

# The folder of photos, the innermost if it is nested as Kaggle's, or else the zip.
_PHOTOS = ("img_align_celeba/img_align_celeba", "img_align_celeba", "img_align_celeba.zip")

# The folders of the official download; "" where all files are in one folder.
_FOLDERS = ("", "Img", "Anno", "Eval")


def find(location: Path, name: str) -> Origin | None:
    """Find photos and lists in a folder; or a zip of photos with the lists beside it."""
    folder = location if location.is_dir() else location.parent
    attributes = _first(folder, "list_attr_celeba.txt", "list_attr_celeba.csv")
    partition = _first(folder, "list_eval_partition.txt", "list_eval_partition.csv")
    photos = _first(folder, *_PHOTOS) if location.is_dir() else location
    if attributes is None or partition is None or photos is None:
        return None
    kind = "folder" if photos.is_dir() else photos.suffix.removeprefix(".")
    if kind not in _READERS:
        return None
    return Origin(
        f"CelebA as distributed, {kind}",
        location,
        (attributes, partition, photos),
        partial(_READERS[kind], photos, attributes, partition),
        image_size=(ALIGNED_CROP, ALIGNED_CROP),
        dataset="celeba",
    )


@dataclass(frozen=True, eq=False)
class ListFile:
    """The content of one of CelebA's lists for the images that exist.

    Attributes:
        total: Number of images that the list names, whether they exist or not.
        columns: Names of the columns; "partition" where the list has no header.
        values: For each image that exists, by its file name, int8 [columns].
    """

    total: int
    columns: tuple[str, ...]
    values: dict[bytes, np.ndarray]


def read_list(file: Path, present: Container[bytes]) -> ListFile:
    """Read the lines of a list that describe images that exist.

    Args:
        file: A list with one line per image, in CelebA's format (blanks) or Kaggle's (commas).
        present: File names of the images that exist.

    Raises:
        ValueError: If a line has more or fewer values than the header, or no whole numbers.
    """
    lines = file.read_bytes().replace(b",", b" ").splitlines()
    # Before the first image come the number of images and the header, the header alone, or nothing.
    start = next((i for i, line in enumerate(lines[:3]) if b"." in line.partition(b" ")[0]), None)
    if start is None:
        raise ValueError(f"{file} must name an image in one of its first three lines.")
    header = lines[start - 1].split() if start else [b"partition"]
    columns = tuple(item.decode() for item in header if item != b"image_id")
    # Only the lines that are needed are parsed: the list names 202,599 images.
    rows = [row for line in lines[start:] if (row := line.partition(b" "))[0] in present]
    shape, values = (len(rows), len(columns)), np.empty((0, len(columns)), np.int8)
    try:
        if rows:
            values = np.loadtxt([row[2] for row in rows], np.int8, ndmin=2, comments=None)
        if values.shape != shape:
            raise ValueError(f"{values.shape[1]} for {values.shape[0]} images")
    except ValueError as error:
        raise ValueError(
            f"{file} must have {len(columns)} whole numbers for each image. Received: {error}."
        ) from error
    names = [row[0] for row in rows]
    return ListFile(len(lines) - start, columns, dict(zip(names, values, strict=True)))


def _first(folder: Path, *names: str) -> Path | None:
    """Return the first of the names that exists, in any of the download's folders."""
    paths = (folder / part / name for part in _FOLDERS for name in names)
    return next(filter(Path.exists, paths), None)


def _read_folder(photos: Path, attributes: Path, partition: Path) -> Source:
    files = {os.fsencode(entry.name): entry.path for entry in image_entries(photos)}
    return _matched(
        files, attributes, partition, lambda names: (Path(files[name]) for name in names)
    )


def _read_zip(archive: Path, attributes: Path, partition: Path) -> Source:
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"{archive} is not a zip file that can be read: {error}.") from error
    members = {
        os.fsencode(info.filename.rpartition("/")[2]): info
        for info in infos
        if info.filename.lower().endswith(IMAGE_SUFFIXES)
        and not info.filename.startswith("__MACOSX")
    }
    return _matched(members, attributes, partition, partial(_members, archive, members))


_READERS = {"folder": _read_folder, "zip": _read_zip}


def _members(
    archive: Path, members: Mapping[bytes, zipfile.ZipInfo], names: Iterable[bytes]
) -> Iterator[bytes]:
    """Yield the encoded photos; a damaged member of the zip is yielded as no bytes."""
    with zipfile.ZipFile(archive) as opened:
        for name in names:
            try:
                yield opened.read(members[name])
            except (zipfile.BadZipFile, zlib.error, EOFError):
                yield b""


def _matched(
    present: Mapping[bytes, Any],
    attribute_list: Path,
    partition_list: Path,
    payloads: Callable[[Sequence[bytes]], Iterator[Payload]],
) -> Source:
    """Match the photos that exist with their lines in the two lists."""
    splits = read_list(partition_list, present)
    traits = read_list(attribute_list, present)
    names = [name for name in splits.values if name in traits.values]
    attributes = np.array([traits.values[name] for name in names])
    return Source(
        count=len(names),
        payloads=lambda: payloads(names),
        name_of=lambda index: names[index].decode(errors="replace"),
        partition=np.array([splits.values[name][0] for name in names]),
        attributes=np.where(attributes > 0, 1, -1).astype(np.int8),
        attribute_names=traits.columns,
        missing=splits.total - len(splits.values),
        unlisted=len(present) - len(names),
    )
