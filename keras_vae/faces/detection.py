"""Face detection by MTCNN in NumPy and LiteRT.

Zhang, Zhang, Li, Qiao 2016, Joint face detection and alignment using multitask cascaded
convolutional networks: the first network proposes boxes in an image pyramid, the second refines
them, the third refines them again and finds five landmarks. Steps and constants are those of the
package mtcnn 1.0.0, whose weights these are.
"""

from __future__ import annotations

import numpy as np

from .boxes import shift, square, suppress_non_maxima
from .networks import GREY, run_network
from .resampling import SummedAreaTable, crop_and_resize

SMALLEST_FACE = 20  # pixels
CELL = 12  # pixels of a side of the part of an image that one position of the first network sees
STRIDE = 2  # pixels between two positions
PYRAMID_FACTOR = 0.709  # half the area
SCORES = (0.6, 0.7, 0.8)  # of the three networks; boxes of a lower score are dropped
OVERLAP_IN_LEVEL = 0.5
OVERLAP = 0.7
REFINED_SIDE = 24  # pixels of a side of the second network's images
CROP_SIDE = 48  # of the third network's, which finds the landmarks


def detect_landmarks(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Detect the faces in an image.

    Args:
        pixels: An RGB image, uint8 [H, W, 3].

    Returns:
        Landmarks in pixels (right eye, left eye, nose, right and left corner of the mouth), float64
        [N, 5, 2]; probability of each face, float32 [N], the highest first.
    """
    boxes = _refine(pixels, _propose(pixels))
    if not len(boxes):
        return np.empty((0, 5, 2)), np.empty(0, np.float32)
    outputs = run_network("onet", crop_and_resize(pixels, boxes, CROP_SIDE, GREY))
    scores, sizes = outputs["scores"], _sizes(boxes) + 1
    places = _points(outputs["landmarks"])
    landmarks = boxes[:, np.newaxis, :2] - 1 + sizes[:, np.newaxis] * places
    boxes = shift(boxes, outputs["offsets"], sizes)
    kept = _select(boxes, scores, SCORES[2], OVERLAP, "smaller")
    return landmarks[kept], scores[kept]


def crop_landmarks(images: np.ndarray) -> np.ndarray:
    """Find the landmarks of faces that fill images.

    Args:
        images: RGB images, uint8 [N, 48, 48, 3].

    Returns:
        Landmarks as those of `detect_landmarks`, [N, 5, 2].
    """
    return CROP_SIDE * _points(run_network("onet", images)["landmarks"])


def _propose(pixels: np.ndarray) -> np.ndarray:
    """Propose square boxes of faces of all sizes, [N, 4]: the first network in a pyramid."""
    areas = SummedAreaTable(pixels)
    height, width, _ = pixels.shape
    levels = [
        _propose_in(areas.resize(int(height * scale), int(width * scale)), scale)
        for scale in _scales(min(height, width))
    ]
    if not levels:
        return np.empty((0, 4))
    boxes, scores = (np.concatenate(parts) for parts in zip(*levels, strict=True))
    return square(boxes[suppress_non_maxima(boxes, scores, OVERLAP)])


def _scales(shorter_side: int) -> np.ndarray:
    """Compute the scales of the pyramid's levels, the largest first."""
    octaves = np.log(shorter_side / CELL) / np.log(1 / PYRAMID_FACTOR)
    return CELL / SMALLEST_FACE * PYRAMID_FACTOR ** np.arange(round(octaves - 1))


def _propose_in(level: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Propose boxes in one level of the pyramid.

    Args:
        level: Pixels of the level, [h, w, 3].
        scale: Of the level, relative to the image.

    Returns:
        Boxes in pixels of the image, [N, 4]; their scores, [N].
    """
    outputs = run_network("pnet", level[np.newaxis])
    scores = outputs["scores"][0]
    rows, columns = found = np.nonzero(scores > SCORES[0])
    corners = STRIDE * np.stack([columns, rows], axis=1)
    boxes = np.concatenate([corners + 1, corners + CELL], axis=1)
    boxes = shift(boxes, outputs["offsets"][0][found], _sizes(boxes)) / scale
    kept = suppress_non_maxima(boxes, scores[found], OVERLAP_IN_LEVEL)
    return boxes[kept], scores[found][kept]


def _refine(pixels: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Refine and select boxes by the second network: square boxes, [N, 4]."""
    if not len(boxes):
        return boxes
    outputs = run_network("rnet", crop_and_resize(pixels, boxes, REFINED_SIDE, GREY))
    boxes = shift(boxes, outputs["offsets"], _sizes(boxes) + 1)
    return square(boxes[_select(boxes, outputs["scores"], SCORES[1], OVERLAP)])


def _select(
    boxes: np.ndarray, scores: np.ndarray, threshold: float, *overlap: float | str
) -> np.ndarray:
    """Select boxes of high scores that overlap little; their indices."""
    likely = np.flatnonzero(scores > threshold)
    return likely[suppress_non_maxima(boxes[likely], scores[likely], *overlap)]


def _sizes(boxes: np.ndarray) -> np.ndarray:
    """Compute width and height of boxes, [N, 2]."""
    return boxes[:, 2:] - boxes[:, :2]


def _points(landmarks: np.ndarray) -> np.ndarray:
    """Reorder five x and five y, [N, 10], to points, [N, 5, 2]."""
    return landmarks.reshape(-1, 2, 5).swapaxes(1, 2)
