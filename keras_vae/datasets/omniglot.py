"""Omniglot as distributed: 1,623 characters of 50 alphabets, drawn by 20 people each.

Lake et al. 2015, https://github.com/brendenlake/omniglot. The 30 alphabets of images_background are
the training split, the 20 of images_evaluation the test split: no character is in both.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from .source import Origin, Source
from .splits import SPLITS

PARTS = {"images_background": SPLITS["train"], "images_evaluation": SPLITS["test"]}
FILES = tuple(f"{part}.zip or {part}/" for part in PARTS)
SIDE = 105  # pixels


def find(location: Path, name: str) -> Origin | None:
    """Find both parts in a folder, zipped or not."""
    parts = [_part(location, part) for part in PARTS]
    if None in parts:
        return None
    return Origin(
        "Omniglot as distributed",
        location,
        tuple(parts),
        partial(read, tuple(parts)),
        image_size=(SIDE, SIDE),
        channels=1,
        dataset="omniglot",
    )


def read(parts: tuple[Path, ...]) -> Source:
    """List the drawings of both parts; each is labelled by its alphabet and character.

    Raises:
        ValueError: If a zip is damaged.
    """
    drawings = [_drawings(part) for part in parts]
    files = [file for some in drawings for file in some]
    characters = ["/".join(PurePosixPath(file).parts[-3:-1]) for file in files]
    names, labels = np.unique(characters, return_inverse=True)
    return Source(
        count=len(files),
        payloads=lambda: (
            image for part in zip(parts, drawings, strict=True) for image in _images(*part)
        ),
        name_of=files.__getitem__,
        partition=np.repeat(np.array(list(PARTS.values()), np.int8), list(map(len, drawings))),
        labels=labels.astype(np.int64),
        label_names=tuple(names.tolist()),
    )


def _part(location: Path, part: str) -> Path | None:
    """Return the zip or the folder of a part."""
    places = (location / part, location / "python" / part)
    paths = [path for place in places for path in (place.with_suffix(".zip"), place)]
    return next(filter(Path.exists, paths), None)


def _drawings(part: Path) -> list[str]:
    """List the drawings of a part, PART/ALPHABET/CHARACTER/FILE."""
    if part.is_dir():
        return sorted(str(file.relative_to(part.parent)) for file in part.glob("*/*/*.png"))
    with _opened(part) as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")]
    return sorted(name for name in names if not name.startswith("__MACOSX"))


def _images(part: Path, drawings: list[str]) -> Iterator[Path | bytes]:
    if part.is_dir():
        yield from (part.parent / drawing for drawing in drawings)
        return
    with _opened(part) as archive:
        for drawing in drawings:
            try:
                yield archive.read(drawing)
            except (zipfile.BadZipFile, zlib.error, EOFError):
                yield b""


def _opened(part: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(part)
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"{part} is not a zip file that can be read: {error}.") from error
