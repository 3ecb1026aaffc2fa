"""CelebA as distributed: aligned photos in a zip or a folder, and the lists that go with them.

The Kaggle copy is the same with a folder more and with commas in the lists.
"""

from __future__ import annotations

import os
import warnings
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

# The folders of the official download, besides the files lying side by side.
_FOLDERS = ("", "Img", "Anno", "Eval")


def find(location: Path, name: str) -> Origin | None:
    """Find photos and lists in a folder; or a zip of photos with the lists beside it."""
    folder = location if location.is_dir() else location.parent
    attributes = _list_file(folder, "list_attr_celeba")
    partition = _list_file(folder, "list_eval_partition")
    photos = _photos(folder) if location.is_dir() else location
    if attributes is None or partition is None or photos is None:
        return None
    if photos.is_dir():
        make, kind = partial(_read_folder, photos, attributes, partition), "folder"
    elif photos.suffix == ".zip":
        make, kind = partial(_read_zip, photos, attributes, partition), "zip"
    else:
        return None
    return Origin(
        f"CelebA as distributed, {kind}",
        location,
        (attributes, partition, photos),
        make,
        image_size=(ALIGNED_CROP, ALIGNED_CROP),
        dataset="celeba",
    )


@dataclass(frozen=True, eq=False)
class ListFile:
    """What one of CelebA's lists says of the images that are there.

    Attributes:
        total: Number of images that the list names, there or not.
        names: File names of those that are there, n of them.
        columns: Names of the columns; "partition" where the list has no header.
        values: int8 [n, columns].
    """

    total: int
    names: list[bytes]
    columns: tuple[str, ...]
    values: np.ndarray


def read_list(file: Path, present: Container[bytes]) -> ListFile:
    """Read the lines of a list that tell of the images that are there.

    Args:
        file: A list with one line per image, in CelebA's spelling (blanks) or Kaggle's (commas).
        present: File names of the images that are there.

    Raises:
        ValueError: If a line has more or fewer values than the others, or no numbers.
    """
    lines = file.read_bytes().replace(b",", b" ").splitlines()
    # Before the first image come the number of images and the header, the header alone, or nothing.
    start = next((i for i, line in enumerate(lines[:3]) if b"." in line.partition(b" ")[0]), None)
    if start is None:
        raise ValueError(f"{file} must name an image in one of its first three lines.")
    header = lines[start - 1].split() if start else [b"partition"]
    columns = tuple(item.decode() for item in header if item != b"image_id")
    # Only the lines that are needed are taken apart: the list names 202,599 images.
    rows = [row for line in lines[start:] if (row := line.partition(b" "))[0] in present]
    values = _numbers(b" ".join([row[2] for row in rows]))
    if values is None or len(values) != len(rows) * len(columns):
        received = "something else" if values is None else f"{len(values)} for {len(rows)} images"
        raise ValueError(
            f"{file} must have {len(columns)} whole numbers for each image. Received: {received}."
        )
    names = [row[0] for row in rows]
    return ListFile(len(lines) - start, names, columns, values.reshape(len(rows), len(columns)))


def _numbers(text: bytes) -> np.ndarray | None:
    """Read numbers between blanks, int8; None if there is anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # older NumPy only warns
        try:
            return np.fromstring(text, np.int8, sep=" ")
        except (ValueError, DeprecationWarning):
            return None


def _list_file(folder: Path, stem: str) -> Path | None:
    candidates = (folder / part / (stem + end) for part in _FOLDERS for end in (".txt", ".csv"))
    return next((file for file in candidates if file.is_file()), None)


def _photos(folder: Path) -> Path | None:
    """Find the folder of photos, the innermost if it is nested as Kaggle's, or else the zip."""
    name = "img_align_celeba"
    for part in _FOLDERS:
        for photos in (folder / part / name / name, folder / part / name):
            if photos.is_dir():
                return photos
        if (archive := folder / part / (name + ".zip")).is_file():
            return archive
    return None


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


def _members(
    archive: Path, members: Mapping[bytes, zipfile.ZipInfo], names: Iterable[bytes]
) -> Iterator[bytes]:
    """Yield the encoded photos; what the zip itself finds damaged comes as no bytes."""
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
    """Bring the photos that are there together with what the two lists say of them."""
    splits = read_list(partition_list, present)
    traits = read_list(attribute_list, present)
    row_of = {name: row for row, name in enumerate(traits.names)}
    rows = [row for row, name in enumerate(splits.names) if name in row_of]
    names = [splits.names[row] for row in rows]
    return Source(
        count=len(names),
        name_of=lambda index: names[index].decode(errors="replace"),
        payloads=lambda: payloads(names),
        partition=splits.values[rows, 0],
        attributes=np.where(traits.values[[row_of[name] for name in names]] > 0, 1, -1).astype(
            np.int8
        ),
        attribute_names=traits.columns,
        missing=splits.total - len(splits.names),
        unlisted=len(present) - len(names),
    )
