"""Shapes of tensors, whose sides may be any."""

from __future__ import annotations

from collections.abc import Sequence

ANY = -1  # a side of any length


def fits(shape: Sequence[int], expected: Sequence[int]) -> bool:
    """Return whether an array's shape is an expected one, whose sides may be `ANY`."""
    pairs = zip(shape, expected, strict=False)
    return len(shape) == len(expected) and all(side in (found, ANY) for found, side in pairs)
