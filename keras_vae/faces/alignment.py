"""Faces found in photos and turned, scaled and shifted to where CelebA's aligned photos have them.

Faces and their five landmarks come from MTCNN (Zhang et al. 2016, the package `mtcnn`). CelebA was
aligned by five such points; here the same is done to a photo of any size. Where the numbers come
from: docs/decisions/0010-alignment.md.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..files.photos import ALIGNED_CROP, ALIGNED_SIZE
from .similarity import Similarity

if TYPE_CHECKING:
    from mtcnn import MTCNN

# Where the landmarks lie in CelebA's frame, (x, y): the subject's right eye (to the left in the
# image), left eye, nose, corners of the mouth. Means over 3,000 of its aligned photos.
LANDMARKS = np.array([(69.8, 111.9), (108.3, 111.9), (88.5, 135.8), (71.6, 153.1), (106.2, 153.2)])
EYES = LANDMARKS[:2]

# The eyes decide; the nose moves most when a head turns. Among such weights these bring the eyes of
# the aligned photos nearest to their mean place.
WEIGHTS = (1.0, 1.0, 0.02, 0.4, 0.4)

LONG_SIDE = 640  # of the image searched: faces down to 1/32 of a photo's long side are found
ENLARGED = 4  # at most, since MTCNN finds no face smaller than 20 pixels
PATCH = 48  # pixels of a side that MTCNN's last network looks at
PATCH_SIDE = 98.0  # how much of the frame that is: narrower and wider ones place the eyes worse
PATCH_CENTRE = complex(88.5, 123.5)
VIEWS = 16  # slightly turned, scaled and shifted; their mean place is surer than any single one
PASSES = 2  # the first puts a turned face upright, the second looks at it so
NEAR = 8.0  # pixels of the frame by which the eyes of an aligned crop may be off


@dataclass(frozen=True)
class Face:
    """A face in a photo.

    Attributes:
        to_frame: From the photo's pixels to those of CelebA's frame of 178×218.
        confidence: What MTCNN gives it, 0 … 1.
    """

    to_frame: Similarity
    confidence: float

    @property
    def size(self) -> float:
        """Pixels of the photo between the eyes."""
        return float(np.hypot(*(EYES[1] - EYES[0])) / self.to_frame.scale)

    def crop(self, photo: Image.Image) -> Image.Image:
        """Cut the face out as CelebA would have it, 178×218; it keeps the photo's profile."""
        return self.to_frame.warp(photo, ALIGNED_SIZE)

    def fills(self, size: tuple[int, int]) -> bool:
        """Say whether a photo is this face's aligned crop: the frame's central square, scaled.

        Args:
            size: Width and height of the photo.
        """
        if size[0] != size[1]:
            return False
        margin = complex(*(side - ALIGNED_CROP for side in ALIGNED_SIZE)) / 2
        crop = Similarity(complex(ALIGNED_CROP / size[0]), margin)
        offsets = (crop @ self.to_frame.inverse())(EYES) - EYES
        return bool(np.abs(offsets).max() <= NEAR)


def find_faces(photo: Image.Image) -> tuple[Face, ...]:
    """Find the faces of a photo, the largest first.

    Args:
        photo: An upright RGB image, as `photos.open_photo` returns it.
    """
    scale = min(LONG_SIDE / max(photo.size), ENLARGED)
    size = tuple(max(1, round(side * scale)) for side in photo.size)
    searched = photo.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    faces = [
        Face(_refine(photo, fit_frame(points / scale)), score)
        for points, score in _detect(np.asarray(searched))
    ]
    return tuple(sorted(faces, key=lambda face: face.size, reverse=True))


def fit_frame(landmarks: np.ndarray) -> Similarity:
    """Find the way from a photo to CelebA's frame by the five landmarks in the photo, [5, 2]."""
    return Similarity.fit(landmarks, LANDMARKS, WEIGHTS)


def _detect(pixels: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Find landmarks [5, 2] and confidences in uint8 pixels [H, W, 3]."""
    # Not the dictionaries, whose landmarks are rounded. Its columns: image, box (4), confidence,
    # five x, five y.
    rows = np.reshape(_mtcnn().detect_faces(pixels, output_type="numpy"), (-1, 16))
    return [(row[6:].reshape(2, 5).T, float(row[5])) for row in rows]


def _refine(photo: Image.Image, to_frame: Similarity) -> Similarity:
    """Look again, upright and near: MTCNN places the landmarks of turned faces less surely."""
    for _ in range(PASSES):
        near = to_frame.warp(photo, ALIGNED_SIZE)
        patches = [np.asarray(view.warp(near, (PATCH, PATCH))) for view in _views()]
        points = _landmarks(np.stack(patches))
        places = [view.inverse()(seen) for view, seen in zip(_views(), points, strict=True)]
        to_frame = fit_frame(np.mean(places, axis=0)) @ to_frame
    return to_frame


def _landmarks(patches: np.ndarray) -> np.ndarray:
    """Place the five points in faces that fill uint8 patches [N, 48, 48, 3]; pixels, [N, 5, 2]."""
    import tensorflow as tf

    last = _mtcnn().get_stage(stage_id=3).model
    _, points, _ = last(tf.constant((patches.astype(np.float32) - 127.5) / 128.0))
    return PATCH * np.reshape(points, (-1, 2, 5)).swapaxes(1, 2)


@cache
def _views() -> tuple[Similarity, ...]:
    """Ways from the frame to patches, always the same."""
    generator = np.random.default_rng(0)
    scales = PATCH / PATCH_SIDE * np.exp(generator.normal(0, 0.07, VIEWS))
    factors = scales * np.exp(1j * np.radians(generator.normal(0, 7, VIEWS)))
    centres = PATCH_CENTRE + generator.normal(0, 4, (VIEWS, 2)) @ [1, 1j]
    shifts = (1 + 1j) * PATCH / 2 - factors * centres
    return tuple(map(Similarity, factors.tolist(), shifts.tolist()))


@cache
def _mtcnn() -> MTCNN:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow reads it when imported
    from mtcnn import MTCNN

    return MTCNN()
