"""CIFAR-10 and CIFAR-100 as distributed: archives or folders, in the version for Python or for C.

https://www.cs.toronto.edu/~kriz/cifar.html describes the formats.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..files.limits import MAX_NAME, check_unpacked
from ..files.naming import first_line
from ..files.regular import open_regular
from .pickles import read_pickle
from .source import Origin, Source
from .splits import SPLITS
from .tree import read_small

SIDE = 32  # pixels
PIXELS = 3 * SIDE * SIDE
LARGEST_HEADER = 2**20  # bytes, of the headers of a member of an archive

Read = Callable[[str], bytes]  # the content of a file, by its name
OpenFiles = Callable[[], AbstractContextManager[Read]]


@dataclass(frozen=True)
class Version:
    """One of the versions in which a set is distributed.

    Attributes:
        archive: Name of the archive.
        folder: Name of the folder in it.
        train: Files of the training images.
        test: File of the test images.
        names: File with the names of the labels, and their name in it, if it is a pickle.
        labels: Name of the labels in a pickle; None for the binary version.
        bytes_of_labels: Bytes before each image in the binary version; the last one is the label.
    """

    archive: str
    folder: str
    train: tuple[str, ...]
    test: str
    names: tuple[str, str]
    labels: str | None = None
    bytes_of_labels: int = 1

    def read(self, read: Read) -> Source:
        """Read the files.

        Args:
            read: Returns the content of a file, by its name.

        Raises:
            ValueError: If one is missing or damaged.
        """
        batch = self._pickled if self.labels else self._binary
        parts = [batch(file, read) for file in (*self.train, self.test)]
        sizes = [len(images) for images, _, _ in parts]
        splits = [*([SPLITS["train"]] * len(self.train)), SPLITS["test"]]
        names = [name for _, _, some in parts for name in some if len(name) <= MAX_NAME]
        return Source(
            count=sum(sizes),
            payloads=lambda: (image for images, _, _ in parts for image in images),
            name_of=names.__getitem__ if len(names) == sum(sizes) else "image {}".format,
            partition=np.repeat(np.array(splits, np.int8), sizes),
            labels=np.concatenate([labels for _, labels, _ in parts]).astype(np.int64),
            label_names=self._label_names(read),
        )

    def _label_names(self, read: Read) -> tuple[str, ...]:
        file, key = self.names
        content = read(file)
        if self.labels:
            return _texts(key, read_pickle(content, file), file, len(content))
        return tuple(name.decode(errors="replace") for name in content.split())

    def _pickled(self, file: str, read: Read) -> tuple[np.ndarray, np.ndarray, list[str]]:
        content = read(file)
        batch = read_pickle(content, file)
        rows, labels = (_array(batch.get(name)) for name in ("data", self.labels))
        if (rows.dtype, rows.shape[1:]) != (np.uint8, (PIXELS,)) or (
            labels.dtype.kind,
            labels.shape,
        ) != ("i", rows.shape[:1]):
            raise ValueError(
                f"{file} must hold `data`, uint8 [N, {PIXELS}], and a label for each image. "
                f"Received: {rows.dtype} {list(rows.shape)}, "
                f"labels {labels.dtype} {list(labels.shape)}."
            )
        return _images(rows), labels, list(_texts("filenames", batch, file, len(content)))

    def _binary(self, file: str, read: Read) -> tuple[np.ndarray, np.ndarray, list[str]]:
        content = np.frombuffer(read(file), np.uint8)
        record = self.bytes_of_labels + PIXELS
        if not len(content) or len(content) % record:
            raise ValueError(
                f"{file} must hold records of {record} bytes. Received: {len(content)} bytes."
            )
        records = content.reshape(-1, record)
        return _images(records[:, -PIXELS:]), records[:, self.bytes_of_labels - 1], []


VERSIONS = {
    "cifar10": (
        Version(
            archive="cifar-10-python.tar.gz",
            folder="cifar-10-batches-py",
            train=tuple(f"data_batch_{number}" for number in range(1, 6)),
            test="test_batch",
            names=("batches.meta", "label_names"),
            labels="labels",
        ),
        Version(
            archive="cifar-10-binary.tar.gz",
            folder="cifar-10-batches-bin",
            train=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
            test="test_batch.bin",
            names=("batches.meta.txt", ""),
        ),
    ),
    "cifar100": (
        Version(
            archive="cifar-100-python.tar.gz",
            folder="cifar-100-python",
            train=("train",),
            test="test",
            names=("meta", "fine_label_names"),
            labels="fine_labels",
        ),
        Version(
            archive="cifar-100-binary.tar.gz",
            folder="cifar-100-binary",
            train=("train.bin",),
            test="test.bin",
            names=("fine_label_names.txt", ""),
            bytes_of_labels=2,
        ),
    ),
}


def files_of(name: str) -> tuple[str, ...]:
    """Name the archives and folders of a set, for messages."""
    return tuple(f"{version.archive} or {version.folder}/" for version in VERSIONS[name])


def find(location: Path, name: str) -> Origin | None:
    """Find an archive or a folder, itself or in a folder; of both sets, unless one is named."""
    wanted = {name: VERSIONS[name]} if name in VERSIONS else VERSIONS
    for known, versions in wanted.items():
        for version in versions:
            for place in (location, location / version.archive, location / version.folder):
                if (found := _find(place, version)) is not None:
                    files, open_files = found
                    return Origin(
                        f"{known}, {'Python' if version.labels else 'binary'} version",
                        place,
                        files,
                        partial(_read, version, open_files),
                        image_size=(SIDE, SIDE),
                        dataset=known,
                    )
    return None


def _find(place: Path, version: Version) -> tuple[tuple[Path, ...], OpenFiles] | None:
    """Return the files that a place consists of, and how they are opened, if it is a version."""
    if place.is_dir():
        files = [place / file for file in (*version.train, version.test, version.names[0])]
        if all(file.is_file() for file in files):
            return tuple(files), partial(_in_folder, place)
    elif place.is_file() and place.name == version.archive:
        return (place,), partial(_in_archive, place)
    return None


def _read(version: Version, open_files: OpenFiles) -> Source:
    with open_files() as read:
        return version.read(read)


@contextmanager
def _in_folder(folder: Path) -> Iterator[Read]:
    yield lambda file: read_small(folder / file)


@contextmanager
def _in_archive(archive: Path) -> Iterator[Read]:
    """Read files of an archive by their names; nothing is extracted."""
    members: dict[str, tarfile.TarInfo] = {}
    total, packed = 0, archive.stat().st_size
    try:
        with (
            open_regular(archive) as stream,
            tarfile.open(fileobj=stream, tarinfo=_Header) as opened,
        ):
            for member in opened:
                total += member.size
                check_unpacked(str(archive), total, packed, in_memory=False)
                if member.isfile():
                    members[Path(member.name).name] = member

            def read(file: str) -> bytes:
                if file not in members:
                    raise ValueError(f"{archive} must hold {file}.")
                size = members[file].size
                check_unpacked(f"{file} in {archive}", size, packed)
                return opened.extractfile(members[file]).read()

            yield read
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{archive} is damaged: {first_line(error).rstrip(':')}.") from error


class _Header(tarfile.TarInfo):
    """The header of a member, whose further headers are small: they are read into memory."""

    @classmethod
    def frombuf(cls, buf: bytes, encoding: str, errors: str) -> _Header:
        """Read a header; see `tarfile.TarInfo`."""
        header = super().frombuf(buf, encoding, errors)
        if not header.isreg() and header.size > LARGEST_HEADER:
            raise tarfile.ReadError(f"a header of {header.size:,} bytes")
        return header


def _images(rows: np.ndarray) -> np.ndarray:
    """Turn planes of red, green and blue, [N, 3072], into images [N, 32, 32, 3]."""
    return rows.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)


def _array(values: Any) -> np.ndarray:
    """Return an array, or a list of numbers as one; an empty array for anything else."""
    if isinstance(values, list) and all(type(value) is int for value in values):
        return np.array(values)
    return values if isinstance(values, np.ndarray) else np.empty(0)


def _texts(key: str, values: dict[str, Any], file: str, size: int) -> tuple[str, ...]:
    """Return the texts of a list, which are bytes if Python 2 wrote them; none without one.

    Args:
        key: Name of the list.
        values: What the file holds, by name.
        file: The file, for errors.
        size: Its bytes. A pickle can name one long text a million times.

    Raises:
        ValueError: If they are no list of texts, or have more letters than the file has bytes.
    """
    texts = values.get(key)
    texts = [] if texts is None else texts
    if not isinstance(texts, list | tuple) or not all(
        isinstance(text, str | bytes) for text in texts
    ):
        raise ValueError(f"`{key}` of {file} must be a list of texts. Received: other values.")
    if (letters := sum(map(len, texts))) > size:
        raise ValueError(
            f"`{key}` of {file} must have at most {size:,} letters, one for each byte of the file. "
            f"Received: {letters:,}."
        )
    return tuple(
        text.decode(errors="replace") if isinstance(text, bytes) else text for text in texts
    )
