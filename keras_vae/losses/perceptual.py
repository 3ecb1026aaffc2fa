"""How alike two images look: the distance of what a classifier sees in them.

The squared error of pixels asks for the mean of all images that would fit, which is a blur. A
classifier's feature maps differ where a face does (Hou et al. 2017), and its labels are the data
set's own: nothing has to be downloaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ..models.layers import FusedBatchNormalization, recast
from ..ops.registration import package

EPSILON = 1e-6  # of a squared length: where nothing is seen, nothing differs


@package
class PerceptualDistance(keras.layers.Layer):
    """Distance of feature maps (Zhang et al. 2018, eq. 1, without learned weights).

    The features of each position are scaled to length 1; their squared distances are averaged over
    the positions of a map, and over the maps. It learns nothing, but passes gradients on.

    Args:
        network: Model from pixels in [-1, 1], [B, H, W, C], to a list of maps, each [B, h, w, F].

    Call arguments:
        image: Pixels in 0 … 255, [B, H, W, C].
        other: Likewise; gradients flow to it.

    Returns:
        The distance of each pair, between 0 and 4, float32 [B].
    """

    def __init__(self, network: keras.Model, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})
        self.network = network
        self.network.trainable = False

    @classmethod
    def of(
        cls, classifier: keras.Model, layers: Sequence[str], *, dtype: Any = None
    ) -> PerceptualDistance:
        """Make the distance that a classifier has learned.

        Args:
            classifier: Model from pixels in [-1, 1], [B, H, W, C].
            layers: Names of those that return the maps.
            dtype: Keras dtype policy that the maps are computed in.
        """
        maps = [classifier.get_layer(name).output for name in layers]
        network = keras.Model(classifier.inputs, maps, name="perception")
        # The fused kernel is the faster one (docs/decisions/0003).
        fused = recast(network, dtype, FusedBatchNormalization)
        return cls(fused, name="perceptual_distance")

    def call(self, image: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
        """Return the distances."""
        pairs = zip(self._maps(tf.stop_gradient(image)), self._maps(other), strict=True)
        distances = [
            tf.reduce_mean(tf.reduce_sum(tf.math.squared_difference(a, b), axis=-1), axis=[1, 2])
            for a, b in pairs
        ]
        return tf.add_n(distances) / len(distances)

    def _maps(self, pixels: tf.Tensor) -> list[tf.Tensor]:
        maps = self.network(pixels / 127.5 - 1.0, training=False)
        return [
            tf.math.l2_normalize(tf.cast(each, tf.float32), axis=-1, epsilon=EPSILON)
            for each in maps
        ]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        network = keras.saving.serialize_keras_object(self.network)
        return {**super().get_config(), "network": network}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PerceptualDistance:
        """Rebuild from `get_config`."""
        return cls(
            **{**config, "network": keras.saving.deserialize_keras_object(config["network"])}
        )
