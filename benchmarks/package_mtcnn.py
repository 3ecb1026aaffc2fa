"""Face detection by the package `mtcnn`, which runs on TensorFlow: the reference for ours."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from keras_vae.faces import alignment

if TYPE_CHECKING:
    from mtcnn import MTCNN

SIDE = 48  # pixels of a side of the last network's images


def in_alignment() -> AbstractContextManager[Any]:
    """Let `detect_faces` use the package, within a block."""
    return patch.multiple(
        alignment, detect_landmarks=detect_landmarks, crop_landmarks=crop_landmarks
    )


def detect_landmarks(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Detect faces as `keras_vae.faces.detection.detect_landmarks` does."""
    # As an array: its dictionaries round. Columns: image, box (4), score, five x, five y.
    rows = np.reshape(_mtcnn().detect_faces(pixels, output_type="numpy"), (-1, 16))
    return rows[:, 6:].reshape(-1, 2, 5).swapaxes(1, 2), rows[:, 5]


def crop_landmarks(images: np.ndarray) -> np.ndarray:
    """Find landmarks as `keras_vae.faces.detection.crop_landmarks` does."""
    normalized = (images.astype(np.float32) - 127.5) / 128.0
    _, landmarks, _ = _mtcnn().get_stage(stage_id=3).model(normalized)
    return SIDE * np.reshape(landmarks, (-1, 2, 5)).swapaxes(1, 2)


@cache
def _mtcnn() -> MTCNN:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from mtcnn import MTCNN

    return MTCNN()
