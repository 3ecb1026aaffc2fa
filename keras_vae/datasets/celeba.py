"""CelebA as distributed: aligned photos in a zip or a folder, and the lists that go with them.

The Kaggle copy is the same with one more level of folders and with commas in the lists.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Container, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from ..files.photos import ALIGNED_CROP
from .source import IMAGE_SUFFIXES, Origin, Source, image_entries

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
    files = (attributes, partition, photos)
    if None in files or not (photos.is_dir() or photos.suffix == ".zip"):
        return None
    return Origin(
        f"CelebA as distributed, {'folder' if photos.is_dir() else 'zip'}",
        location,
        files,
        partial(read, *files),
        image_size=(ALIGNED_CROP, ALIGNED_CROP),
        dataset="celeba",
    )


def read(attribute_list: Path, partition_list: Path, photos: Path) -> Source:
    """Match the photos that exist, in a folder or a zip, with their lines in the two lists.

    Raises:
        ValueError: If the zip or a list is damaged.
    """
    if photos.is_dir():
        present = {os.fsencode(entry.name): entry.path for entry in image_entries(photos)}
        read_photos = partial(map, Path)
    else:
        present, read_photos = _members(photos), partial(_extract, photos)
    total, _, splits = read_list(partition_list, present)
    _, columns, traits = read_list(attribute_list, present)
    names = [name for name in splits if name in traits]
    attributes = np.array([traits[name] for name in names])
    return Source(
        count=len(names),
        payloads=lambda: read_photos(present[name] for name in names),
        name_of=lambda index: names[index].decode(errors="replace"),
        partition=np.array([splits[name][0] for name in names]),
        attributes=np.where(attributes > 0, 1, -1).astype(np.int8),
        attribute_names=columns,
        missing=total - len(splits),
        unlisted=len(present) - len(names),
    )


def read_list(
    file: Path, present: Container[bytes]
) -> tuple[int, tuple[str, ...], dict[bytes, np.ndarray]]:
    """Read the lines of a list that describe images that exist.

    Args:
        file: A list with one line per image, in CelebA's format (blanks) or Kaggle's (commas).
        present: File names of the images that exist.

    Returns:
        Number of images that the list names, whether they exist or not; names of the columns,
        "partition" where the list has no header; and for each image that exists, by its file name,
        int8 [columns].

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
    return len(lines) - start, columns, dict(zip(names, values, strict=True))


def _first(folder: Path, *names: str) -> Path | None:
    """Return the first of the names that exists, in any of the download's folders."""
    paths = (folder / part / name for part in _FOLDERS for name in names)
    return next(filter(Path.exists, paths), None)


def _members(archive: Path) -> dict[bytes, zipfile.ZipInfo]:
    """List the photos in a zip by their file names."""
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"{archive} is not a zip file that can be read: {error}.") from error
    return {
        os.fsencode(info.filename.rpartition("/")[2]): info
        for info in infos
        if info.filename.lower().endswith(IMAGE_SUFFIXES)
        and not info.filename.startswith("__MACOSX")
    }


def _extract(archive: Path, members: Iterable[zipfile.ZipInfo]) -> Iterator[bytes]:
    """Yield encoded photos; a damaged member of the zip is yielded as no bytes."""
    with zipfile.ZipFile(archive) as opened:
        for member in members:
            try:
                yield opened.read(member)
            except (zipfile.BadZipFile, zlib.error, EOFError):
                yield b""
