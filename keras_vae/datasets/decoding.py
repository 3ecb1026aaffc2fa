"""The one routine that turns any source's images into an array of prepared pixels on disk."""

from __future__ import annotations

import errno
import logging
import math
import os
import shutil
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import compress, islice, starmap
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
from PIL import Image

from ..files import photos
from ..files.image_file import ImageFile
from ..files.limits import MAX_PIXELS, check_pixels
from ..files.naming import first_line, printable
from ..files.pixels import PixelRange, check_numeric, range_between, range_of
from ..files.progress import Progress
from .account import Account
from .source import Payload, Source, native_size

logger = logging.getLogger(__name__)

CHUNK = 64  # images in a task: long enough to hide its cost, short enough for a smooth bar
WAITING = 64  # tasks at most: enough for all cores, and little memory
HELD = 2**28  # bytes of unpacked files that wait, but for one that is larger
DAMAGED_SHARE = 0.01  # more is no accident of a few files: the user should know; one is always
SAMPLE = 1_000  # images whose pixels are compared
CONSTANT = 1.0  # standard deviation of pixels, in levels, below which a set shows nothing
SIZED = 64  # images, from all over the set, that show which sizes there are
NEARLY_ALL = 0.9  # of these: their size is that of the set
ENLARGED = 0.25  # of several sizes: as many may be enlarged, so that not all are reduced
CUT = 0.05  # of a side: less is the rounding of a size to a network's squares, no crop

# What happens to an image, for the account: as of one image, as of several, and the rest.
CHANGES = {
    "frames": ("file holds", "files hold", "more than one page or frame; the first is used"),
    "transparent": ("image has", "images have", "transparent parts, which become white"),
    "grey": ("image is", "images are", "converted from grey levels to RGB"),
    "cropped": ("image is", "images are", "cropped to the shape of {}"),
    "enlarged": ("image is", "images are", "enlarged to {}"),
}

Shape: TypeAlias = tuple[int, int, int]  # height, width, channels


@dataclass(frozen=True)
class Written:
    """What `write_images` wrote.

    Attributes:
        shape: Height, width, channels.
        kept: Indices in the source of the images in the file, int64 [N'].
        account: The source's, with what decoding found.
        aligned: Whether all images were of the size of CelebA's aligned photos.
    """

    shape: Shape
    kept: np.ndarray
    account: Account
    aligned: bool = False


@dataclass(frozen=True)
class _Image:
    """One image after preparation: its pixels, the problem, or why it is left out."""

    pixels: np.ndarray | None = None
    problem: str = ""
    left_out: str = ""
    native: tuple[int, int] = (0, 0)  # height and width
    changes: tuple[str, ...] = ()  # keys of CHANGES
    is_aligned: bool = False


class _Changes:
    """Counts what happens to images that are taken.

    Args:
        shape: Height, width and channels that they get.
    """

    def __init__(self, shape: Shape) -> None:
        self._size = "{}×{}".format(*shape)
        self._counts = Counter[str]()
        self._firsts: dict[str, str] = {}

    def add(self, name: str, image: _Image) -> None:
        """Count one image."""
        for kind in image.changes:
            size = " of {}×{}".format(*image.native) if "{}" in CHANGES[kind][-1] else ""
            self._counts[kind] += 1
            self._firsts.setdefault(kind, printable(name) + size)

    @property
    def notes(self) -> list[str]:
        """A sentence for each kind of change, with the first image."""
        notes = []
        for kind, (one, several, rest) in CHANGES.items():
            if count := self._counts[kind]:
                first = self._firsts[kind] + (", …" if count > 1 else "")
                noun = one if count == 1 else several
                notes.append(f"{count:,} {noun} {rest.format(self._size)} ({first})")
        return notes


