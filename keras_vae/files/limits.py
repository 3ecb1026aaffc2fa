"""Limits of what is decoded and unpacked: small files can expand to gigabytes."""

from __future__ import annotations

MAX_PIXELS = 100_000_000  # of an image
MAX_BYTES = 2**30  # of what is unpacked into memory, such as a photo in a zip
# Letters of an image's name, a path: an array of names gives each the room of the longest. No file
# system that is in use has longer paths.
MAX_NAME = 4096
MAX_EXPANSION = 250  # bytes for each packed byte; Deflate reaches 1,032, binary images 120
FREE = 16  # in memory any file may expand to this part of MAX_BYTES; streamed, to all of it
# Images, names, or lines of a list that any file may have. More need a byte each where they are
# packed: a line of a real list takes two; an image of 8×8 that is nearly empty takes half of one.
FREE_COUNT = 2**18
IMAGES_PER_BYTE = 4
UNPACK = "Unpack it if you trust it."
STORE = "If you trust it, write its arrays again with np.savez, which does not compress."


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
    """Return the most bytes that packed ones may become in memory."""
    return min(MAX_BYTES, max(MAX_BYTES // FREE, MAX_EXPANSION * packed))


def check_unpacked(
    name: str, size: int, packed: int, *, in_memory: bool = True, cure: str = UNPACK
) -> None:
    """Check the size of packed data before they are unpacked.

    Args:
        name: Of the data, for the error.
        size: Bytes after unpacking, as the archive states them.
        packed: Bytes in the archive.
        in_memory: Whether the data are unpacked into memory at once; otherwise only data that
            expand more than images do are refused.
        cure: What the user may do.

    Raises:
        ValueError: If they are too large.
    """
    expands = f"{name} expands from {packed:,} to {size:,} bytes. The limit is"
    if in_memory and size > MAX_BYTES:
        raise ValueError(f"{expands} {MAX_BYTES:,} bytes.")
    free = MAX_BYTES // FREE if in_memory else MAX_BYTES
    if size > max(free, MAX_EXPANSION * packed):
        raise ValueError(
            f"{expands} {free:,} bytes, or {MAX_EXPANSION} times the packed size. {cure}"
        )


def check_count(
    name: str, what: str, count: int, packed: int, *, per_byte: int = 1, cure: str = UNPACK
) -> None:
    """Check a number of small things, each of which takes more work and memory than its bytes.

    Args:
        name: Of what holds them, for the error.
        what: They, in the plural.
        count: Their number.
        packed: Bytes of the file.
        per_byte: How many a byte may hold.
        cure: What the user may do.

    Raises:
        ValueError: If there are too many for a file of this size.
    """
    if count > max(FREE_COUNT, per_byte * packed):
        raise ValueError(
            f"{name} must hold at most {FREE_COUNT:,} {what}, or {per_byte} for each of the file's "
            f"{packed:,} bytes. Received: {count:,}. {cure}"
        )
