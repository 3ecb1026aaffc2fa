"""The teacher of several losses: a classifier of the data set's own labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained classifier, and what is known of its targets.

    Attributes:
        classifier: Model from pixels in [-1, 1], [B, H, W, C], to logits [B, T].
        maps: Names of its layers that return feature maps.
        rates: Share of the training images with each target, [T].
        exclusive: Whether an image has one of T labels, rather than any of T attributes.
        features: Name of its layer that returns one vector of features for each image.

    Example:
        >>> image = keras.Input((28, 28, 1))
        >>> maps = keras.layers.Conv2D(8, 3, strides=2, name="maps")(image)
        >>> logits = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(maps))
        >>> classifier, rates = keras.Model(image, logits), np.full(10, 0.1)
        >>> teacher = Teacher(classifier, ["maps"], rates, exclusive=True)
        >>> preset = get_preset("mnist").override(distillation_weight=100.0)
        >>> vae = VAE.from_preset(preset, teacher=teacher)
    """

    classifier: keras.Model
    maps: Sequence[str]
    rates: np.ndarray
    exclusive: bool
    features: str = "features"