def write_images(
    source: Source,
    file: Path,
    size: tuple[int, int] | None,
    channels: int,
    progress: Progress | None = None,
    max_pixels: int = MAX_PIXELS,
    resampling: str = "bilinear",
) -> Written:
    """Decode, crop and scale every image of a source into an .npy file.

    Pillow releases Python's lock while it decodes and scales, so threads suffice. Only a few chunks
    are in memory at any time.

    Args:
        source: The images.
        file: Path of the array, uint8 [N', H, W, C]; N' ≤ N, without the images that are damaged.
        size: Height and width; None for the native ones, which must then be the same for all.
        channels: 1 or 3.
        progress: Called with the number of images done and their total.
        max_pixels: Most pixels of an image; larger ones are damaged.
        resampling: How images are scaled: see `photos.prepare`.

    Raises:
        ValueError: If there are no images, more than one and more than 1 % are damaged, sizes
            differ where `size` is None, values have no known range, or the pixels of all images
            are nearly the same.
        OSError: If the disk has no space for the array.
    """
    if not source.count:
        raise ValueError("A data set must hold at least one image. Received: none.")
    decoder = _Decoder(source, max_pixels, resampling)
    shape = (*(size or decoder.size_of_first()), channels)
    _check_space(file, source.count * math.prod(shape))
    account, kept, damaged, aligned = source.account, [], [], 0
    changes = _Changes(shape)
    with file.open("wb") as stream:
        _write_header(stream, source.count, shape)
        for index, image in enumerate(_prepared(decoder, shape, strict=size is None)):
            if image.pixels is None:
                account.withdraw(source.name_of(index))
            if image.left_out:
                account.leave_out(image.left_out, [source.name_of(index)])
            elif image.pixels is None:
                damaged.append(f"{source.name_of(index)}: {image.problem}")
                _check_damaged(damaged, source.count)
            else:
                stream.write(image.pixels.data)
                kept.append(index)
                changes.add(source.name_of(index), image)
                aligned += image.is_aligned
            if progress is not None:
                progress(index + 1, source.count)
        if not kept:
            received = damaged[0] if damaged else f"only {account.left_out_line}"
            raise ValueError(f"A data set must hold at least one image. Received: {received}.")
        stream.seek(0)
        _write_header(stream, len(kept), shape)
        stream.flush()
        os.fsync(stream.fileno())
    _check_constant(np.load(file, mmap_mode="r"))
    account.leave_out("damaged", damaged)
    account.notes += changes.notes + decoder.notes
    return Written(shape, np.array(kept, np.int64), account, aligned == len(kept))


def _check_space(file: Path, size: int) -> None:
    if size > shutil.disk_usage(file.parent).free:
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)} for {size:,} bytes", str(file))


def _write_header(stream: BinaryIO, count: int, shape: Shape) -> None:
    # NumPy pads headers so that the first axis can change: any count takes the same space.
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(stream, header)


def _prepared(decoder: _Decoder, shape: Shape, strict: bool) -> Iterator[_Image]:
    """Prepare image after image on all cores, in order, with a bounded number in memory."""
    prepare = partial(decoder.prepared, shape=shape, strict=strict)
    waiting: deque[tuple[Future[list[_Image]], int]] = deque()
    pool = ThreadPoolExecutor()
    # The change of a photo, such as the detection of its face, takes as long as a chunk without.
    most = 1 if decoder.source.photo_map else CHUNK
    try:
        for some, size in _chunks(decoder.source.payloads(), most):
            waiting.append((pool.submit(lambda some: list(starmap(prepare, some)), some), size))
            while len(waiting) > WAITING or sum(held for _, held in waiting) > HELD:
                yield from waiting.popleft()[0].result()
        for chunk, _ in waiting:
            yield from chunk.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _chunks(
    payloads: Iterable[Payload], most: int
) -> Iterator[tuple[list[tuple[int, Payload]], int]]:
    """Cut a pass into chunks of `most` images, or fewer large ones, with their bytes."""
    some, size = [], 0
    for index, payload in enumerate(payloads):
        some.append((index, payload))
        size += len(payload) if isinstance(payload, bytes) else 0
        if len(some) == most or size > HELD // WAITING:
            yield some, size
            some, size = [], 0
    if some:
        yield some, size


