"""Photos edited in full size: a file for each photo and n, or an animation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from keras_vae.files.naming import printable

from .outputs import Outputs, extended

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from keras_vae.faces.crops import Crop

SHOWN = 4  # photos of one name in the error
GIF_SIDE = 640  # pixels of an animation's long side; in full size it has tens of megabytes


def edit_files(out: Path, photos: Sequence[Path], steps: Sequence[float]) -> list[Path]:
    """Name a file for each photo and n: OUT if it is the only one, otherwise OUT's name extended.

    Args:
        out: The file that was asked for.
        photos: The photos.
        steps: Values of n.

    Returns:
        Paths, photo by photo.

    Raises:
        ValueError: If two photos have the same name.
        click.UsageError: If OUT is a stream, and there are several files.
    """
    from keras_vae.plotting import number_label

    def name(photo: Path, n: float) -> Path:
        parts = [photo.stem] if len(photos) > 1 else []
        parts += [number_label(n).replace("\N{MINUS SIGN}", "-")] if len(steps) > 1 else []
        return extended(out, *parts)

    _check_names(photos)
    return [name(photo, n) for photo in photos for n in steps]


def _check_names(photos: Sequence[Path]) -> None:
    """Refuse photos of one name, naming them: their results would be one file."""
    counts = Counter(photo.stem for photo in photos)
    alike = [photo for photo in photos if counts[photo.stem] > 1]
    if alike:
        alike.sort(key=lambda photo: photo.stem)
        shown = ", ".join(printable(str(photo)) for photo in alike[:SHOWN])
        more = f" and {len(alike) - SHOWN:,} more" if len(alike) > SHOWN else ""
        raise ValueError(
            "Photos must have different names, which become those of their results. Received: "
            f"{shown}{more}. Rename them, or edit each folder with another --out."
        )


def write_edits(
    crops: Sequence[Crop], changes: np.ndarray, files: Sequence[Path], outputs: Outputs
) -> None:
    """Write a photo at each n.

    Args:
        crops: B faces of one photo.
        changes: Difference of the decoded images at each n from n = 0, in levels, [B, N, H, W, C].
        files: The file of each n.
        outputs: Writes the pictures.
    """
    for edit, file in zip(_edits(crops[0].photo, crops, changes), files, strict=True):
        outputs.write_picture(edit, file)


def reduced_edits(crops: Sequence[Crop], changes: np.ndarray) -> list[Image]:
    """Edit a single photo at each n, reduced for an animation.

    Args:
        crops: B faces of one photo.
        changes: See `write_edits`.
    """
    small = crops[0].photo.copy()
    small.thumbnail((GIF_SIDE, GIF_SIDE))
    return list(_edits(small, crops, changes))


def _edits(photo: Image, crops: Sequence[Crop], changes: np.ndarray) -> Iterator[Image]:
    """Edit all faces of a photo, which can be reduced, together at each n."""
    from keras_vae.faces.blending import blend
    from keras_vae.faces.similarity import Similarity

    reduce = Similarity(photo.width / crops[0].photo.width, 0)
    to_photo = [reduce @ crop.to_photo for crop in crops]
    for change in changes.swapaxes(0, 1):
        yield blend(photo, change, to_photo)
