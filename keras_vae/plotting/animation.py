"""Animations: GIFs that loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from ..files.atomic import OutputGroup, write_atomically
from ..files.output import Output
from ..files.pictures import check_size
from .steps import check_finite

FRAME = 80  # milliseconds; a GIF counts in hundredths of a second: 12.5 frames a second
SWEEP = 25  # frames from one end to the other: two seconds
FRAME_CELL = 256  # pixels of the only image of an animation
PALETTE_FRAMES = 8  # frames that the palette is fitted to
PALETTE_PIXELS = 16_384  # pixels of these frames

Frame = TypeVar("Frame")


def sweep(values: Sequence[float]) -> np.ndarray:
    """Return even steps from the smallest of some values to the largest, one for each frame.

    Args:
        values: The values that the picture without animation shows.

    Returns:
        A value for each frame, at least `SWEEP` of them.

    Raises:
        ValueError: If there are no values, or one is not finite.

    Example:
        >>> values = sweep([-2, 0, 2])
        >>> float(values[0]), float(values[-1])
        (-2.0, 2.0)
    """
    if not len(values):
        raise ValueError("`values` must hold at least one value. Received: none.")
    check_finite(values, "values")
    return np.linspace(min(values), max(values), max(SWEEP, 2 * len(values) - 1))


def there_and_back(frames: Sequence[Frame]) -> list[Frame]:
    """Append the frames in reverse, so that a loop has no jump and shows no end twice.

    Args:
        frames: Frames of one pass.

    Returns:
        Frames of both passes.

    Example:
        >>> there_and_back([1, 2, 3])
        [1, 2, 3, 2]
    """
    return [*frames, *frames[-2:0:-1]]


def save_gif(
    frames: Sequence[Image.Image],
    path: str | Path,
    *,
    overwrite: bool = False,
    group: OutputGroup | None = None,
) -> Path:
    """Write frames as a GIF that loops, atomically.

    All frames share a palette of 256 colours that is fitted to them, with dithering: otherwise the
    smooth colours of a face would show bands. Black and white are unchanged.

    Args:
        frames: Pictures of one size.
        path: The file, ending in .gif, or a stream.
        overwrite: Whether to overwrite an existing file.
        group: The files that it appears together with; None: it appears now.

    Returns:
        The path.

    Raises:
        FileExistsError: If the file exists and `overwrite` is False.
        ValueError: If there are no frames, their sizes differ or are too large for a GIF, or the
            path does not end in .gif.

    Example:
        >>> from PIL import Image
        >>> frames = [Image.new("RGB", (32, 32), colour) for colour in ("black", "white")]
        >>> save_gif(there_and_back(frames), "blink.gif").name
        'blink.gif'
    """
    check_gif(path)
    sizes = sorted({frame.size for frame in frames})
    if len(sizes) != 1:
        raise ValueError(f"`frames` must be pictures of one size. Received: {sizes or 'none'}.")
    check_size(path, "GIF", sizes[0])
    palette = _shared_palette(frames)
    first, *rest = (frame.convert("RGB").quantize(palette=palette) for frame in frames)

    def write(draft: Path) -> None:
        first.save(draft, "GIF", save_all=True, append_images=rest, duration=FRAME, loop=0)

    return write_atomically(path, write, overwrite=overwrite, suffix=".gif", group=group)


def check_gif(path: str | Path) -> None:
    """Check that a path ends in .gif.

    Raises:
        ValueError: If it does not end in .gif.

    Args:
        path: The path.

    Example:
        >>> check_gif("smile.gif")
    """
    if Output(path).suffix(".gif").lower() != ".gif":
        raise ValueError(f"The name of an animation must end in .gif. Received: {path}.")


def _shared_palette(frames: Sequence[Image.Image]) -> Image.Image:
    """Fit colours to pixels of the whole sequence.

    Maximum coverage includes the extreme colours, which dithering mixes to those in between; a
    median cut has average colours only, and would make the picture pale.
    """
    chosen = [frames[i] for i in np.linspace(0, len(frames) - 1, PALETTE_FRAMES).astype(int)]
    pixels = np.concatenate([np.asarray(frame.convert("RGB")).reshape(-1, 3) for frame in chosen])
    sample = pixels[np.random.default_rng(0).integers(0, len(pixels), PALETTE_PIXELS)]
    # Pillow looks up colours in boxes of 4³: black and white must be the only colours of theirs.
    sample[(sample < 4).all(axis=1)] = 0
    sample[(sample > 251).all(axis=1)] = 255
    sample[:2] = [[0, 0, 0], [255, 255, 255]]
    return Image.fromarray(sample[np.newaxis]).quantize(256, Image.Quantize.MAXCOVERAGE)