class _Decoder:
    """Decodes the images of a source; those that are not of 8 bits by the range of all of them.

    Args:
        source: The images.
        max_pixels: Most pixels of an image.
        resampling: How they are scaled: see `photos.prepare`.
    """

    def __init__(self, source: Source, max_pixels: int, resampling: str = "bilinear") -> None:
        self.source = source
        self._max_pixels, self._resampling = max_pixels, resampling
        self._lock = threading.Lock()

    @property
    def notes(self) -> list[str]:
        """What was converted, in sentences."""
        ranges: dict[str, PixelRange | ValueError] = self.__dict__.get("_ranges", {})
        return [
            note
            for dtype, each in ranges.items()
            if isinstance(each, PixelRange) and (note := each.conversion(np.dtype(dtype)))
        ]

    def size_of_first(self) -> tuple[int, int]:
        """Return the native height and width of the first image that can be decoded."""
        problem = ""
        for payload in self.source.payloads():
            try:
                image, _ = self._decoded(payload)
                return native_size(image.height, image.width)
            except _Unreadable as error:
                problem = problem or str(error)
        raise ValueError(
            f"A data set must hold at least one image. Received: {self.source.count:,} that cannot "
            f"be read, the first because: {problem}"
        )

    def prepared(self, index: int, payload: Payload, shape: Shape, strict: bool) -> _Image:
        """Prepare one image.

        Args:
            index: Its index in the source.
            payload: The image.
            shape: Height, width and channels.
            strict: Whether another native size is an error.
        """
        photo_map = self.source.photo_map
        try:
            is_array = isinstance(payload, np.ndarray) and (*payload.shape, 1)[:3] == shape
            if is_array and photo_map is None:
                return _Image(np.ascontiguousarray(self._array(payload)))
            image, changes = self._decoded(payload)
        except _Unreadable as error:
            return _Image(problem=str(error))
        if photo_map is not None:
            landmarks = self.source.landmarks_of(index)
            try:
                image = photo_map.function(image.convert("RGB"), landmarks)
            except ValueError as error:
                if landmarks is not None:  # a line of a list is wrong
                    return _Image(problem=str(error).rstrip("."))
                return _Image(left_out=photo_map.left_out)
        if shape[2] == 1:
            changes = tuple(kind for kind in changes if kind != "grey")
        native = native_size(image.height, image.width)
        if strict and native != shape[:2]:
            raise ValueError(
                "`image_size` must be given where images are of several sizes. Received: None, for "
                f"images of {shape[0]}×{shape[1]} and {image.height}×{image.width} "
                "(height × width)."
            )
        pixels = photos.prepare(image, shape[:2], shape[2], self._resampling)
        return _Image(
            np.ascontiguousarray(pixels),
            native=native,
            changes=changes + _scaling(image.size, native, shape),
            is_aligned=image.size == photos.ALIGNED_SIZE,
        )

    def in_bytes(self, payload: Payload) -> Payload:
        """Return an image of 8 bits unchanged, and others as arrays of uint8, or why not."""
        try:
            if isinstance(payload, np.ndarray):
                return self._array(payload)
            with self._opened(payload) as file:
                if not file.is_wide:
                    return payload
                gray = file.rgb(self._bytes).getchannel(0)
                photos.warn_of_changes(file)
                return np.asarray(gray)
        except _UnknownRange as error:
            return error
        except (_Unreadable, ValueError):
            return payload  # whoever opens it gets the error

    def _decoded(self, payload: Payload) -> tuple[Image.Image, tuple[str, ...]]:
        """Decode an image, and say what happened to it, in keys of CHANGES."""
        if isinstance(payload, np.ndarray):
            image = _from_array(self._array(payload))
            return image, ("grey",) * (image.mode == "L")
        with self._opened(payload) as file:
            try:
                image = file.rgb(self._bytes)
                found = (file.has_more_frames, file.has_transparent_parts, file.is_grey)
            except ValueError as error:
                raise _Unreadable(_without_name(error, file.name)) from error
            return image, tuple(compress(("frames", "transparent", "grey"), found))

    def _opened(self, payload: Path | bytes | ValueError) -> ImageFile:
        if isinstance(payload, ValueError):
            raise _Unreadable(str(payload).rstrip("."))
        try:
            return ImageFile(payload, self._max_pixels)
        except (ValueError, OSError) as error:
            name = "the given bytes" if isinstance(payload, bytes) else printable(payload)
            raise _Unreadable(_without_name(error, name)) from error

    def _array(self, pixels: np.ndarray) -> np.ndarray:
        try:
            _check_size(pixels, self._max_pixels)
        except ValueError as error:
            raise _Unreadable(str(error)) from error
        return self._bytes(pixels)

    def _bytes(self, values: np.ndarray) -> np.ndarray:
        """Convert values to uint8 by the range of all images of their type."""
        if values.dtype == np.uint8:
            return values
        check_numeric(values.dtype, "images")
        if not np.isfinite(values).all():
            raise _Unreadable("it holds values that are NaN or infinite")
        with self._lock:  # one thread looks, the others wait
            known = self._ranges[values.dtype.name]
        if isinstance(known, ValueError):
            raise _UnknownRange(str(known)) from known
        return known.to_uint8(values)

    @cached_property
    def _ranges(self) -> dict[str, PixelRange | ValueError]:
        """The range of all images whose values are not of 8 bits, or why none, by their type."""
        extremes: dict[str, tuple[float, float]] = {}
        for payload in self.source.payloads():
            values = self._wide_values(payload)
            if values is not None and np.isfinite(values).all():
                low, high = extremes.get(values.dtype.name, (np.inf, -np.inf))
                ends = min(low, float(values.min())), max(high, float(values.max()))
                extremes[values.dtype.name] = ends
        return {name: _range_between(*ends, np.dtype(name)) for name, ends in extremes.items()}

    def _wide_values(self, payload: Payload) -> np.ndarray | None:
        try:
            if isinstance(payload, np.ndarray):
                _check_size(payload, self._max_pixels)
                return payload
            with self._opened(payload) as file:
                return file.values() if file.is_wide else None
        except (_Unreadable, ValueError):
            return None


