"""Labelled latents whose groups differ by known shifts."""

import numpy as np
import pytest

NAMES = ("Male", "Smiling", "Young")


@pytest.fixture(scope="session")
def study():
    """20,000 latents in 5 dimensions, the labels of three attributes, and their shifts."""
    rng = np.random.default_rng(0)
    labels = np.where(rng.random((20_000, 3)) < [0.5, 0.2, 0.8], 1, -1)
    shifts = rng.normal(size=(3, 5))
    z = rng.normal(size=(20_000, 5)) + (labels > 0) @ shifts
    return z.astype(np.float32), labels, shifts


@pytest.fixture(scope="session")
def confounded():
    """The same for two attributes, where nine in ten men, and one woman in five, wear a tie."""
    rng = np.random.default_rng(1)
    male = rng.random(20_000) < 0.4
    tie = rng.random(20_000) < np.where(male, 0.9, 0.2)
    labels = np.stack([male, tie], axis=1)
    shifts = np.array([[2.0, 0.0, 0.0], [0.0, 1.5, 0.0]])
    z = rng.normal(size=(20_000, 3)) + labels @ shifts
    return z.astype(np.float32), labels, shifts
