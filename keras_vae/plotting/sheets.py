"""Pictures of pictures: grids and labelled strips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..files import write_atomically

CELL = 128  # pixels that the longer side of an enlarged image comes near to
LARGEST = 4096  # pixels that a grid is not made wider than by enlarging
MARGIN = 4
FONT_SIZE = 14
LONGEST_NAME = 40  # characters of a row's label
MINUS = "\N{MINUS SIGN}"


def grid(images: np.ndarray, columns: int | None = None) -> Image.Image:
    """Lay images out in rows, enlarged so that they can be looked at.

    Args:
        images: uint8 [N, H, W, C].
        columns: Images in a row; None takes 10 for tens of images, otherwise a near square.

    Returns:
        The picture.

    Raises:
        ValueError: If there are no images.
    """
    if not len(images):
        raise ValueError("`images` must hold at least one image. Received: none.")
    columns = columns or _columns(len(images))
    rows = math.ceil(len(images) / columns)
    factor = _factor(images.shape[1:3], columns)
    height, width = (side * factor + MARGIN for side in images.shape[1:3])
    picture = Image.new("RGB", (columns * width + MARGIN, rows * height + MARGIN), "white")
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        picture.paste(enlarge(image, factor), (column * width + MARGIN, row * height + MARGIN))
    return picture


def strip(
    rows: Sequence[np.ndarray],
    labels: Sequence[str],
    row_labels: Sequence[str] | None = None,
    title: str | None = None,
) -> Image.Image:
    """Lay images out in labelled columns; columns are as wide as their labels need.

    Args:
        rows: R rows of K images, each uint8 [K, H, W, C].
        labels: What stands above each of the K columns; it may have several lines.
        row_labels: What stands left of each row.
        title: What stands above everything.

    Returns:
        The picture.

    Raises:
        ValueError: If there are not as many images as labels.
    """
    if not len(rows) or any(len(row) != len(labels) for row in rows):
        counts = sorted({len(row) for row in rows})
        raise ValueError(f"`rows` must have {len(labels)} images each. Received: {counts}.")
    factor = _factor(rows[0].shape[1:3], len(labels))
    height, width = (side * factor for side in rows[0].shape[1:3])
    names = [_shortened(label) for label in row_labels or [""] * len(rows)]
    name_width = max(_size(name)[0] + 2 * MARGIN for name in names) if any(names) else 0
    widths = [max(width, _size(label)[0]) + 2 * MARGIN for label in labels]
    title_height = _size(title)[1] + 3 * MARGIN if title else 0
    top = title_height + max(_size(label)[1] for label in labels) + 3 * MARGIN
    across = max(name_width + sum(widths), _size(title or "")[0] + 2 * MARGIN)
    picture = Image.new("RGB", (across, top + len(rows) * (height + 2 * MARGIN)), "white")
    if title:
        _write(picture, title, (across // 2, (title_height + MARGIN) // 2))
    left = name_width
    for column, (label, column_width) in enumerate(zip(labels, widths, strict=True)):
        centre = left + column_width // 2
        _write(picture, label, (centre, (title_height + top) // 2))
        for number, row in enumerate(rows):
            place = (centre - width // 2, top + number * (height + 2 * MARGIN))
            picture.paste(enlarge(row[column], factor), place)
        left += column_width
    for number, name in enumerate(names):
        middle = top + number * (height + 2 * MARGIN) + height // 2
        _write(picture, name, (name_width // 2, middle))
    return picture


def morph_labels(steps: Sequence[float]) -> list[str]:
    """Label the columns of a morph: the original, then each n, with n = 0 the reconstruction.

    Args:
        steps: n of each column after the original.
    """
    return ["original", *(step_label(step) for step in steps)]


def step_label(step: float) -> str:
    """Label one n of a morph, such as "n = −0.5"."""
    number = f"{step:g}".replace("-", MINUS)
    return f"n = {number}" if step else "n = 0\n(reconstruction)"


def enlarge(image: np.ndarray, factor: int) -> Image.Image:
    """Enlarge an image by a whole factor: photos smoothly, grey digits pixel by pixel.

    Args:
        image: uint8 [H, W, C], C = 1 or 3.
        factor: A positive integer.
    """
    height, width, channels = image.shape
    picture = Image.fromarray(image[..., 0] if channels == 1 else image).convert("RGB")
    smooth = channels == 3 or not 16 <= min(height, width) <= 28  # 8×8 as blocks is hard to read
    method = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return picture.resize((width * factor, height * factor), method)


def save(picture: Image.Image, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a picture in the format of its suffix, whole or not at all.

    Raises:
        FileExistsError: If the file exists and `overwrite` is False.
        ValueError: If the suffix is of no known format.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in Image.registered_extensions():
        raise ValueError(f"`path` must end like a picture, as in .png. Received: {path}.")
    return write_atomically(path, picture.save, overwrite=overwrite)


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


def whole_factor(size: tuple[int, int]) -> int:
    """The whole factor that brings an image's longer side near `CELL` pixels."""
    return max(1, round(CELL / max(size)))


def _factor(size: tuple[int, int], columns: int) -> int:
    fitting = LARGEST // (columns * (size[1] + MARGIN))
    return max(1, min(whole_factor(size), fitting))


def _columns(count: int) -> int:
    if count <= 8:
        return count
    return 10 if count % 10 == 0 and count <= 100 else math.ceil(math.sqrt(count))


def _shortened(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    half = (LONGEST_NAME - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    spec = find_spec("matplotlib")  # for its font's minus signs and accents; not imported
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")
        if path.exists():
            return ImageFont.truetype(str(path), FONT_SIZE)
    return ImageFont.load_default(FONT_SIZE)


def _size(text: str) -> tuple[int, int]:
    """Width and height of a label, in pixels, with room for what hangs below the line."""
    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    _, _, right, lower = draw.multiline_textbbox((0, 0), text, _font(), spacing=2)
    return math.ceil(right), max(math.ceil(lower), FONT_SIZE + 4) if text else 0


def _write(picture: Image.Image, text: str, centre: tuple[int, int]) -> None:
    draw = ImageDraw.Draw(picture)
    draw.multiline_text(centre, text, "black", _font(), anchor="mm", spacing=2, align="center")
