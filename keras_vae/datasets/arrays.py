"""Arrays in an .npz file: `images`, and optionally what is known about each."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from .source import Origin, Source, native_size


def find(location: Path, name: str) -> Origin | None:
    """Find arrays: the file itself, or one in the folder whose name begins with the set's."""
    if location.is_dir():
        files = sorted(location.glob("*.npz"))
        alike = [file for file in files if _plain(file.stem).startswith(_plain(name))]
        location = alike[0] if len(alike) == 1 else location
    if location.suffix != ".npz" or not location.is_file():
        return None
    _, height, width, channels = (*_images_shape(location), 1)[:4]
    return Origin(
        "arrays in an .npz file",
        location,
        (location,),
        lambda: read(location),
        image_size=native_size(height, width),
        channels=channels,
    )


def read(file: Path) -> Source:
    """Open the arrays; `images` are read as they are needed, compressed or not.

    Args:
        file: An .npz file with `images`, uint8 [N, H, W] or [N, H, W, C] with C 1 or 3, and any of
            `attributes` [N, A] (+1 and −1, or 1 and 0), `attribute_names` [A], `partition` [N] (0
            train, 1 validation, 2 test) and `labels` [N].

    Raises:
        ValueError: If the file or one of its arrays is not like that.
    """
    shape = _images_shape(file)
    try:
        with np.load(file, allow_pickle=False) as arrays:
            others = {key: _array(arrays, key, file) for key in _OPTIONAL if key in arrays.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"{file} is damaged: {error}.") from error
    for key in ("attributes", "partition", "labels"):
        if key in others and len(others[key]) != shape[0]:
            raise ValueError(
                f"`{key}` of {file} must have a row for each of the {shape[0]} images. "
                f"Received: {len(others[key])}."
            )
    return Source(
        count=shape[0],
        name_of=lambda index: f"images[{index}]",
        payloads=lambda: _rows(file),
        partition=_partition(others.get("partition"), file),
        labels=_labels(others.get("labels"), file),
        **_attributes(others, file),
    )


# optional array → the type that saves it as no array of Python objects
_OPTIONAL = {"attributes": "np.int8", "attribute_names": "str", "partition": "int", "labels": "int"}


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _images_shape(file: Path) -> tuple[int, ...]:
    """Read the shape of `images` from their header: [N, H, W] or [N, H, W, C]."""
    try:
        with _opened_images(file) as (_, shape, dtype):
            shaped = len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"{file} is not an .npz file that can be read: {error}.") from error
    if dtype != np.uint8 or not shaped:
        raise ValueError(
            f"`images` of {file} must be uint8 [N, H, W] or [N, H, W, C] with C 1 or 3. "
            f"Received: {dtype} {list(shape)}."
        )
    return shape


def _rows(file: Path) -> Iterator[np.ndarray]:
    """Yield image after image; a set of many gigabytes never has to fit into memory."""
    with _opened_images(file) as (stream, shape, _):
        size = math.prod(shape[1:])
        for _ in range(shape[0]):
            try:
                content = stream.read(size)
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                raise ValueError(f"{file} is damaged: {error}.") from error
            if len(content) != size:
                raise ValueError(f"{file} is damaged: `images` ends too early.")
            yield np.frombuffer(content, np.uint8).reshape(shape[1:])


@contextmanager
def _opened_images(file: Path) -> Iterator[tuple[IO[bytes], tuple[int, ...], np.dtype]]:
    """Open the array `images` at its first byte of data, with its shape and type."""
    with zipfile.ZipFile(file) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        if "images" not in names:
            found = ", ".join(names) or "nothing"
            raise ValueError(f"{file} must hold an array `images`. Received: {found}.")
    with zipfile.ZipFile(file) as archive, archive.open("images.npy") as stream:
        version = np.lib.format.read_magic(stream)
        if version != (1, 0):
            raise ValueError(f"`images` of {file} must be plain uint8. Received: .npy {version}.")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        if fortran and math.prod(shape) > 1:
            raise ValueError(f"`images` of {file} must be in C order. Received: Fortran order.")
        yield stream, shape, dtype


def _array(arrays: np.lib.npyio.NpzFile, key: str, file: Path) -> np.ndarray:
    try:
        return arrays[key]
    except ValueError as error:  # NumPy names neither file nor array
        raise ValueError(
            f"`{key}` of {file} must be a plain array, as `np.asarray({key}, {_OPTIONAL[key]})` "
            f"makes one. Received: what NumPy does not open: {error}."
        ) from error


def _partition(partition: np.ndarray | None, file: Path) -> np.ndarray | None:
    if partition is None:
        return None
    if partition.ndim != 1 or not np.isin(partition, (0, 1, 2)).all():
        raise ValueError(
            f"`partition` of {file} must be [N] of 0 (train), 1 (validation), 2 (test)."
        )
    return partition.astype(np.int8)


def _labels(labels: np.ndarray | None, file: Path) -> np.ndarray | None:
    if labels is None:
        return None
    if labels.ndim != 1 or labels.dtype.kind not in "iub":
        raise ValueError(
            f"`labels` of {file} must be whole numbers [N]. "
            f"Received: {labels.dtype} {list(labels.shape)}."
        )
    return labels.astype(np.int64)


def _attributes(arrays: dict[str, np.ndarray], file: Path) -> dict[str, Any]:
    values = arrays.get("attributes")
    if values is None:
        return {}
    if values.ndim != 2 or not np.isin(values, (-1, 0, 1)).all():
        raise ValueError(f"`attributes` of {file} must be [N, A] of +1 and −1, or of 1 and 0.")
    count = values.shape[1]
    names = arrays.get("attribute_names", [f"attribute_{number}" for number in range(count)])
    if len(names) != count:
        raise ValueError(f"`attribute_names` of {file} must be {count}. Received: {len(names)}.")
    signs = np.where(values > 0, 1, -1).astype(np.int8)
    return {"attributes": signs, "attribute_names": tuple(str(item) for item in names)}
