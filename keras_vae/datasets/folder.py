"""Any folder of images, with its subfolders."""

from __future__ import annotations

import os
from pathlib import Path

from .source import Origin, Source, image_entries


def find(location: Path, name: str) -> Origin | None:
    """Find the images of a folder; None if there are none."""
    if not location.is_dir() or next(image_entries(location), None) is None:
        return None
    return Origin("folder of images", location, (location,), lambda: read(location))


def read(folder: Path) -> Source:
    """List the images, in the order of their names; each is named by its path in the folder."""
    files = sorted(entry.path for entry in image_entries(folder))

    def name_of(index: int) -> str:
        return os.fsencode(os.path.relpath(files[index], folder)).decode(errors="replace")

    return Source(len(files), lambda: map(Path, files), name_of)
