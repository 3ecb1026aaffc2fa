"""Who says which attributes an image shows: a classifier that was trained on photos' own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..datasets import ImageDataset
from ..datasets.classifiers import PREPROCESSING, find_classifier

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Judge:
    """A classifier of attributes.

    Attributes:
        network: From what `PREPROCESSING` gives to logits [N, A].
        names: A attributes.
    """

    network: keras.Model
    names: tuple[str, ...]

    @classmethod
    def of(cls, dataset: ImageDataset, cache_dir: Path | None) -> Judge:
        """Open the classifier of a data set's attributes; the first time, train it."""
        return cls(find_classifier(dataset, cache_dir=cache_dir), dataset.attribute_names)

    def probability(self, images: np.ndarray, name: str) -> np.ndarray:
        """How likely each image shows an attribute.

        Args:
            images: uint8 [N, H, W, C].
            name: The attribute.

        Returns:
            [N], in [0, 1].
        """
        logits = self.network.predict(np.asarray(PREPROCESSING(images)), batch_size=250, verbose=0)
        return 1.0 / (1.0 + np.exp(-logits[:, self.names.index(name)].astype(np.float64)))
