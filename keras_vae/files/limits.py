"""Limits of what is decoded and unpacked: small files can expand to gigabytes."""

from __future__ import annotations

MAX_PIXELS = 100_000_000  # of an image
MAX_BYTES = 2**30  # of what is unpacked into memory, such as a photo in a zip
# Letters of an image's name, a path: an array of names gives each the room of the longest. No file
# system that is in use has longer paths.
MAX_NAME = 4096
MAX_EXPANSION = 250  # bytes for each packed byte; Deflate reaches 1,032, binary images 120


def check_pixels(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    """Check the size of an image before it is decoded.

    Raises:
        ValueError: If it has more pixels.
    """
    if width * height > max_pixels:
        raise ValueError(
            f"{height}×{width} = {width * height:,} pixels are more than `max_pixels={max_pixels}`"
        )


def check_unpacked(name: str, size: int, packed: int, *, in_memory: bool = True) -> None:
    """Check the size of packed data before they are unpacked.

    Args:
        name: Of the data, for the error.
        size: Bytes after unpacking, as the archive states them.
        packed: Bytes in the archive.
        in_memory: Whether the data are unpacked into memory at once; otherwise only data that
            expand more than images do are refused.

    Raises:
        ValueError: If they are too large.
    """
    if size > MAX_BYTES and (in_memory or size > MAX_EXPANSION * packed):
        raise ValueError(
            f"{name} expands from {packed:,} to {size:,} bytes. The limit is {MAX_BYTES:,} bytes"
            + (
                "."
                if in_memory
                else f", or {MAX_EXPANSION} times the packed size. Unpack it if you trust it."
            )
        )
