"""The one routine that turns any source's images into an array of prepared pixels on disk."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
from PIL import Image

from ..files import photos
from .source import Payload, Progress, Source, native_size

CHUNK = 64  # images in a task: long enough to hide its cost, short enough for a smooth bar
WAITING = 64  # tasks at most: enough for all cores, and little memory
CORRUPT_SHARE = 0.01  # more is no accident of a few files: the user should know

Shape: TypeAlias = tuple[int, int, int]  # height, width, channels


def write_images(
    source: Source,
    file: Path,
    size: tuple[int, int] | None,
    channels: int,
    progress: Progress | None = None,
) -> tuple[Shape, np.ndarray, list[str]]:
    """Decode, crop and scale every image of a source into an .npy file.

    Pillow releases Python's lock while it decodes and scales, so threads suffice. Only a few chunks
    are in memory at any time.

    Args:
        source: The images.
        file: Path of the array, uint8 [N', H, W, C]; N' ≤ N, without the images that are corrupt.
        size: Height and width; None for the native ones, which must then be the same for all.
        channels: 1 or 3.
        progress: Called with the number of images done and their total.

    Returns:
        Height, width and channels; the indices of the images in the file, int64 [N']; and the names
        of the corrupt images.

    Raises:
        ValueError: If there are no images, more than 1 % are corrupt, or sizes differ where `size`
            is None.
    """
    if not source.count:
        raise ValueError("A data set must hold at least one image. Received: none.")
    shape = (*(size or _size_of_first(source)), channels)
    kept: list[int] = []
    corrupt: list[str] = []
    with file.open("wb") as stream:
        _write_header(stream, source.count, shape)
        for done, pixels in enumerate(_prepared(source, shape, strict=size is None), start=1):
            if pixels is None:
                corrupt.append(source.name_of(done - 1))
                _check_corrupt(corrupt, source.count)
            else:
                stream.write(pixels.data)
                kept.append(done - 1)
            if progress is not None:
                progress(done, source.count)
        stream.seek(0)
        _write_header(stream, len(kept), shape)
        stream.flush()
        os.fsync(stream.fileno())
    return shape, np.array(kept, np.int64), corrupt


def _write_header(stream: BinaryIO, count: int, shape: Shape) -> None:
    # NumPy pads headers so that the first axis can change: any count takes the same space.
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(stream, header)


def _prepared(source: Source, shape: Shape, strict: bool) -> Iterator[np.ndarray | None]:
    """Prepare image after image on all cores, in order, with a bounded number in memory."""
    prepare = partial(_pixels, shape=shape, strict=strict)
    payloads = source.payloads()
    waiting: deque[Future[list[np.ndarray | None]]] = deque()
    pool = ThreadPoolExecutor()
    try:
        while some := list(islice(payloads, CHUNK)):
            waiting.append(pool.submit(lambda some: list(map(prepare, some)), some))
            if len(waiting) > WAITING:
                yield from waiting.popleft().result()
        for chunk in waiting:
            yield from chunk.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _pixels(payload: Payload, shape: Shape, strict: bool) -> np.ndarray | None:
    """Prepare one image: uint8 [H, W, C], or None if it cannot be decoded."""
    if isinstance(payload, np.ndarray) and (*payload.shape, 1)[:3] == shape:
        return np.ascontiguousarray(payload)
    image = _decode(payload)
    if image is None:
        return None
    if strict and native_size(image.height, image.width) != shape[:2]:
        raise ValueError(
            "`image_size` must be given where images are of several sizes. Received: None, for "
            f"images of {shape[0]}×{shape[1]} and {image.height}×{image.width} (height × width)."
        )
    return np.ascontiguousarray(photos.prepare(image, shape[:2], shape[2]))


def open_payload(payload: Payload) -> Image.Image:
    """Open an image of any source as RGB, or as gray levels from an array of one channel.

    Raises:
        ValueError: If it cannot be read.
        OSError: If its file cannot be read.
    """
    if isinstance(payload, np.ndarray):
        return Image.fromarray(payload.squeeze(-1) if payload.shape[2:] == (1,) else payload)
    return photos.open_photo(payload)


def _decode(payload: Payload) -> Image.Image | None:
    try:
        return open_payload(payload)
    except (ValueError, OSError):
        return None


def _size_of_first(source: Source) -> tuple[int, int]:
    """Return the native size of the first image that can be decoded."""
    for image in map(_decode, source.payloads()):
        if image is not None:
            return native_size(image.height, image.width)
    raise ValueError(f"None of the {source.count} images can be decoded.")


def _check_corrupt(corrupt: list[str], total: int) -> None:
    if len(corrupt) > CORRUPT_SHARE * total:
        raise ValueError(
            f"At most 1 % of the images may be corrupt. Received: at least {len(corrupt)} of "
            f"{total}, among them {', '.join(corrupt[:5])}."
        )
