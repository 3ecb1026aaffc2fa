"""PSNR and SSIM of enlarged images, by the network and by bicubic interpolation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf
from PIL import Image

from ..export.graph_ops import to_uint8
from ..files.progress import Progress
from .pairs import Pairs
from .vdsr import bicubic

BATCH = 20
CONVENTION = (
    "8-bit RGB, rounded; PSNR in dB and SSIM as `tf.image` computes it (Gaussian window of "
    "11 pixels), of each image, then the mean; no border is cut off"
)

# Peak signal-to-noise ratio in dB; structural similarity (Wang et al. 2004).
METRICS = {"psnr": tf.image.psnr, "ssim": tf.image.ssim}

Method = Callable[[np.ndarray], np.ndarray]  # uint8 [B, h, w, C] → uint8 [B, H, W, C]


def measure(
    methods: Mapping[str, Method],
    pairs: Pairs,
    split: str = "validation",
    *,
    progress: Progress | None = None,
) -> dict[str, dict[str, float]]:
    """Enlarge the small images of a split by several methods, and compare with the large ones.

    Args:
        methods: By name.
        pairs: Images of both sizes.
        split: "train", "validation" or "test"; it must have images.
        progress: Called with (done, total) images.

    Returns:
        For each method by its name, the means of `METRICS` over the images.
    """
    rows = pairs.large.indices(split)
    scores: dict[str, list[np.ndarray]] = {name: [] for name in methods}
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        small, large = (np.asarray(each.images[some]) for each in (pairs.small, pairs.large))
        for name, method in methods.items():
            scores[name].append(compare(method(small), large))
        if progress:
            progress(start + len(some), len(rows))
    means = {name: np.concatenate(parts, axis=1).mean(axis=1) for name, parts in scores.items()}
    return {name: dict(zip(METRICS, each.tolist(), strict=True)) for name, each in means.items()}


def compare(images: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """`METRICS` of each of two batches' images, uint8 [B, H, W, C] → [2, B]."""
    return np.stack([metric(originals, images, 255).numpy() for metric in METRICS.values()])


def interpolation(factor: int) -> Method:
    """The interpolation that the network corrects, rounded."""
    return lambda images: to_uint8(bicubic(images, factor)).numpy()


def pillow(factor: int) -> Method:
    """Pillow's bicubic interpolation, which rounds between its two passes as well."""

    def enlarge(image: np.ndarray) -> np.ndarray:
        size = (image.shape[1] * factor, image.shape[0] * factor)
        return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))

    return lambda images: np.stack([enlarge(image) for image in images])
