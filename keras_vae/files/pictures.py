"""Image grids, and pictures written to files. Pillow and NumPy only."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from .atomic import OutputGroup, write_atomically
from .output import Output, named
from .stderr import quiet_stderr

CELL = 128  # approximate length of an enlarged image's longer side, in pixels
LARGEST = 4096  # images are not enlarged so much that a grid is wider than this, in pixels
MARGIN = 4
# What Pillow raises where a format does not take a picture.
REFUSALS = (KeyError, OSError, OverflowError, RuntimeError, ValueError, struct.error)
ICONS = ("CUR", "ICNS", "ICO")  # of certain sizes, to which Pillow reduces pictures
STREAMED = ".png"  # format of a picture that is written to a stream without a suffix

# JPEG's default is for thumbnails: low quality, and color at half the resolution.
# PNG's default takes seven times as long for a file an eighth smaller.
SETTINGS = {"JPEG": {"quality": 95, "subsampling": "4:4:4"}, "PNG": {"compress_level": 2}}


def grid(images: np.ndarray, columns: int | None = None, cell: int = CELL) -> Image.Image:
    """Arrange images in an image grid, enlarged so that details can be seen.

    Args:
        images: uint8 [N, H, W, C], C = 1 or 3.
        columns: Images in a row; None: 10 for multiples of ten up to 100, otherwise near a square.
        cell: Approximate length of an enlarged image's longer side, in pixels.

    Returns:
        The picture.

    Raises:
        ValueError: If there are no images, not uint8 or not of this shape, or no columns.

    Example:
        >>> picture = grid(images, columns=4)
    """
    check_images(images)
    if columns is not None and columns < 1:
        raise ValueError(f"`columns` must be at least 1. Received: {columns}.")
    if not len(images):
        raise ValueError("`images` must hold at least one image. Received: none.")
    columns = columns or _columns(len(images))
    factor = fitting_factor(images.shape[1:3], columns, cell)
    pictures = [enlarge(image, factor) for image in images]
    rows = [pictures[start : start + columns] for start in range(0, len(pictures), columns)]
    return ImageOps.expand(arrange(rows, MARGIN), MARGIN, "white")


def check_images(images: np.ndarray, name: str = "images", axes: str = "N, H, W") -> None:
    """Check that images can be drawn: Pillow would draw floats of 0 … 1 in black and white.

    Args:
        images: uint8 of these axes and of C = 1 or 3 channels.
        name: Of the argument, for the error.
        axes: The axes before the channels.

    Raises:
        ValueError: If they are of another type or shape.
    """
    shape = images.shape if isinstance(images, np.ndarray) and images.dtype == np.uint8 else ()
    if len(shape) == len(axes.split(", ")) + 1 and shape[-1] in (1, 3) and all(shape[-3:]):
        return
    raise ValueError(
        f"`{name}` must be a uint8 array of shape [{axes}, 1 or 3]. Received: {_received(images)}."
    )


def _received(images: Any) -> str:
    if not isinstance(images, np.ndarray):
        return type(images).__name__
    received = f"{images.dtype} of shape {list(images.shape)}"
    if images.dtype.kind == "f":
        return f"{received}; multiply floats of 0 … 1 by 255, round them and convert them to uint8"
    return received


def arrange(rows: Sequence[Sequence[Image.Image]], gap: int = 0, align: float = 0.5) -> Image.Image:
    """Arrange pictures in rows and columns, each as high and as wide as its largest picture.

    Args:
        rows: The pictures; they are centered vertically. The last rows may be shorter.
        gap: Pixels between two rows and between two columns.
        align: Where a picture is in its column: 0 at the left, 0.5 centered.

    Returns:
        A picture without margins; what no other picture covers is white.
    """
    widths = [max(part.width for part in column if part) for column in zip_longest(*rows)]
    heights = [max(part.height for part in row) for row in rows]
    lefts = list(accumulate(widths, lambda left, width: left + width + gap, initial=0))
    tops = list(accumulate(heights, lambda top, height: top + height + gap, initial=0))
    page = Image.new("RGB", (lefts[-1] - gap, tops[-1] - gap), "white")
    for row, top, height in zip(rows, tops, heights, strict=False):
        for part, left, width in zip(row, lefts, widths, strict=False):
            x = left + round(align * (width - part.width))
            page.paste(part, (x, top + (height - part.height) // 2))
    return page


def enlarge(image: np.ndarray, factor: int) -> Image.Image:
    """Enlarge an image by a whole factor: photos smoothly, gray digits pixel by pixel.

    Args:
        image: uint8 [H, W, C], C = 1 or 3.
        factor: A positive integer.
    """
    height, width, channels = image.shape
    picture = to_picture(image).convert("RGB")
    smooth = channels == 3 or not 16 <= min(height, width) <= 28  # 8×8 as blocks is hard to read
    method = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return picture.resize((width * factor, height * factor), method)


def to_picture(image: np.ndarray) -> Image.Image:
    """Turn pixels, uint8 [H, W, C] with C = 1 or 3, into a picture of that size and colour."""
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def save(
    picture: Image.Image,
    path: str | Path,
    *,
    overwrite: bool = False,
    group: OutputGroup | None = None,
) -> Path:
    """Write a picture atomically in the format of its suffix, with its color profile.

    Args:
        picture: The picture.
        path: The file, or another place: see `files.output.Output`. A stream without a suffix
            receives a PNG.
        overwrite: Whether an existing file may be overwritten.
        group: The files that it appears together with; None: it appears now.

    Raises:
        FileExistsError: If the file exists and `overwrite` is False.
        ValueError: See `check_picture`; or if the format does not take pictures of this size.
    """
    kind = check_picture(path)
    check_size(path, kind, picture.size)
    profile = picture.info.get("icc_profile")

    def write(draft: Path) -> None:
        try:
            picture.save(draft, kind, icc_profile=profile, **SETTINGS.get(kind, {}))
        except REFUSALS as error:
            if getattr(error, "errno", None) is not None:  # the system's
                raise
            raise _too_large(path, kind, picture.size) from error

    return write_atomically(path, write, overwrite=overwrite, suffix=STREAMED, group=group)


def save_all(
    images: Iterable[np.ndarray | Image.Image], names: Iterable[str], folder: Path
) -> None:
    """Write images as PNG files at their own size.

    Args:
        images: Pictures, or pixels, uint8 [H, W, C].
        names: Their names, each perhaps a path within the folder; a suffix becomes .png. Where this
            file exists, .png is appended to the whole name, until no file has it.
        folder: The folder.

    Raises:
        ValueError: If a name is a path outside the folder.
    """
    for image, name in zip(images, names, strict=True):
        file = Path(name)
        if file.is_absolute() or ".." in file.parts:
            raise ValueError(f"`names` must be paths within the folder. Received: {name}.")
        picture = image if isinstance(image, Image.Image) else to_picture(image)
        target = folder / file.with_suffix(".png")
        if target.exists():
            target = folder / f"{name}.png"
        while target.exists():
            target = target.with_name(f"{target.name}.png")
        target.parent.mkdir(parents=True, exist_ok=True)
        with named(file), target.open("xb") as stream:
            picture.save(stream, "PNG", **SETTINGS["PNG"])


def check_picture(path: str | Path) -> str:
    """Check that a path has the suffix of a picture: also before long work.

    Returns:
        Pillow's name of the format.

    Raises:
        ValueError: If pictures cannot be written in the format of its suffix.
    """
    suffix = Output(path).suffix(STREAMED).lower()
    kind = Image.registered_extensions().get(suffix)
    if kind is None or kind in ICONS or not _can_be_written(kind):
        raise ValueError(
            f"The name of a picture must end in a format, as .png or .jpg. Received: {path}."
        )
    return kind


def check_size(path: str | Path, kind: str, size: tuple[int, int]) -> None:
    """Check that a format takes pictures of a size: also before long work.

    Args:
        path: The file, for the error.
        kind: Pillow's name of the format.
        size: Width and height.

    Raises:
        ValueError: If a side is too long for the format.
    """
    width, height = size
    if not (_can_be_written(kind, (width, 1)) and _can_be_written(kind, (1, height))):
        raise _too_large(path, kind, size)


def _too_large(path: str | Path, kind: str, size: tuple[int, int]) -> ValueError:
    return ValueError(
        f"{path}: {kind} does not take a picture of {size[0]}×{size[1]} pixels. "
        "Choose another suffix, such as .png."
    )


@cache
def _can_be_written(kind: str, size: tuple[int, int] = (16, 16)) -> bool:
    """Try to write: Pillow can only read some formats, others have no colors or short sides."""
    with quiet_stderr():
        try:
            Image.new("RGB", size).save(io.BytesIO(), kind)
        except REFUSALS:
            return False
        return True


def to_pixels(values: Any) -> np.ndarray:
    """Round and clip values of 0 … 255, of any array type, to uint8."""
    return np.clip(np.rint(np.asarray(values)), 0, 255).astype(np.uint8)


def save_grid(
    images: np.ndarray,
    path: str | Path,
    *,
    columns: int | None = None,
    overwrite: bool = False,
) -> Path:
    """Write `grid` to a file.

    Raises:
        FileExistsError: If the file exists and `overwrite` is False.
    """
    return save(grid(images, columns), path, overwrite=overwrite)


def whole_factor(size: tuple[int, int], cell: int = CELL) -> int:
    """Return the whole factor that makes an image's longer side about `cell` pixels."""
    return max(1, round(cell / max(size)))


def fitting_factor(size: tuple[int, int], columns: int, cell: int = CELL) -> int:
    """Return `whole_factor`, or less if `columns` such images would be wider than `LARGEST`."""
    fitting = LARGEST // (columns * (size[1] + MARGIN))
    return max(1, min(whole_factor(size, cell), fitting))


def _columns(count: int) -> int:
    if count <= 8:
        return count
    return 10 if count % 10 == 0 and count <= 100 else math.ceil(math.sqrt(count))
