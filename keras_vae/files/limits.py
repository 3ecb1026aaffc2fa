"""Limits of what is decoded and unpacked: small files can expand to gigabytes."""

from __future__ import annotations

MAX_PIXELS = 100_000_000  # of an image
MAX_BYTES = 2**30  # of what is unpacked into memory, such as a photo in a zip
# Letters of an image's name, a path: an array of names gives each the room of the longest. No file
# system that is in use has longer paths.
MAX_NAME = 4096
MAX_EXPANSION = 250  # bytes for each packed byte; Deflate reaches 1,032, binary images 120
FREE = 16  # any file may expand to this part of MAX_BYTES
# Images, names, or lines of a list that any file may have. More need a byte each where they are
# packed: a line of a real list takes two.
FREE_COUNT = 2**18


def check_pixels(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    """Check the size of an image before it is decoded.

    Raises:
        ValueError: If it has more pixels.
    """
    if width * height > max_pixels:
        raise ValueError(
            f"{height}×{width} = {width * height:,} pixels are more than `max_pixels={max_pixels}`"
        )


def most_unpacked(packed: int) -> int:
    """Return the most bytes that packed ones may become."""
    return max(MAX_BYTES // FREE, MAX_EXPANSION * packed)


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
    expands = f"{name} expands from {packed:,} to {size:,} bytes. The limit is"
    if in_memory and size > MAX_BYTES:
        raise ValueError(f"{expands} {MAX_BYTES:,} bytes.")
    if size > most_unpacked(packed):
        raise ValueError(
            f"{expands} {MAX_BYTES // FREE:,} bytes, or {MAX_EXPANSION} times the packed size. "
            "Unpack it if you trust it."
        )


def check_count(name: str, what: str, count: int, packed: int) -> None:
    """Check a number of small things, each of which takes more work and memory than its bytes.

    Args:
        name: Of what holds them, for the error.
        what: They, in the plural.
        count: Their number.
        packed: Bytes of the file.

    Raises:
        ValueError: If there are too many for a file of this size.
    """
    if count > max(FREE_COUNT, packed):
        raise ValueError(
            f"{name} must hold at most {FREE_COUNT:,} {what}, or one for each of the file's "
            f"{packed:,} bytes. Received: {count:,}."
        )
