"""Photos edited in their full size: a file for each photo and n, or an animation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from .pictures import write_picture

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from keras_vae.faces.crops import Portrait

GIF_SIDE = 640  # pixels of an animation's long side: full size would be tens of megabytes


def edit_files(out: Path, photos: Sequence[Path], steps: Sequence[float]) -> list[Path]:
    """Name a file for each photo and n: OUT where there is one, else OUT's name with more to it.

    Args:
        out: The file that was asked for.
        photos: The photos.
        steps: Values of n.

    Returns:
        Paths, photo by photo.

    Raises:
        ValueError: If two photos have the same name.
    """
    from keras_vae.plotting import number_label

    def name(photo: Path, n: float) -> str:
        parts = [out.stem]
        parts += [photo.stem] if len(photos) > 1 else []
        parts += [number_label(n).replace("\N{MINUS SIGN}", "-")] if len(steps) > 1 else []
        return "_".join(parts) + out.suffix

    stems = [photo.stem for photo in photos]
    if len(set(stems)) < len(stems):
        raise ValueError(f"Photos must differ in name. Received: {', '.join(stems)}.")
    return [out.with_name(name(photo, n)) for photo in photos for n in steps]


def write_edits(
    portraits: Sequence[Portrait], changes: np.ndarray, files: Sequence[Path], overwrite: bool
) -> None:
    """Write each photo at each n.

    Args:
        portraits: B faces, those of one photo together.
        changes: What each n changes in the decoded images, in levels, [B, N, H, W, C].
        files: The file of each photo and n, photo by photo.
        overwrite: Whether files that are there may be replaced.
    """
    targets = iter(files)
    for photo, places in _by_photo(portraits):
        for edit in _edits(photo, [portraits[place] for place in places], changes[places]):
            write_picture(edit, next(targets), overwrite)


def reduced_edits(portraits: Sequence[Portrait], changes: np.ndarray) -> list[Image]:
    """Edit a single photo at each n, reduced for an animation.

    Args:
        portraits: B faces of one photo.
        changes: See `write_edits`.
    """
    small = portraits[0].photo.copy()
    small.thumbnail((GIF_SIDE, GIF_SIDE))
    return list(_edits(small, portraits, changes))


def _by_photo(portraits: Sequence[Portrait]) -> Iterator[tuple[Image, list[int]]]:
    """Yield each photo and the places of its portraits."""
    places = range(len(portraits))
    for _, group in groupby(places, lambda place: id(portraits[place].photo)):
        same = list(group)
        yield portraits[same[0]].photo, same


def _edits(photo: Image, portraits: Sequence[Portrait], changes: np.ndarray) -> Iterator[Image]:
    """Edit all faces of a photo, perhaps a reduced one, together at each n."""
    from keras_vae.faces.blending import retouch
    from keras_vae.faces.similarity import Similarity

    reduce = Similarity(photo.width / portraits[0].photo.width, 0)
    ways = [reduce @ portrait.to_photo for portrait in portraits]
    for change in changes.swapaxes(0, 1):
        yield retouch(photo, change, ways)
