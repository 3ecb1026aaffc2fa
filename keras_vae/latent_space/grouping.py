"""Groups of images: with and without an attribute, or by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..files.naming import near_names
from .probes import linear_probes

if TYPE_CHECKING:
    from ..datasets import ImageDataset

LABEL = "label"  # groups by class; attributes have their own names


@dataclass(frozen=True)
class Grouping:
    """Which group each image belongs to.

    Attributes:
        names: G names; no group is empty.
        index: Each image's group, int [N], in [0, G).
    """

    names: tuple[str, ...]
    index: np.ndarray

    @classmethod
    def of(cls, dataset: ImageDataset, rows: np.ndarray, by: str) -> Grouping:
        """Group rows of a data set.

        Args:
            dataset: Images with attributes, or with class labels.
            rows: Which of them, int [N].
            by: An attribute, whose groups are "name" and "not name"; or "label".

        Raises:
            ValueError: If the data set has no such attribute, or no labels; or has labels and an
                attribute called "label".
        """
        names = [*dataset.attribute_names, *([] if dataset.labels is None else [LABEL])]
        if not names:
            raise ValueError(f"{dataset.name!r} has neither attributes nor class labels.")
        if names.count(by) > 1:
            raise ValueError(
                f"{dataset.name!r} has class labels and an attribute called {by!r}. Rename it."
            )
        if by == LABEL and by not in names:
            raise ValueError(
                f"{dataset.name!r} has no class labels. Choose from: {', '.join(names)}. "
                "`by=NAME` groups by one."
            )
        if by not in names:
            raise ValueError(f"{dataset.name!r} has no attribute {by!r}. {near_names(by, names)}")
        if by not in dataset.attribute_names:
            values, index = np.unique(dataset.labels[rows], return_inverse=True)
            return cls(tuple(map(dataset.label_name, values.tolist())), index)
        values = dataset.attributes[rows, dataset.attribute_names.index(by)]
        absent, index = np.unique(values <= 0, return_inverse=True)
        return cls(tuple(f"not {by}" if each else by for each in absent), index)

    def largest(self, count: int) -> Grouping:
        """Keep the largest groups, and make one group of all others.

        Args:
            count: The most groups to return, at least 2; a grouping of so many is unchanged.
        """
        if len(self.names) <= count:
            return self
        sizes = np.bincount(self.index, minlength=len(self.names))
        kept = np.sort(np.argsort(-sizes, kind="stable")[: count - 1])
        places = np.full(len(self.names), count - 1)
        places[kept] = np.arange(count - 1)
        names = tuple(self.names[group] for group in kept)
        others = len(self.names) - len(kept)
        return Grouping((*names, f"{others} others"), places[self.index])

    def probe_auc(self, z: np.ndarray, *, seed: int = 0) -> float | None:
        """Measure how well linear probes separate the groups.

        A logistic regression for each group against the rest is fitted on a random half of the
        images and measured on the other; two groups need only one regression.

        Args:
            z: z_mean of the images, [N, L].
            seed: Seed of the halves.

        Returns:
            Mean area under the ROC curve; None if no group has images inside and outside it in both
            halves.
        """
        names = self.names[:1] if len(self.names) == 2 else self.names
        member = self.index[:, None] == np.arange(len(names))  # [N, G]
        halves = np.array_split(np.random.default_rng(seed).permutation(len(z)), 2)
        fit_on, measured_on = ((z[half], member[half]) for half in halves)
        probes = linear_probes(fit_on, measured_on, names)
        return float(np.mean([probe.auc for probe in probes])) if probes else None
