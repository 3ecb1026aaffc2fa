"""Labels beside points that do not touch each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLEARANCE = 4.0  # pixels between two labels, and between a label and a point
DISTANCES = np.geomspace(12, 300, 30)  # pixels from a point to its label, tried in this order
ANGLES = np.deg2rad([90, 270, 45, 135, 315, 225, 0, 180, 67, 113, 293, 247, 22, 158, 338, 202])
LEADER = 20.0  # pixels above which a line leads from the point to its label
RADIUS = 8.0  # pixels that a point takes

Box = np.ndarray  # left, bottom, right, top, in pixels


def place_labels(
    axes: Axes, points: np.ndarray, texts: Sequence[str], colours: Sequence[str], size: float
) -> list[Box]:
    """Write a label near each point: as near as the labels before it and all points allow.

    The most crowded points choose first. The figure's layout and limits must be final.

    Args:
        axes: Where the points are.
        points: Data coordinates [N, 2].
        texts: N labels.
        colours: N colours of the labels.
        size: Of the letters, in typographical points.

    Returns:
        The box of each label, in pixels.
    """
    from matplotlib.patheffects import withStroke
    from matplotlib.transforms import IdentityTransform

    halo = [withStroke(linewidth=2, foreground="white")]  # lines may pass below
    pixels = axes.transData.transform(points)
    dots = np.concatenate([pixels - RADIUS, pixels + RADIUS], axis=1)
    field = np.array(axes.get_window_extent().extents)
    placed: dict[int, Box] = {}
    leaders: list[Box] = []
    for index in _by_crowd(pixels):
        text = axes.text(0, 0, texts[index], fontsize=size, transform=IdentityTransform())
        text.set(color=colours[index], va="center", ha="center", zorder=5, path_effects=halo)
        extent = text.get_window_extent()
        taken = np.array([*placed.values(), *np.delete(dots, index, axis=0), *leaders])
        box = _choose(pixels[index], (extent.width, extent.height), field, taken)
        text.set_position((box[:2] + box[2:]) / 2)
        leaders.extend(_lead(axes, pixels[index], box, colours[index]))
        placed[index] = box
    return [placed[index] for index in range(len(points))]


def overlap(boxes: np.ndarray, others: np.ndarray, clearance: float = 0.0) -> np.ndarray:
    """Whether boxes [N, 4] come nearer than a clearance to others [M, 4], bool [N, M]."""
    boxes, others = boxes[:, np.newaxis], others.reshape(1, -1, 4)
    before = boxes[..., 2:] + clearance <= others[..., :2]
    behind = boxes[..., :2] - clearance >= others[..., 2:]
    return ~(before | behind).any(axis=-1)


def keep_apart(positions: np.ndarray, distance: float) -> np.ndarray:
    """Move positions, float [N, 2], until no two are nearer than a distance: as little as will do.

    Each pair that is too near goes halfway each; positions that coincide part at angles of their
    own.
    """
    angles = np.arange(len(positions)) * 2.4  # the golden angle: all directions, none twice
    moved = positions + 1e-3 * distance * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for _ in range(200):
        gaps = moved[:, np.newaxis] - moved
        lengths = np.linalg.norm(gaps, axis=-1) + np.diag(np.full(len(moved), np.inf))
        lacking = np.maximum(distance - lengths, 0.0)
        if not lacking.any():
            break
        moved = moved + 0.52 * np.sum((lacking / lengths)[..., np.newaxis] * gaps, axis=1)
    return moved


def _by_crowd(pixels: np.ndarray) -> np.ndarray:
    """Indices of the points, those with the nearest neighbours first."""
    gaps = np.linalg.norm(pixels[:, None] - pixels[None], axis=-1)
    return np.argsort(np.sort(gaps, axis=1)[:, :5].sum(axis=1))


def _choose(point: np.ndarray, size: tuple[float, float], field: Box, taken: np.ndarray) -> Box:
    """The nearest box that is free, as is the line to it; or the one that touches least."""
    boxes = _candidates(point, np.array(size))
    inside = (boxes[:, :2] >= field[:2]).all(axis=1) & (boxes[:, 2:] <= field[2:]).all(axis=1)
    touched = overlap(boxes, taken, CLEARANCE).sum(axis=1) + 1000 * ~inside
    for box in boxes[touched == 0]:
        if not overlap(_path(point, box), taken).any():
            return box
    return boxes[np.argmin(touched)]


def _candidates(point: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Boxes around a point, the nearest first, [30 × 16, 4]."""
    towards = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
    reach = DISTANCES[:, np.newaxis, np.newaxis] + np.abs(towards) * size / 2
    middles = (point + towards * reach).reshape(-1, 2)
    return np.concatenate([middles - size / 2, middles + size / 2], axis=1)


def _path(point: np.ndarray, box: Box) -> np.ndarray:
    """Small boxes along the line from a point to its label, [K, 4]; none where it is near."""
    gap = np.clip(point, box[:2], box[2:]) - point
    length = np.linalg.norm(gap)
    if length < LEADER:
        return np.zeros((0, 4))
    spots = point + np.arange(2 * RADIUS, length, 5.0)[:, np.newaxis] * gap / length
    return np.concatenate([spots - 0.5, spots + 0.5], axis=1)


def _lead(axes: Axes, point: np.ndarray, box: Box, colour: str) -> np.ndarray:
    """Draw the line from a point to its label, if it needs one."""
    from matplotlib.lines import Line2D
    from matplotlib.transforms import IdentityTransform

    path = _path(point, box)
    if len(path):
        ends = zip(point, np.clip(point, box[:2], box[2:]), strict=True)
        style = {"color": colour, "linewidth": 0.6, "alpha": 0.8}
        axes.add_artist(Line2D(*ends, transform=IdentityTransform(), **style))
    return path
