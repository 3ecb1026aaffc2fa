"""Resampling of images as `tf.image` computes it, in NumPy: MTCNN was converted for such images."""

from __future__ import annotations

import numpy as np


class SummedAreaTable:
    """The sums of an image's pixels over all rectangles from its upper left corner.

    One table serves all levels of an image pyramid (Crow 1984, Summed-area tables for texture
    mapping).

    Args:
        pixels: An image, uint8 [H, W, C].
    """

    def __init__(self, pixels: np.ndarray) -> None:
        height, width, channels = pixels.shape
        self._sums = np.zeros((height + 1, width + 1, channels))  # float64: no sum is rounded
        np.cumsum(pixels, axis=0, out=self._sums[1:, 1:])
        np.cumsum(self._sums, axis=1, out=self._sums)

    def resize(self, height: int, width: int) -> np.ndarray:
        """Reduce the image; a pixel is the mean over its area, as `ResizeMethod.AREA` computes it.

        Args:
            height: Of the reduced image, in pixels.
            width: Of the reduced image, in pixels.

        Returns:
            Pixels, float64 [height, width, C].
        """
        edges = _interpolate(_interpolate(self._sums, height, axis=0), width, axis=1)
        areas = np.diff(np.diff(edges, axis=0), axis=1)
        source_height, source_width, _ = self._sums.shape
        return areas * (height * width / ((source_height - 1) * (source_width - 1)))


def _interpolate(sums: np.ndarray, parts: int, axis: int) -> np.ndarray:
    """Interpolate a table at the edges of equal parts of an axis, [..., parts + 1, ...]."""
    length = sums.shape[axis] - 1
    edges = np.linspace(0, length, parts + 1)
    lower = np.minimum(edges.astype(int), length - 1)
    fraction = np.expand_dims(edges - lower, tuple(range(1, sums.ndim - axis)))
    below, above = np.take(sums, lower, axis), np.take(sums, lower + 1, axis)
    above -= below  # in place: these are the largest arrays of the detection
    above *= fraction
    above += below
    return above


def crop_and_resize(pixels: np.ndarray, boxes: np.ndarray, side: int, fill: float) -> np.ndarray:
    """Cut squares out of an image bilinearly, as `tf.image.crop_and_resize` does.

    The corners of a box are the centres of the outermost pixels of its crop. Box coordinates are
    parts of height and width there, hence their factor (length - 1) / length.

    Args:
        pixels: An image, uint8 [H, W, C].
        boxes: left, upper, right, lower, in pixels, [N, 4].
        side: Of the crops, in pixels.
        fill: Value of what is outside the image.

    Returns:
        Crops, float32 [N, side, side, C].
    """
    height, width, _ = pixels.shape
    rows = _samples(boxes[:, 1], boxes[:, 3], height, side)
    columns = _samples(boxes[:, 0], boxes[:, 2], width, side)
    (upper, lower, down, within_rows), (left, right, across, within_columns) = rows, columns
    across = across[:, np.newaxis, :, np.newaxis]
    top, bottom = (
        _between(
            pixels[row[:, :, np.newaxis], left[:, np.newaxis]],
            pixels[row[:, :, np.newaxis], right[:, np.newaxis]],
            across,
        )
        for row in (upper, lower)
    )
    crops = _between(top, bottom, down[:, :, np.newaxis, np.newaxis])
    crops[~(within_rows[:, :, np.newaxis] & within_columns[:, np.newaxis])] = fill
    return crops


def _samples(
    start: np.ndarray, end: np.ndarray, length: int, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Place the samples of crops along an axis of an image.

    Args:
        start: Of each crop, in pixels, [N].
        end: Of each crop, in pixels, [N].
        length: Of the axis, in pixels.
        count: Number of samples of a crop.

    Returns:
        The pixel before each sample, the pixel after it, its distance from the former, and whether
        it is within the image, each [N, count].
    """
    places = np.linspace(start, end, count, axis=1) * ((length - 1) / length)
    within = (places >= 0) & (places <= length - 1)
    before = np.clip(places, 0, length - 1).astype(int)
    fraction = np.clip(places - before, 0, 1).astype(np.float32)
    return before, np.minimum(before + 1, length - 1), fraction, within


def _between(first: np.ndarray, second: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Interpolate linearly, float32."""
    first, second = first.astype(np.float32), second.astype(np.float32)
    return first + fraction * (second - first)