def _range_between(low: float, high: float, dtype: np.dtype) -> PixelRange | ValueError:
    try:
        return range_between(low, high, dtype, "images")
    except ValueError as error:
        return error


def in_bytes(source: Source, name: str, max_pixels: int = MAX_PIXELS) -> Source:
    """Return the source with images of 8 bits: others are converted by the range of all of them.

    At the end of a pass the conversion is logged. Where the range is not known, the reason takes
    the place of each such image.

    Args:
        source: The images.
        name: Of the set, for the log.
        max_pixels: Most pixels of an image; larger ones are not converted.
    """
    decoder = _Decoder(source, max_pixels)

    def payloads() -> Iterator[Payload]:
        yield from map(decoder.in_bytes, source.payloads())
        for note in decoder.notes:
            logger.warning("%s: %s.", printable(name), note)

    return replace(source, payloads=payloads)


def open_payload(payload: Payload, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Open one image of any source as RGB, as `photos.open_photo` does.

    Values that are not of 8 bits are converted by the range of this image; `in_bytes` converts
    those of a set by that of all its images.

    Raises:
        ValueError: If it cannot be read, or has more than `max_pixels`.
        OSError: If its file cannot be read.
    """
    if isinstance(payload, ValueError):
        raise payload
    if isinstance(payload, np.ndarray):
        _check_size(payload, max_pixels)
        if payload.dtype != np.uint8:
            payload = range_of(payload, "image").to_uint8(payload)
        return _from_array(payload).convert("RGB")
    return photos.open_photo(payload, max_pixels)


def _scaling(size: tuple[int, int], native: tuple[int, int], shape: Shape) -> tuple[str, ...]:
    """Say whether an image is cropped and enlarged.

    Args:
        size: Its width and height.
        native: Its native height and width.
        shape: Height, width and channels that it gets.
    """
    left, upper, right, lower = photos.crop_box(*size, aspect=shape[1] / shape[0])
    parts = (lower - upper, right - left)
    cropped = any(part < (1 - CUT) * side for part, side in zip(parts, native, strict=True))
    enlarged = round(parts[0]) < shape[0]
    return ("cropped",) * cropped + ("enlarged",) * enlarged


def _check_size(pixels: np.ndarray, max_pixels: int) -> None:
    height, width = pixels.shape[:2]
    try:
        check_pixels(width, height, max_pixels)
    except ValueError as error:
        raise ValueError(f"too large: {error}") from error


def _from_array(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels.squeeze(-1) if pixels.shape[2:] == (1,) else pixels)


class _UnknownRange(ValueError):
    """The values of all images of a set are in no known range."""


class _Unreadable(Exception):
    """An image cannot be read; the message is the reason."""


def _without_name(error: Exception, name: str) -> str:
    """Return the reason alone: the set names its images itself."""
    text = str(error).removeprefix(name).removeprefix(" is a damaged image:").strip()
    return text.removeprefix("is ").rstrip(".")


def usual_size(source: Source, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Return the native size of nearly all images, or of several sizes that of a square.

    It fits into three quarters of the images: one tiny image does not reduce all others.

    Args:
        source: The images.
        max_pixels: Most pixels of an image; larger ones are damaged.

    Raises:
        ValueError: If none of the images that are looked at can be read.
    """
    sizes, problem = Counter[tuple[int, int]](), ""
    for payload in _some(source):
        try:
            sizes[_size_of(payload, max_pixels)] += 1
        except (ValueError, OSError) as error:  # it is reported when the images are prepared
            problem = problem or first_line(error).rstrip(".")
    if not sizes:
        raise ValueError(
            "A data set must hold at least one image. Received: none that can be read among "
            f"{min(SIZED, source.count)} of {source.count:,}, the first because: {problem}."
        )
    size, count = sizes.most_common(1)[0]
    if count >= NEARLY_ALL * sizes.total():
        return size
    sides = sorted(min(each) for each in sizes.elements())
    side = sides[int(ENLARGED * len(sides))]
    return side, side


def _some(source: Source) -> Iterator[Payload]:
    """Yield images from all over a set; where only whole passes read it, the first."""
    if source.payloads_of is None:
        return islice(source.payloads(), SIZED)
    indices = np.linspace(0, source.count - 1, min(SIZED, source.count)).astype(int)
    return source.payloads_of(indices.tolist())


def _size_of(payload: Payload, max_pixels: int) -> tuple[int, int]:
    """Return the native height and width of an image; of a file only the header is read."""
    if isinstance(payload, ValueError):
        raise payload
    if isinstance(payload, np.ndarray):
        _check_size(payload, max_pixels)
        return native_size(*payload.shape[:2])
    with ImageFile(payload, max_pixels) as file:
        width, height = file.size
    return native_size(height, width)


def _check_damaged(damaged: list[str], total: int) -> None:
    if len(damaged) > max(1, DAMAGED_SHARE * total):
        raise ValueError(
            "At most one image, or 1 % of the images, may be damaged. Received: at least "
            f"{len(damaged)} of {total:,}, among them {'; '.join(damaged[:5])}."
        )


def _check_constant(images: np.ndarray) -> None:
    """Refuse a set whose pixels are all nearly the same: black, white, or of a wrong range."""
    rows = np.linspace(0, len(images) - 1, min(SAMPLE, len(images))).astype(int)
    pixels = images[rows]
    deviation = float(pixels.std(dtype=np.float64))
    if deviation < CONSTANT:
        raise ValueError(
            "The images must differ from a single colour. Received: pixels from "
            f"{pixels.min()} to {pixels.max()}, mean {pixels.mean():.2f}, standard deviation "
            f"{deviation:.2f} of 255. If they are of another range, such as 0 … 1 in uint8, "
            "multiply them."
        )
