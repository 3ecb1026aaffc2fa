"""Arrays in an .npz or .npy file: images, and optionally what is known about each.

Images may have any of the names that people and other libraries give them, and any numbers.
"""

from __future__ import annotations

import math
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np

from ..files.arrays import read_header, unpack_array
from ..files.limits import IMAGES_PER_BYTE, STORE, check_count, check_unpacked
from ..files.naming import first_line, plain_name, printable
from ..files.regular import HEAD, content_kind, open_regular
from .account import Account
from .listed import signs
from .source import Origin, Source, native_size
from .splits import SPLITS, split_named
from .tree import ARRAYS, FolderTree

# Names in lower case. Keras writes x_train and y_train, `np.savez` without names arr_0 and arr_1,
# TensorFlow Datasets image and label.
_IMAGES = ("images", "image", "x", "imgs", "data", "faces", "arr_0")
_LABELS = ("labels", "label", "y", "targets", "target", "arr_1")


@dataclass(frozen=True)
class _Part:
    """Images of one split, with their labels.

    Attributes:
        split: Its number; None where the file has no split.
        images: Name of the array.
        labels: Name of the array, or None.
    """

    split: int | None
    images: str
    labels: str | None


@dataclass(frozen=True)
class _Layout:
    """How an array holds images.

    Attributes:
        shape: Of the array: [N, H, W], [N, H, W, C] or [N, C, H, W].
        dtype: Of the array.
        channels_first: Whether it is [N, C, H, W].
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    channels_first: bool

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        if self.channels_first:
            return (*self.shape[2:], self.shape[1])
        return (*self.shape[1:], 1)[:3]


def find_named(location: Path, name: str) -> Origin | None:
    """Find images in the file of arrays that has a folder's name; photos beside it are left out."""
    files = _named(location, name) if location.is_dir() else []
    if len(files) != 1 or not ArrayFile(files[0]).holds_images:
        return None
    return _origin(files[0], FolderTree(location).images)


def find(location: Path, name: str) -> Origin | None:
    """Find arrays: the file itself, or in the folder that of the set's name.

    Without such a file it is that of images whose name begins so. Others may begin so, too, such as
    the latents of the set.
    """
    if location.is_dir():
        files = _named(location, name)
        if not files:
            alike = [f for f in location.glob("*.npz") if _folded(f.stem).startswith(_folded(name))]
            files = [file for file in alike if ArrayFile(file).holds_images]
        return _origin(files[0]) if len(files) == 1 else None
    return _origin(location) if location.suffix.lower() in ARRAYS else None


def _named(folder: Path, name: str) -> list[Path]:
    return [file for file in folder.glob("*.npz") if _folded(file.stem) == _folded(name)]


def _origin(location: Path, photos: Sequence[str] = ()) -> Origin:
    file = ArrayFile(location)
    layouts = [file.layout(part.images) for part in file.parts()]
    height, width, channels = layouts[0].image_shape
    if any(layout.image_shape != layouts[0].image_shape for layout in layouts):
        raise ValueError(f"The splits of {location} must have images of one size.")
    return Origin(
        f"arrays in an {location.suffix.lower()} file",
        location,
        (location,),
        partial(read, location, photos),
        image_size=native_size(height, width),
        channels=channels,
    )


def read(location: Path, photos: Sequence[str] = ()) -> Source:
    """Open the arrays; images are read as they are needed, compressed or not.

    Args:
        location: An .npy file of images; or an .npz file with images, [N, H, W], [N, H, W, C] or
            [N, C, H, W] with C 1 or 3, under a name of `_IMAGES` or, for each split, as `x_train`
            or `train_images`; and any of labels [N], `label_names`, `attributes` [N, A] (+1 and −1,
            or 1 and 0), `attribute_names` [A] and `partition` [N] (0 train, 1 validation, 2 test).
        photos: Images beside the file, which are left out.

    Raises:
        ValueError: If the file or one of its arrays is not like that.
    """
    file = ArrayFile(location)
    parts = file.parts()
    sizes = [file.layout(part.images).shape[0] for part in parts]
    count, account = sum(sizes), Account()
    used = {part.images for part in parts}
    if parts[0].split is None:
        partition = _partition(file, count)
        used.add("partition")
    else:
        partition = np.repeat([part.split for part in parts], sizes).astype(np.int8)
    attributes, names = _attributes(file, count)
    for part, size in zip(parts, sizes, strict=True):
        account.taken[f"`{part.images}`"] = size
    labels = _labels(file, parts, sizes)
    if labels is not None:
        used |= {"label_names", *(part.labels for part in parts)}
    if attributes is not None:
        used |= {"attributes", "attribute_names"}
    account.leave_out("not used", sorted({*file.names} - used))
    account.leave_out(f"beside {printable(location.name)}, whose arrays are read", photos)
    return Source(
        count,
        lambda: (row for part in parts for row in file.rows(part.images)),
        partition=partition,
        attributes=attributes,
        attribute_names=names,
        labels=labels,
        label_names=() if labels is None else _label_names(file, labels),
        account=account,
    )


