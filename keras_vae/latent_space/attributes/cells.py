"""Cells of images: with or without an attribute, for each combination of balancing ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Cells:
    """Which cell each image is in.

    Balanced by K other attributes, there are T = 2^K strata, one for each combination of them, and
    in each a cell without and a cell with the attribute. A fit weights every stratum equally, so
    that among the images with the attribute each combination is as frequent as among
    those without: a mean difference becomes the mean over the strata of the differences within
    them (direct standardization).

    Attributes:
        index: 2 × stratum, plus 1 for images with the attribute; int [N].
        strata: T.
    """

    index: np.ndarray
    strata: int = 1

    @classmethod
    def of(cls, present: np.ndarray, others: np.ndarray) -> Cells:
        """Put images in cells.

        Args:
            present: Whether an image has the attribute, bool [N].
            others: Whether it has each of those to balance by, bool [N, K].
        """
        powers = 2 ** np.arange(others.shape[1])
        return cls(2 * (others @ powers).astype(int) + present, 2 ** len(powers))

    @property
    def present(self) -> np.ndarray:
        """Whether an image has the attribute, bool [N]."""
        return self.index % 2 == 1

    @cached_property
    def counts(self) -> np.ndarray:
        """Images in each cell, int [T, 2]: without and with the attribute."""
        return np.bincount(self.index, minlength=2 * self.strata).reshape(self.strata, 2)

    @property
    def weights(self) -> np.ndarray:
        """Weight of each image, [N]: the inverse frequency of its stratum within its group.

        The groups with and without the attribute keep their sizes; a single stratum weighs 1.
        """
        weights = self.counts.sum(axis=0) / (self.strata * self.counts)
        return weights.reshape(-1)[self.index]

    def means(self, values: np.ndarray) -> np.ndarray:
        """Average values [N, K] in each cell, float64 [T, 2, K]; no cell may be empty."""
        cells = range(2 * self.strata)
        means = [values[self.index == cell].mean(axis=0, dtype=np.float64) for cell in cells]
        return np.reshape(means, (self.strata, 2, -1))

    def deviations(self, values: np.ndarray) -> np.ndarray:
        """Subtract from values [N, K] the mean of their cell; the type stays."""
        means = self.means(values).reshape(2 * self.strata, -1).astype(values.dtype)
        return values - means[self.index]
