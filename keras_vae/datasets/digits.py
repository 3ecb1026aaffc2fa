"""The 1,797 digits that come with scikit-learn: real scans of 8×8 pixels, no download."""

from __future__ import annotations

import numpy as np

from .source import Origin, Source


def find() -> Origin:
    """Name scikit-learn as the origin: its package holds the digits."""
    return Origin("scikit-learn", None, (), read, image_size=(8, 8), channels=1, dataset="digits")


def read() -> Source:
    """Read the digits, with their values of 0 to 16 scaled to 0 to 255."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    return Source(len(images), lambda: iter(images), labels=digits.target.astype(np.int64))