def _partition(file: ArrayFile, count: int) -> np.ndarray | None:
    partition = file.small("partition", count, "[N] of 0 (train), 1 (validation), 2 (test)")
    if partition is None:
        return None
    if not np.isin(partition, list(SPLITS.values())).all():
        raise file.wrong("partition", "of 0 (train), 1 (validation), 2 (test)", partition)
    return partition.astype(np.int8)


def _labels(file: ArrayFile, parts: Sequence[_Part], sizes: Sequence[int]) -> np.ndarray | None:
    if any(part.labels is None for part in parts):
        return None
    labels = [file.labels(part.labels, size) for part, size in zip(parts, sizes, strict=True)]
    return np.concatenate(labels)


def _label_names(file: ArrayFile, labels: np.ndarray) -> tuple[str, ...]:
    if "label_names" not in file.names:
        return ()
    names = file.texts("label_names")
    low, high = (int(labels.min()), int(labels.max())) if labels.size else (0, -1)
    if names.ndim != 1 or low < 0 or high >= len(names):
        raise ValueError(
            f"`label_names` of {file.path} must have a name for each of the labels "
            f"{low} … {high}. Received: {list(names.shape)}."
        )
    return tuple(map(str, names))


def _attributes(file: ArrayFile, count: int) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Read attributes and their names, or number them."""
    attributes = file.small("attributes", count, "[N, A] of +1 and −1, or of 1 and 0", axes=2)
    if attributes is None:
        return None, ()
    file.check_count("attributes", "attributes", attributes.shape[1])
    try:
        attributes = signs(attributes)
    except ValueError as error:
        raise ValueError(f"`attributes` of {file.path} must be {error}.") from error
    if "attribute_names" not in file.names:
        return attributes, tuple(f"attribute_{n}" for n in range(attributes.shape[1]))
    names = file.texts("attribute_names")
    if names.shape != attributes.shape[1:]:
        raise ValueError(
            f"`attribute_names` of {file.path} must be {attributes.shape[1]} names. "
            f"Received: {list(names.shape)}."
        )
    return attributes, tuple(map(str, names))


class ArrayFile:
    """An .npz or .npy file.

    Args:
        path: The file.

    Attributes:
        names: Of the arrays; for an .npy file `images`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._size = path.stat().st_size
        self._packed = path.suffix.lower() == ".npz"
        self.names = ["images"]
        if self._packed:
            with self._archive() as archive:
                self.names = [name.removesuffix(".npy") for name in archive.namelist()]
            if repeated := [name for name, times in Counter(self.names).items() if times > 1]:
                raise ValueError(
                    f"{path} must hold each array once. Received: {printable(repeated[0])} twice."
                )

    @property
    def holds_images(self) -> bool:
        """Whether an array has a name of images, or is the only one."""
        return bool(self._parts())

    def parts(self) -> list[_Part]:
        """Find images and labels by the arrays' names.

        Raises:
            ValueError: If there are no images.
        """
        parts = self._parts()
        if not parts:
            found = ", ".join(map(printable, self.names)) or "nothing"
            raise ValueError(
                f"{self.path} must hold an array `images`, or `x_train` and others. "
                f"Received: {found}."
            )
        return parts

    def _parts(self) -> list[_Part]:
        """Find arrays that have a name of images, or the only one, with their labels."""
        by_fold = {name.casefold(): name for name in self.names}
        images = next((by_fold[name] for name in _IMAGES if name in by_fold), None)
        if images is not None:
            labels = next((by_fold[name] for name in _LABELS if name in by_fold), None)
            return [_Part(None, images, labels)]
        parts = {}
        for fold, name in by_fold.items():
            for split in _split_of(fold, ("x", "images", "image", "data")):
                labels = [
                    by_fold[other]
                    for other in by_fold
                    if split in _split_of(other, ("y", "labels", "label", "targets"))
                ]
                parts[split] = _Part(split, name, labels[0] if labels else None)
        if not parts and len(self.names) == 1:
            return [_Part(None, self.names[0], None)]
        return [parts[split] for split in sorted(parts)]

    def layout(self, name: str) -> _Layout:
        """Read shape and type of images from their header."""
        with self._opened(name) as (_, layout):
            return layout

    def rows(self, name: str) -> Iterator[np.ndarray]:
        """Yield image after image; a set of many gigabytes never has to fit into memory."""
        with self._opened(name) as (stream, layout):
            size = math.prod(layout.shape[1:]) * layout.dtype.itemsize
            for _ in range(layout.shape[0]):
                content = stream.read(size)
                if len(content) != size:
                    raise EOFError(f"`{name}` ends too early")
                row = np.frombuffer(content, layout.dtype).reshape(layout.shape[1:])
                yield np.moveaxis(row, 0, -1) if layout.channels_first else row

    def labels(self, name: str, count: int) -> np.ndarray:
        """Read labels, whole numbers [N] or [N, 1], as int64."""
        array = self.plain(name, "int")
        if array.shape == (count, 1):
            array = array[:, 0]
        largest = np.iinfo(np.int64).max
        if (
            array.shape != (count,)
            or array.dtype.kind not in "iub"
            or (array.dtype == np.uint64 and array.max(initial=0) > largest)
        ):
            raise self.wrong(name, f"whole numbers [N], one for each of the {count} images", array)
        return array.astype(np.int64)

    def small(self, name: str, count: int, expected: str, axes: int = 1) -> np.ndarray | None:
        """Read what is known of each of `count` images; None if there is no such array."""
        if name not in self.names:
            return None
        array = self.plain(name, "int")
        if array.ndim != axes or len(array) != count or array.dtype.kind not in "iubf":
            raise self.wrong(name, f"{expected}, a row for each of the {count} images", array)
        return array

    def texts(self, name: str) -> np.ndarray:
        """Read an array of names."""
        array = self.plain(name, "str")
        self.check_count(name, "names", array.size)
        return array

    def plain(self, name: str, kind: str) -> np.ndarray:
        """Read an array that is no pickle."""
        with self._archive() as archive:
            info = archive.getinfo(f"{name}.npy")
            check_unpacked(self._described(name), info.file_size, self._size, cure=STORE)
            try:
                return unpack_array(archive, info)
            except ValueError as error:  # NumPy names neither file nor array
                raise ValueError(
                    f"{self._described(name)} must be a plain array, as `np.asarray({name}, "
                    f"{kind})` makes one. Received: what NumPy does not open: {first_line(error)}."
                ) from error

    def check_count(self, name: str, what: str, count: int, per_byte: int = 1) -> None:
        """Check the number of small things in an array; see `limits.check_count`."""
        described = self._described(name)
        check_count(described, what, count, self._size, per_byte=per_byte, cure=STORE)

    def wrong(self, name: str, expected: str, array: np.ndarray) -> ValueError:
        """Make the error of an array that is not as expected."""
        return ValueError(
            f"{self._described(name)} must be {expected}. "
            f"Received: {array.dtype} {list(array.shape)}."
        )

    def _described(self, name: str) -> str:
        return f"`{printable(name)}` of {self.path}"

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[IO[bytes], _Layout]]:
        """Open images at the first byte of their data."""
        described = self._described(name)
        with self._stream(name) as (stream, size):
            shape, fortran, dtype = read_header(stream)
            layout = _image_layout(shape, dtype, described)
            if fortran and math.prod(shape) > 1:
                raise ValueError(
                    f"{described} must be in C order. Received: Fortran order; "
                    "np.ascontiguousarray changes it."
                )
            if math.prod(shape) * dtype.itemsize > size:
                raise EOFError(f"`{name}` ends too early")
            check_unpacked(described, size, self._size, in_memory=False, cure=STORE)
            self.check_count(name, "images", shape[0], IMAGES_PER_BYTE)
            size = math.prod(shape[1:]) * dtype.itemsize
            check_unpacked(f"An image of {described}", size, size)
            yield stream, layout

    @contextmanager
    def _stream(self, name: str) -> Iterator[tuple[IO[bytes], int]]:
        """Open an array's bytes, with their number."""
        if not self._packed:
            with self._named_damage(), open_regular(self.path) as stream:
                yield stream, self._size
            return
        with self._archive() as archive:
            info = archive.getinfo(f"{name}.npy")
            with archive.open(info) as stream:
                yield stream, info.file_size

    @contextmanager
    def _archive(self) -> Iterator[zipfile.ZipFile]:
        with (
            self._named_damage(),
            open_regular(self.path) as stream,
            zipfile.ZipFile(stream) as archive,
        ):
            yield archive

    @contextmanager
    def _named_damage(self) -> Iterator[None]:
        """Name the file in the errors of a damaged one."""
        try:
            yield
        except (ValueError, TypeError) as error:
            if str(self.path) in str(error):
                raise
            raise self._damaged(error) from error
        except Exception as error:  # zipfile and zlib raise many kinds for damaged files
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> ValueError:
        with open_regular(self.path) as stream:
            kind = content_kind(stream.read(HEAD)) or ""
        expected = ("zip" if self._packed else ".npy") in kind
        reason = first_line(error) if not kind or expected else f"it is {kind}"
        suffix = self.path.suffix.lower()
        return ValueError(f"{self.path} is damaged, or is not an {suffix} file: {reason}.")


def _split_of(name: str, stems: Sequence[str]) -> list[int]:
    """Return the split that a name such as x_train or train_images holds; none for other names."""
    first, _, last = name.partition("_")
    for stem, split in ((first, last), (last, first)):
        number = split_named(split)
        if stem in stems and number is not None:
            return [number]
    return []


def _image_layout(shape: tuple[int, ...], dtype: np.dtype, described: str) -> _Layout:
    channels_first = len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3)
    if (
        dtype.kind not in "biuf"
        or len(shape) not in (3, 4)
        or (not channels_first and (*shape, 1)[3] not in (1, 3))
        or 0 in shape[1:]
        or min(shape) < 0
    ):
        raise ValueError(
            f"{described} must be numbers [N, H, W], [N, H, W, C] or [N, C, H, W] with C 1 or 3. "
            f"Received: {dtype} {list(shape)}."
        )
    return _Layout(shape, dtype, channels_first)


def _folded(name: str) -> str:
    return plain_name(name).replace("_", "")
