"""MTCNN's three networks, which LiteRT runs.

`tools/convert_mtcnn.py` made the files from the package `mtcnn`; the folder has their licence.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from ..files.litert import LiteSignature

FOLDER = Path(__file__).with_name("mtcnn")
BATCH = 32  # images that are computed together; more need more memory and are not faster
GREY, SCALE = 127.5, 128.0  # pixels are shifted and scaled to about -1 … 1


def run_network(name: str, images: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the outputs of a network for images.

    Args:
        name: "pnet" (one image of any size), "rnet" (images of 24×24) or "onet" (of 48×48).
        images: RGB pixels 0 … 255 of any dtype, [N, H, W, 3], N > 0.

    Returns:
        For each image, or for each position in that of `pnet`: `scores`, the probability of a face,
        [N]; `offsets` of a box's edges, in parts of its size, [N, 4]; for `onet` also `landmarks`,
        five x and five y, in parts of the box's size, [N, 10].
    """
    signature = _load(name)
    parts = [
        signature(images=(images[start : start + BATCH].astype(np.float32) - GREY) / SCALE)
        for start in range(0, len(images), BATCH)
    ]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


@cache
def _load(name: str) -> LiteSignature:
    return LiteSignature(FOLDER / f"{name}.tflite", "detect")
