"""A zip archive of photos and a list: as a data set."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from keras_vae.datasets import folder

from . import photo, scratch

HAS_MEMBERS = True
NAME = "set.zip"


def seeds() -> Iterator[bytes]:
    """Yield archives of each method of compression."""
    photos = [next(photo.seeds())] * 3
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for number, each in enumerate(photos):
                archive.writestr(f"a/{number}.jpg", each)
            archive.writestr("list_attr.txt", "Smiling\n0 1\n1 0\n2 1\n")
        yield buffer.getvalue()


def read(content: bytes) -> None:
    """Unpack every photo."""
    origin = folder.find(scratch.written(NAME, content), "set")
    if origin is not None:
        for _ in origin.read().payloads():
            pass
