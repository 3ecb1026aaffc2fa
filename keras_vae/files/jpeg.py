"""Scans of JPEG files: a few bytes for each can cost a pass over all pixels."""

from __future__ import annotations

import re

MOST_SCANS = 100  # as in libtiff; progressive photos have about ten
_SCAN, _END = 0xDA, 0xD9
# What begins with these bytes is coded data, not a marker, or has no length.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")


def check_scans(content: bytes) -> None:
    """Check the number of scans of a JPEG file, before it is decoded.

    Raises:
        ValueError: If there are too many.
    """
    scans, position = 0, 2  # after the first marker, which begins the image
    while (marker := _MARKER.search(content, position)) and content[marker.start() + 1] != _END:
        start = marker.end()
        scans += content[start - 1] == _SCAN
        if scans > MOST_SCANS:
            raise ValueError(f"it has more than {MOST_SCANS} scans")
        position = start + max(2, int.from_bytes(content[start : start + 2], "big"))
