"""Feature maps in grey: a sheet for a layer, an overview of all layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageOps

from ..files.pictures import MARGIN, enlarge, whole_factor
from .channels import most_varied
from .lettering import number_label, text_size, write

SCALES = ("shared", "channel")
OVERVIEW = 16  # channels of each layer in the overview, at most
TEXT, TITLE = 20, 28  # heights of letters in pixels, for sheets that are printed small
GAP = 5 * MARGIN
BAR = 20  # pixels across the bar of greys


def feature_sheet(
    name: str, maps: np.ndarray, *, top: int | None = None, scale: str = "shared"
) -> Image.Image:
    """Lay the channels of one layer out, numbered (Wolfram note, figures 10 to 18).

    Args:
        name: The layer's name.
        maps: What it returned for one image, float [H, W, C].
        top: Show only so many channels, those of the largest variance over the image, which comes
            first; None shows all in order.
        scale: "shared" draws the layer's least value black and its greatest white, with a bar that
            says which grey is what; "channel" does so for each channel by itself.

    Returns:
        The picture.

    Raises:
        ValueError: If the scale is unknown.
    """
    channels = np.arange(maps.shape[2]) if top is None else most_varied(maps, top)
    picture = _draw(maps, channels, _columns(len(channels)), scale)
    title = f"{name} · {_shape(maps)} · {_range(maps)}"
    about = [_choice(len(channels), maps.shape[2]), _SCALE_NOTES[scale]]
    lines = [_text(title, TITLE), *map(_text, filter(None, about))]
    return _framed(_column([*lines, picture]))


def feature_overview(
    layers: Mapping[str, np.ndarray],
    image: np.ndarray,
    *,
    top: int = OVERVIEW,
    scale: str = "shared",
) -> Image.Image:
    """Show the most varied channels of every layer, a row for each, below the image itself.

    Args:
        layers: Feature maps of one image by layer, each float [H, W, C], in the order of the rows.
        image: The image that was encoded, uint8 [H, W, C].
        top: The most channels in a row; no more than 16 are shown.
        scale: As in `feature_sheet`; a shared scale is shared within a layer.

    Returns:
        The picture.

    Raises:
        ValueError: If the scale is unknown.
    """
    labels = [("input", _shape(image))]
    labels += [(name, _shape(maps), _range(maps)) for name, maps in layers.items()]
    pictures = [ImageOps.expand(enlarge(image, whole_factor(image.shape[:2])), MARGIN, "white")]
    for maps in layers.values():
        channels = most_varied(maps, min(top, OVERVIEW))
        pictures.append(_draw(maps, channels, len(channels), scale))
    width = max(text_size(line, TEXT)[0] for label in labels for line in label)
    heads = [_column([_text(line, across=width) for line in label]) for label in labels]
    table = [_row(pair) for pair in zip(heads, pictures, strict=True)]
    note = f"Of each layer the channels that vary most over the image. {_SCALE_NOTES[scale]}"
    lines = [_text("Feature maps", TITLE), _text(note)]
    return _framed(_column([*lines, _column(table, centred=False)]))


_SCALE_NOTES = {
    "shared": "One scale for a layer: its least value is black, its greatest white.",
    "channel": "A scale for each map: its own least value is black, its own greatest white.",
}


def _draw(maps: np.ndarray, channels: Sequence[int], columns: int, scale: str) -> Image.Image:
    """Draw channels of a layer, and beside them the bar of a shared scale."""
    tiles = _tiles(_greys(maps, scale), channels, columns)
    return _row([tiles, _bar(maps, tiles.height)]) if scale == "shared" else tiles


def _greys(maps: np.ndarray, scale: str) -> np.ndarray:
    """Turn values into greys, uint8 [H, W, C]; what does not vary is black."""
    if scale not in SCALES:
        raise ValueError(f"`scale` must be one of {', '.join(SCALES)}. Received: {scale!r}.")
    places = None if scale == "shared" else (0, 1)
    low = maps.min(axis=places, keepdims=True)
    span = maps.max(axis=places, keepdims=True) - low
    return np.rint((maps - low) / np.where(span > 0, span, 1) * 255).astype(np.uint8)


def _tiles(greys: np.ndarray, channels: Sequence[int], columns: int) -> Image.Image:
    """Lay channels out in rows, each below its number."""
    factor = whole_factor(greys.shape[:2])
    height, width = (side * factor for side in greys.shape[:2])
    head = text_size("0", TEXT)[1] + MARGIN
    pitch = (head + height + 2 * MARGIN, max(width, text_size("000", TEXT)[0]) + 2 * MARGIN)
    rows = math.ceil(len(channels) / columns)
    picture = Image.new("RGB", (columns * pitch[1], rows * pitch[0]), "white")
    for place, channel in enumerate(channels):
        top, left = (step * side for step, side in zip(divmod(place, columns), pitch, strict=True))
        centre = left + pitch[1] // 2
        write(picture, str(channel), (centre, top + head // 2), TEXT)
        tile = Image.fromarray(greys[..., channel])
        tile = tile.resize((width, height), Image.Resampling.NEAREST)
        framed = ImageOps.expand(tile, 1, "silver")  # else white runs into the page
        picture.paste(framed.convert("RGB"), (centre - width // 2 - 1, top + head - 1))
    return picture


def _bar(maps: np.ndarray, height: int) -> Image.Image:
    """Draw the greys of a shared scale as a bar, with the values of its ends and middle."""
    low, high = float(maps.min()), float(maps.max())
    labels = [number_label(value, ".3g") for value in (high, (low + high) / 2, low)]
    sizes = [text_size(label, TEXT) for label in labels]
    line = sizes[0][1]
    width = BAR + 2 * MARGIN + max(width for width, _ in sizes)
    picture = Image.new("RGB", (width, height), "white")
    ramp = np.linspace(255, 0, height - line).round().astype(np.uint8)
    bar = ImageOps.expand(Image.fromarray(np.tile(ramp[1:-1, None], BAR - 2)), 1, "grey")
    picture.paste(bar, (0, line // 2))
    heights = (line / 2, height / 2, height - line / 2)
    for label, (across, _), y in zip(labels, sizes, heights, strict=True):
        write(picture, label, (BAR + 2 * MARGIN + across / 2, y), TEXT)
    return picture


def _columns(count: int) -> int:
    return min(count, 8 if count <= 32 else 16)


def _shape(maps: np.ndarray) -> str:
    return "×".join(map(str, maps.shape))


def _range(maps: np.ndarray) -> str:
    return " … ".join(number_label(value, ".3g") for value in (maps.min(), maps.max()))


def _choice(shown: int, channels: int) -> str:
    if shown == channels:
        return ""
    return f"{shown} of {channels} channels, by their variance over the image"


def _text(text: str, size: int = TEXT, across: int = 0) -> Image.Image:
    """Write a text on a picture of its own, at least so wide."""
    width, height = text_size(text, size)
    picture = Image.new("RGB", (max(width, across), height), "white")
    write(picture, text, (picture.width / 2, height / 2), size)
    return picture


def _row(pictures: Sequence[Image.Image]) -> Image.Image:
    """Set pictures side by side, their middles on one line."""
    width = sum(part.width for part in pictures) + GAP * (len(pictures) - 1)
    row = Image.new("RGB", (width, max(part.height for part in pictures)), "white")
    left = 0
    for part in pictures:
        row.paste(part, (left, (row.height - part.height) // 2))
        left += part.width + GAP
    return row


def _column(pictures: Sequence[Image.Image], centred: bool = True) -> Image.Image:
    """Set pictures below one another, centred or flush left."""
    height = sum(part.height for part in pictures) + 2 * MARGIN * (len(pictures) - 1)
    column = Image.new("RGB", (max(part.width for part in pictures), height), "white")
    top = 0
    for part in pictures:
        column.paste(part, ((column.width - part.width) // 2 if centred else 0, top))
        top += part.height + 2 * MARGIN
    return column


def _framed(picture: Image.Image) -> Image.Image:
    """Leave a margin all around."""
    framed = Image.new("RGB", (picture.width + 2 * GAP, picture.height + 2 * GAP), "white")
    framed.paste(picture, (GAP, GAP))
    return framed
