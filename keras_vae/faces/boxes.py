"""Bounding boxes: left, upper, right, lower, in pixels, [N, 4]."""

from __future__ import annotations

from typing import Literal

import numpy as np


def shift(boxes: np.ndarray, offsets: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Shift the edges of boxes: the bounding box regression of Girshick et al. 2014.

    Args:
        boxes: Boxes, [N, 4].
        offsets: Of the four edges, in parts of the box's size, [N, 4].
        sizes: Width and height of each box, [N, 2].
    """
    return boxes + offsets * np.tile(sizes, 2)


def square(boxes: np.ndarray) -> np.ndarray:
    """Extend the shorter side of each box to the longer one; the centre stays."""
    corner, opposite = boxes[:, :2], boxes[:, 2:]
    half = (opposite - corner).max(axis=1, keepdims=True) / 2
    centre = (corner + opposite) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def suppress_non_maxima(
    boxes: np.ndarray,
    scores: np.ndarray,
    threshold: float,
    relative_to: Literal["union", "smaller"] = "union",
) -> np.ndarray:
    """Select the boxes that no box of a higher score overlaps too much.

    A box that is itself suppressed still suppresses others, as in the package mtcnn.

    Args:
        boxes: Boxes, [N, 4].
        scores: Score of each box, [N].
        threshold: Largest allowed overlap.
        relative_to: Overlap is the area of the intersection over this area: that of the union, or
            of the smaller box.

    Returns:
        Indices of the selected boxes, the highest score first.
    """
    order = np.argsort(scores)[::-1]
    overlaps = _overlaps(boxes[order], relative_to)
    return order[~np.triu(overlaps > threshold, k=1).any(axis=0)]


def _overlaps(boxes: np.ndarray, relative_to: str) -> np.ndarray:
    """Compute the overlap of each pair of boxes, [N, N]."""
    left, upper, right, lower = boxes.T
    intersection = _shared(left, right) * _shared(upper, lower)
    area = (right - left) * (lower - upper)
    if relative_to == "smaller":
        return intersection / np.minimum(area[:, np.newaxis], area)
    return intersection / (area[:, np.newaxis] + area - intersection)


def _shared(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Compute the length that each pair of intervals shares, [N, N]."""
    length = np.minimum(end[:, np.newaxis], end) - np.maximum(start[:, np.newaxis], start)
    return np.maximum(length, 0, out=length)
