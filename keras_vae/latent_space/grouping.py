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
            ValueError: If the data set has no such attribute, or no labels.
        """
        if by == LABEL:
            if dataset.labels is None:
                raise ValueError(_without_labels(dataset))
            values, index = np.unique(dataset.labels[rows], return_inverse=True)
            return cls(tuple(map(str, values)), index)
        if by not in dataset.attribute_names:
            raise ValueError(_without_attribute(dataset, by))
        values = dataset.attributes[rows, dataset.attribute_names.index(by)]
        kinds, index = np.unique(values <= 0, return_inverse=True)
        return cls(tuple(f"not {by}" if lacking else by for lacking in kinds), index)

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


def _without_labels(dataset: ImageDataset) -> str:
    names = ", ".join(dataset.attribute_names)
    hint = f" Choose an attribute: {names}." if names else ""
    return f"{dataset.name!r} has no class labels.{hint}"


def _without_attribute(dataset: ImageDataset, by: str) -> str:
    if not dataset.attribute_names:
        hint = f" Group by class with {LABEL!r}." if dataset.labels is not None else ""
        return f"{dataset.name!r} has no attributes. Received: {by!r}.{hint}"
    near = near_names(by, dataset.attribute_names)
    return f"No attribute of {dataset.name!r} is called {by!r}. {near}"
