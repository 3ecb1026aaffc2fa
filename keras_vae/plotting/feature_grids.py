"""Feature maps in grey: a grid for a layer, an overview of all layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageOps

from ..files.pictures import MARGIN, arrange, check_images, enlarge, whole_factor
from .channels import most_varied
from .lettering import number_label, text_size, write

SCALES = {
    "shared": "One scale for a layer: its least value is black, its greatest white.",
    "channel": "A scale for each map: its own least value is black, its own greatest white.",
}
OVERVIEW = 16  # channels of each layer in the overview, at most
TEXT, TITLE = 20, 28  # heights of letters in pixels, for pictures that are printed small
GAP = 5 * MARGIN
BAR = 20  # width of the bar of greys, in pixels


def feature_grid(
    name: str, maps: np.ndarray, *, top: int | None = None, scale: str = "shared"
) -> Image.Image:
    """Lay the channels of one layer out, numbered (Wolfram note, figures 10 to 18).

    Args:
        name: The layer's name.
        maps: The layer's output for one image, float [H, W, C].
        top: Show only this many channels, in the order of their variance over the image, the
            largest first; None shows all channels in their own order.
        scale: "shared" draws the layer's least value black and its greatest white, with a bar that
            shows the values of the greys; "channel" does so for each channel by itself.

    Returns:
        The picture.

    Raises:
        ValueError: If the scale is unknown, `top` is less than 1, or `maps` has another shape.

    Example:
        >>> maps = np.random.default_rng(0).normal(size=(16, 16, 32))
        >>> picture = feature_grid("encoder_conv_1", maps, top=8)
    """
    _check(maps, "maps", top)
    channels = np.arange(maps.shape[2]) if top is None else most_varied(maps, top)
    count = len(channels)
    picture = _draw(maps, channels, min(count, 8 if count <= 32 else 16), scale)
    notes = [SCALES[scale]]
    if count < maps.shape[2]:
        notes.insert(0, f"{count} of {maps.shape[2]} channels, by their variance over the image")
    return _page(f"{name} · {_shape(maps)} · {_range(maps)}", notes, picture)


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
        image: The image that was encoded, uint8 [H, W, C], C = 1 or 3.
        top: The most channels in a row; no more than 16 are shown.
        scale: As in `feature_grid`; a shared scale is shared within a layer.

    Returns:
        The picture.

    Raises:
        ValueError: If the scale is unknown, `top` is less than 1, or the image or feature maps have
            another type or shape.

    Example:
        >>> maps = {"encoder_conv_1": np.random.default_rng(0).normal(size=(16, 16, 32))}
        >>> picture = feature_overview(maps, images[0])
    """
    check_images(image, "image", "H, W")
    for maps in layers.values():
        _check(maps, "layers", top)
    original = ImageOps.expand(enlarge(image, whole_factor(image.shape[:2])), MARGIN, "white")
    table = [(_column(["input", _shape(image)]), original)]
    for name, maps in layers.items():
        channels = most_varied(maps, min(top, OVERVIEW))
        head = _column([name, _shape(maps), _range(maps)])
        table.append((head, _draw(maps, channels, len(channels), scale)))
    note = f"The channels of each layer that vary most over the image. {SCALES[scale]}"
    return _page("Feature maps", [note], arrange(table, GAP, align=0))


def _check(maps: np.ndarray, name: str, top: int | None) -> None:
    if maps.ndim != 3 or not maps.size:
        raise ValueError(f"`{name}` must have shape [H, W, C]. Received: {list(maps.shape)}.")
    if top is not None and top < 1:
        raise ValueError(f"`top` must be at least 1. Received: {top}.")


def _draw(maps: np.ndarray, channels: Sequence[int], columns: int, scale: str) -> Image.Image:
    """Draw channels of a layer, each below its number; beside them the bar of a shared scale."""
    greys = _greys(maps, scale)
    factor = whole_factor(greys.shape[:2])
    size = (greys.shape[1] * factor, greys.shape[0] * factor)
    tiles = []
    for channel in channels:
        tile = Image.fromarray(greys[..., channel]).resize(size, Image.Resampling.NEAREST)
        framed = ImageOps.expand(tile, 1, "silver")  # else white would run into the page
        tiles.append(arrange([[write(str(channel), TEXT)], [framed]], MARGIN))
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    picture = arrange(rows, 2 * MARGIN)
    return arrange([[picture, _bar(maps, picture.height)]], GAP) if scale == "shared" else picture


def _greys(maps: np.ndarray, scale: str) -> np.ndarray:
    """Turn values into greys, uint8 [H, W, C]; channels that do not vary are black."""
    if scale not in SCALES:
        raise ValueError(f"`scale` must be one of {', '.join(SCALES)}. Received: {scale!r}.")
    places = None if scale == "shared" else (0, 1)
    low = maps.min(axis=places, keepdims=True)
    span = maps.max(axis=places, keepdims=True) - low
    return np.rint((maps - low) / np.where(span > 0, span, 1) * 255).astype(np.uint8)


def _bar(maps: np.ndarray, height: int) -> Image.Image:
    """Draw the greys of a shared scale as a bar, with the values of its ends and middle."""
    low, high = float(maps.min()), float(maps.max())
    labels = [write(number_label(value, ".3g"), TEXT) for value in (high, (low + high) / 2, low)]
    line = text_size("0", TEXT)[1]
    ramp = np.linspace(255, 0, height - line).round().astype(np.uint8)
    bar = ImageOps.expand(Image.fromarray(np.tile(ramp[1:-1, None], BAR - 2)), 1, "grey")
    values = arrange([[label] for label in labels], (height - 3 * line) // 2, align=0)
    return arrange([[bar, values]], 2 * MARGIN)


def _shape(maps: np.ndarray) -> str:
    return "×".join(map(str, maps.shape))


def _range(maps: np.ndarray) -> str:
    return " … ".join(number_label(value, ".3g") for value in (maps.min(), maps.max()))


def _column(lines: Sequence[str]) -> Image.Image:
    return arrange([[write(line, TEXT)] for line in lines], 2 * MARGIN, align=0)


def _page(title: str, notes: Sequence[str], picture: Image.Image) -> Image.Image:
    """Write title and notes above a picture, and leave a margin all around."""
    lines = [write(title, TITLE), *(write(note, TEXT) for note in notes), picture]
    return ImageOps.expand(arrange([[line] for line in lines], 2 * MARGIN), GAP, "white")
