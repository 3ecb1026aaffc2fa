"""The perceptual loss: the distance of a classifier's feature maps.

The squared error of pixels is least at the mean of all images that would fit, which is a blur. A
classifier's feature maps differ where a face does (Hou et al. 2017), and its labels are the data
set's own: nothing has to be downloaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ..models.composite import Composite
from ..models.loss_terms import LossTerm
from ..models.protocols import ForwardPass
from ..ops.normalization import FusedBatchNormalization
from ..ops.recast import recast
from ..ops.registration import package
from ..presets import Perceptual as Configuration
from ..presets.ranges import NotNegative, in_range
from .teacher import Teacher

EPSILON = 1e-6  # of a squared length: features of zero do not differ
MAPS = "maps_"  # how the names of a network's layers of feature maps begin


@package
class Perceptual(Composite, LossTerm):
    """Distance of feature maps (Zhang et al. 2018, eq. 1, without learned weights).

    The features of each position are scaled to length 1; their squared distances are averaged over
    the positions of a map, and over the maps. It learns nothing, but passes gradients on.

    Args:
        network: Model from pixels in [-1, 1], [B, H, W, C], to a list of maps, each [B, h, w, F];
            with `features` also, last, to features of whole images, [B, F].
        weight: Factor of the distance.
        features: Weight of the distance of these features beside that of the maps: of what the
            classifier sees in all of the image, where a map compares position by position.

    Raises:
        ValueError: If `features` is below 0.

    Example:
        >>> image = keras.Input((28, 28, 1))
        >>> maps = keras.layers.Conv2D(8, 3, strides=2, name="maps")(image)
        >>> term = Perceptual(keras.Model(image, [maps]), weight=10.0)
        >>> vae = VAE.from_networks(encoder, decoder, terms=[*elbo_terms(), term])
    """

    PARTS = ("network",)

    @in_range
    def __init__(
        self,
        network: keras.Model,
        weight: float = 1.0,
        *,
        features: NotNegative = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, **{**kwargs, "trainable": False})
        self.network, self.features = network, features
        self.network.trainable = False

    @classmethod
    def from_configuration(
        cls, configuration: Configuration, *, teacher: Teacher, dtype: Any = None, **_: Any
    ) -> Perceptual:
        """Make the distance that a teacher's feature maps define.

        Args:
            configuration: The weights.
            teacher: The classifier.
            dtype: Keras dtype policy that the maps are computed in.
        """
        classifier = teacher.classifier
        names = [*teacher.maps, teacher.features] if configuration.features else teacher.maps
        outputs = [classifier.get_layer(name).output for name in names]
        network = keras.Model(classifier.inputs, outputs, name="perception")
        # The fused kernel is the faster one (docs/decisions/0003).
        return cls(recast(network, dtype, FusedBatchNormalization), **configuration.values())

    def value(self, forward: ForwardPass) -> tf.Tensor:
        """Return the distance of images and reconstructions, [B]."""
        return self.distance(forward.images, forward.likelihood.pixels())

    def distance(self, image: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
        """Distance of each pair.

        Args:
            image: Pixels in 0 … 255, [B, H, W, C].
            other: Likewise; gradients flow to it.

        Returns:
            Between 0 and 4 (1 + `features`), float32 [B].
        """
        maps, others = self._outputs(tf.stop_gradient(image)), self._outputs(other)
        if not self.features:
            return feature_distance(maps, others)
        *maps, vectors = maps
        *others, other_vectors = others
        return feature_distance(maps, others) + self.features * _apart(vectors, other_vectors)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "features": self.features}

    def _outputs(self, pixels: tf.Tensor) -> list[tf.Tensor]:
        return self.network(pixels / 127.5 - 1.0, training=False)


def with_maps(network: keras.Model) -> keras.Model:
    """Return a network that also returns its feature maps, before its output.

    Raises:
        ValueError: If no name of a layer begins with `maps_`.
    """
    maps = [layer.output for layer in network.layers if layer.name.startswith(MAPS)]
    if not maps:
        names = ", ".join(layer.name for layer in network.layers)
        raise ValueError(
            f"`features` must be 0 where no layer of the network has a name that begins with "
            f"{MAPS!r}. Received a network with: {names}."
        )
    return keras.Model(network.inputs, [*maps, network.outputs[0]])


def feature_distance(maps: Sequence[tf.Tensor], others: Sequence[tf.Tensor]) -> tf.Tensor:
    """Mean squared distance of feature maps, the features of each position scaled to length 1.

    Args:
        maps: Of one batch of images, each [B, h, w, F].
        others: Of another, likewise.

    Returns:
        Between 0 and 4, float32 [B].
    """
    distances = []
    for features, other in zip(maps, others, strict=True):
        distances.append(tf.reduce_mean(_apart(features, other), axis=[1, 2]))
    return tf.add_n(distances) / len(distances)


def _apart(features: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Squared distance of features [..., F] that are scaled to length 1, [...]."""
    return tf.reduce_sum(tf.math.squared_difference(_unit(features), _unit(others)), axis=-1)


def _unit(features: tf.Tensor) -> tf.Tensor:
    return tf.math.l2_normalize(tf.cast(features, tf.float32), axis=-1, epsilon=EPSILON)
