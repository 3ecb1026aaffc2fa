"""Formats of image files that are read."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import BinaryIO

from PIL import Image

# Pillow's name → endings. Formats that start other programs or are rarely tested are not read.
FORMATS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "AVIF": (".avif",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
HEIF = (".heic", ".heif")
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
NEEDS_HEIF = "HEIC needs pillow-heif: pip install 'keras-vae[heic]'"

_PLUGINS = {"WEBP": "WebPImagePlugin", "AVIF": "AvifImagePlugin", "TIFF": "TiffImagePlugin"}


@cache
def reads_heif() -> bool:
    """Return whether the optional package that reads HEIC is installed."""
    return find_spec("pillow_heif") is not None


@cache
def image_suffixes() -> tuple[str, ...]:
    """Return the endings of files that are read, in lower case."""
    endings = [ending for endings in FORMATS.values() for ending in endings]
    return (*endings, *(HEIF if reads_heif() else ()))


def is_heif(head: bytes) -> bool:
    """Return whether a file begins as HEIC does."""
    return head[4:8] == b"ftyp" and any(brand in head[8:64] for brand in HEIF_BRANDS)


def identify(stream: BinaryIO) -> Image.Image | None:
    """Open an image of a known format; its header is read, no pixel is decoded.

    `PIL.Image.open` would compare the size with its own limit, a global of the process.

    Args:
        stream: The file, at its start.

    Returns:
        The image, of unchecked size; None if the file is of no such format.

    Raises:
        Exception: Of any kind, if the header is damaged.
    """
    head = stream.read(64)
    stream.seek(0)
    if is_heif(head):
        return _open_heif(stream) if reads_heif() else None
    Image.preinit()  # JPEG, PNG, GIF, BMP, PPM
    for name in FORMATS:
        if name not in Image.OPEN:
            import_module(f"PIL.{_PLUGINS[name]}")
        factory, accept = Image.OPEN[name]
        if accept(head[:16]) is True:
            return factory(stream, "")
    return None


def _open_heif(stream: BinaryIO) -> Image.Image:
    """Open HEIC by the class that reads it, without registering it in Pillow."""
    from pillow_heif import HeifImageFile

    return HeifImageFile(stream, "")
