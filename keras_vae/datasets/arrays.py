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

from ..files.naming import plain_name
from .source import Origin, Source, native_size

# optional array → what it must be, its number of axes, the numbers allowed (None: whole numbers)
_OPTIONAL = {
    "attributes": ("[N, A] of +1 and −1, or of 1 and 0", 2, (-1, 0, 1)),
    "partition": ("[N] of 0 (train), 1 (validation), 2 (test)", 1, (0, 1, 2)),
    "labels": ("whole numbers [N]", 1, None),
}


def find(location: Path, name: str) -> Origin | None:
    """Find arrays: the file itself, or one in the folder whose name begins with the set's."""
    if location.is_dir():
        alike = [f for f in location.glob("*.npz") if _folded(f.stem).startswith(_folded(name))]
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
    count = _images_shape(file)[0]
    with _named_damage(file), np.load(file, allow_pickle=False) as archive:
        arrays = {key: _known(archive, key, count, file) for key in _OPTIONAL if key in archive}
        if "attributes" in arrays:
            arrays["attributes"] = np.where(arrays["attributes"] > 0, 1, -1).astype(np.int8)
            arrays["attribute_names"] = _names(archive, arrays["attributes"].shape[1], file)
    return Source(count, lambda: _rows(file), **arrays)


def _folded(name: str) -> str:
    return plain_name(name).replace("_", "")


def _images_shape(file: Path) -> tuple[int, ...]:
    """Read the shape of `images` from their header: [N, H, W] or [N, H, W, C]."""
    with _open_images(file) as (_, shape):
        return shape


def _rows(file: Path) -> Iterator[np.ndarray]:
    """Yield image after image; a set of many gigabytes never has to fit into memory."""
    with _open_images(file) as (stream, shape):
        size = math.prod(shape[1:])
        for _ in range(shape[0]):
            content = stream.read(size)
            if len(content) != size:
                raise EOFError("`images` ends too early")
            yield np.frombuffer(content, np.uint8).reshape(shape[1:])


@contextmanager
def _open_images(file: Path) -> Iterator[tuple[IO[bytes], tuple[int, ...]]]:
    """Open the array `images` at its first byte of data, with its shape."""
    with _named_damage(file), zipfile.ZipFile(file) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        if "images" not in names:
            found = ", ".join(names) or "nothing"
            raise ValueError(f"{file} must hold an array `images`. Received: {found}.")
        with archive.open("images.npy") as stream:
            version = np.lib.format.read_magic(stream)
            if version != (1, 0):
                raise ValueError(
                    f"`images` of {file} must be plain uint8. Received: .npy {version}."
                )
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
            if dtype != np.uint8 or len(shape) not in (3, 4) or (*shape, 1)[3] not in (1, 3):
                raise ValueError(
                    f"`images` of {file} must be uint8 [N, H, W] or [N, H, W, C] with C 1 or 3. "
                    f"Received: {dtype} {list(shape)}."
                )
            if fortran and math.prod(shape) > 1:
                raise ValueError(f"`images` of {file} must be in C order. Received: Fortran order.")
            yield stream, shape


@contextmanager
def _named_damage(file: Path) -> Iterator[None]:
    """Name the file in the errors of a damaged one."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"{file} is damaged, or is not an .npz file: {error}.") from error


def _known(archive: Any, key: str, count: int, file: Path) -> np.ndarray:
    """Read what is known of each of `count` images."""
    expected, axes, allowed = _OPTIONAL[key]
    array = _plain_array(archive, key, "int", file)
    fits = np.isin(array, allowed).all() if allowed else array.dtype.kind in "iub"
    if array.ndim != axes or len(array) != count or not fits:
        raise ValueError(
            f"`{key}` of {file} must be {expected}, a row for each of the {count} images. "
            f"Received: {array.dtype} {list(array.shape)}."
        )
    return array.astype(np.int8 if allowed else np.int64)


def _names(archive: Any, count: int, file: Path) -> tuple[str, ...]:
    """Read the names of `count` attributes, or number them."""
    if "attribute_names" not in archive:
        return tuple(f"attribute_{number}" for number in range(count))
    names = _plain_array(archive, "attribute_names", "str", file)
    if len(names) != count:
        raise ValueError(f"`attribute_names` of {file} must be {count}. Received: {len(names)}.")
    return tuple(map(str, names))


def _plain_array(archive: Any, key: str, kind: str, file: Path) -> np.ndarray:
    try:
        return archive[key]
    except ValueError as error:  # NumPy names neither file nor array
        raise ValueError(
            f"`{key}` of {file} must be a plain array, as `np.asarray({key}, {kind})` "
            f"makes one. Received: what NumPy does not open: {error}."
        ) from error
