"""Face detection, and alignment to CelebA's layout.

MTCNN (Zhang et al. 2016) detects faces and their five landmarks. CelebA's photos were aligned by
five such points; here a photo of any size is rotated, scaled and shifted in the same way.
docs/decisions/0010-alignment.md explains the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from ..files.photos import ALIGNED_CROP, ALIGNED_SIZE
from .detection import CROP_SIDE, crop_landmarks, detect_landmarks
from .similarity import Similarity

# Landmarks in CelebA's layout of 178×218 pixels, (x, y): the person's right eye (on the left of the
# image), left eye, nose, corners of the mouth. Means over 3,000 of its aligned photos.
LANDMARKS = np.array([(69.8, 111.9), (108.3, 111.9), (88.5, 135.8), (71.6, 153.1), (106.2, 153.2)])
EYES = LANDMARKS[:2]

# The eyes weigh most; the nose moves most when a head turns. Among such weights these move the eyes
# of the aligned photos nearest to their mean positions.
WEIGHTS = (1.0, 1.0, 0.02, 0.4, 0.4)

DETECTION_SIDE = 640  # pixels of the long side: faces down to 1/32 of a photo are detected
LARGEST_SCALE = 4  # for small photos, since MTCNN detects no face smaller than 20 pixels
VIEW_SIDE = 98.0  # pixels of the layout in a view; with fewer or more the eyes are less accurate
VIEW_CENTRE = complex(88.5, 123.5)
VIEWS = 16  # slightly rotated, scaled and shifted; the mean is more accurate than a single view
PASSES = 2  # the first makes a rotated face upright for the second
TOLERANCE = 8.0  # pixels of the layout between the eyes of an aligned crop and their positions


@dataclass(frozen=True)
class Face:
    """A face in a photo.

    Attributes:
        to_layout: From the photo's pixels to those of CelebA's layout, 178×218.
        confidence: MTCNN's confidence, 0 … 1.

    Example:
        >>> face = detect_faces(photo)[0]
        >>> face.crop(photo).size
        (178, 218)
    """

    to_layout: Similarity
    confidence: float

    @property
    def size(self) -> float:
        """Distance between the eyes in pixels of the photo."""
        return float(np.hypot(*(EYES[1] - EYES[0])) / self.to_layout.scale)

    def crop(self, photo: Image.Image) -> Image.Image:
        """Crop the face, aligned to CelebA's layout, 178×218; the colour profile is kept."""
        return self.to_layout.warp(photo, ALIGNED_SIZE)

    def is_aligned(self, size: tuple[int, int]) -> bool:
        """Return whether the photo is an aligned crop: the layout's central square, scaled.

        Args:
            size: Width and height of the photo.
        """
        if size[0] != size[1]:
            return False
        margin = complex(*(side - ALIGNED_CROP for side in ALIGNED_SIZE)) / 2
        crop = Similarity(complex(ALIGNED_CROP / size[0]), margin)
        offsets = (crop @ self.to_layout.inverse())(EYES) - EYES
        return bool(np.abs(offsets).max() <= TOLERANCE)


def detect_faces(photo: Image.Image) -> tuple[Face, ...]:
    """Detect the faces of a photo, the largest first.

    Args:
        photo: An upright RGB image, as `photos.open_photo` returns it.

    Returns:
        The faces, the largest first; none where none was detected.

    Example:
        >>> [round(face.confidence, 2) for face in detect_faces(photo)]
        [1.0]
    """
    pixels, scale = detection_pixels(photo)
    faces = [
        Face(_refine(photo, fit_layout(points / scale)), float(confidence))
        for points, confidence in zip(*detect_landmarks(pixels), strict=True)
    ]
    return tuple(sorted(faces, key=lambda face: face.size, reverse=True))


def detection_pixels(photo: Image.Image) -> tuple[np.ndarray, float]:
    """Scale a photo for the detection.

    Returns:
        Pixels, uint8 [H, W, 3]; their scale relative to the photo.
    """
    scale = min(DETECTION_SIDE / max(photo.size), LARGEST_SCALE)
    size = tuple(max(1, round(side * scale)) for side in photo.size)
    return np.asarray(photo.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)), scale


def fit_layout(landmarks: np.ndarray) -> Similarity:
    """Fit the transform from a photo to CelebA's layout to the photo's five landmarks, [5, 2]."""
    return Similarity.fit(landmarks, LANDMARKS, WEIGHTS)


def _refine(photo: Image.Image, to_layout: Similarity) -> Similarity:
    """Detect the landmarks again in the aligned face: those of rotated faces are less accurate."""
    for _ in range(PASSES):
        aligned = to_layout.warp(photo, ALIGNED_SIZE)
        images = [np.asarray(view.warp(aligned, (CROP_SIDE, CROP_SIDE))) for view in _views()]
        landmarks = crop_landmarks(np.stack(images))
        in_layout = [
            view.inverse()(points) for view, points in zip(_views(), landmarks, strict=True)
        ]
        to_layout = fit_layout(np.mean(in_layout, axis=0)) @ to_layout
    return to_layout


@cache
def _views() -> tuple[Similarity, ...]:
    """Return the transforms from the layout to the views, always the same."""
    generator = np.random.default_rng(0)
    scales = CROP_SIDE / VIEW_SIDE * np.exp(generator.normal(0, 0.07, VIEWS))
    factors = scales * np.exp(1j * np.radians(generator.normal(0, 7, VIEWS)))
    centres = VIEW_CENTRE + generator.normal(0, 4, (VIEWS, 2)) @ [1, 1j]
    shifts = (1 + 1j) * CROP_SIDE / 2 - factors * centres
    return tuple(map(Similarity, factors.tolist(), shifts.tolist()))
