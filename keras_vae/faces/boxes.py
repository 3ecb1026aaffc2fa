"""Bounding boxes: left, upper, right, lower, in pixels, [N, 4]."""

from __future__ import annotations

from typing import Literal

import numpy as np

BLOCK = 64  # boxes that are compared at a time: all pairs of thousands would be gigabytes


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
    ranks = np.argsort(boxes[order, 0], kind="stable")  # from left to right: overlaps are near
    boxes = boxes[order][ranks]
    ends = np.searchsorted(boxes[:, 0], boxes[:, 2])  # from there on, boxes begin beyond it
    suppressed = np.zeros(len(boxes), bool)
    for start in range(0, len(boxes), BLOCK):
        some, near = np.s_[start : start + BLOCK], np.s_[start : max(ends[start : start + BLOCK])]
        overlap = _overlaps(boxes[some], boxes[near], relative_to) > threshold
        higher = ranks[some, np.newaxis] < ranks[near]
        lower = ranks[some, np.newaxis] > ranks[near]
        suppressed[ranks[near]] |= (overlap & higher).any(axis=0)
        suppressed[ranks[some]] |= (overlap & lower).any(axis=1)
    return order[~suppressed]


def _overlaps(boxes: np.ndarray, others: np.ndarray, relative_to: str) -> np.ndarray:
    """Compute the overlap of boxes [N, 4] with others [M, 4], [N, M]."""
    left, upper, right, lower = boxes.T[..., np.newaxis]
    lefts, uppers, rights, lowers = others.T
    intersection = _shared(left, right, lefts, rights) * _shared(upper, lower, uppers, lowers)
    area, areas = (right - left) * (lower - upper), (rights - lefts) * (lowers - uppers)
    if relative_to == "smaller":
        return intersection / np.minimum(area, areas)
    return intersection / (area + areas - intersection)


def _shared(start: np.ndarray, end: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Compute the length that intervals, [N, 1], share with others, [M]: [N, M]."""
    length = np.minimum(end, ends) - np.maximum(start, starts)
    return np.maximum(length, 0, out=length)
