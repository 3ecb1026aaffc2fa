"""The identity loss: the reconstruction must keep what an embedder knows an image by.

An embedder gives vectors that are near for images of the same thing: a network for face
recognition, for photos of the same person. A likelihood spends most latents on hair and background;
an embedder sees none of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from ..files.keras_file import load_keras_file
from ..models.composite import Composite
from ..models.loss_terms import LossTerm
from ..models.protocols import ForwardPass
from ..models.sampling import Sampling
from ..ops.normalization import FusedBatchNormalization
from ..ops.recast import recast
from ..ops.registration import package
from ..presets import Identity as Configuration
from .perceptual import feature_distance
from .teacher import Teacher

MAPS = "maps_"  # how the names of an embedder's layers of feature maps begin


@package
class Identity(Composite, LossTerm):
    """1 − cosine of the embeddings of image and reconstruction, in [0, 2].

    In training both images are moved and scaled together, at random: an embedder sees some places
    of its input better than others, and the reconstruction would be painted for these places.

    Args:
        network: Model from pixels in [-1, 1], [B, h, w, C], to embeddings [B, E]; or to a list of
            feature maps [B, h', w', F] and, last, embeddings. It is not trained. Images of another
            size are scaled to h × w.
        weight: Factor of the value.
        shift: Images are moved by at most this share of their sides; outside of them is black.
        scale: They are enlarged or reduced by at most this share.
        features: Weight of the distance of the feature maps beside 1 − cosine.
        seed: Of the moves; None takes a random one.

    Example:
        >>> embedder = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()])
        >>> embedder.add(keras.layers.Dense(16))
        >>> terms = [*elbo_terms(), Identity(embedder, weight=10.0, seed=0)]
        >>> vae = VAE.from_networks(encoder, decoder, terms=terms)
    """

    PARTS = ("network",)

    def __init__(
        self,
        network: keras.Model,
        weight: float = 1.0,
        *,
        shift: float = 0.0,
        scale: float = 0.0,
        features: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, **kwargs)
        self.network = network
        self.network.trainable = False
        self.shift, self.scale, self.features, self.seed = shift, scale, features, seed
        self.sampling = Sampling(seed)

    @classmethod
    def from_configuration(
        cls,
        configuration: Configuration,
        *,
        teacher: Teacher | None = None,
        dtype: Any = None,
        seed: int | None = None,
        **_: Any,
    ) -> Identity:
        """Build the loss of an embedder.

        Args:
            configuration: The embedder and the numbers.
            teacher: The classifier, where its features are the embedding.
            dtype: Keras dtype policy that the embedder computes in.
            seed: Of the moves.

        Raises:
            ValueError: If the embedder cannot be opened.
        """
        values = configuration.values()
        embedder = values.pop("embedder")
        network = _features(teacher) if configuration.needs_teacher else open_embedder(embedder)
        if configuration.features:
            network = _with_maps(network)
        return cls(recast(network, dtype, FusedBatchNormalization), **values, seed=seed)

    def value(self, forward: ForwardPass) -> tf.Tensor:
        """Return 1 − cosine, and the weighted distance of feature maps, [B]."""
        boxes = self._boxes(tf.shape(forward.images)[0], forward.training)
        images, reconstructions = forward.images, forward.likelihood.pixels()
        *maps, embedding = map(tf.stop_gradient, self._outputs(images, boxes))
        *others, other = self._outputs(reconstructions, boxes)
        value = 1.0 - tf.reduce_sum(_unit(embedding) * _unit(other), axis=-1)
        return value + self.features * feature_distance(maps, others) if maps else value

    def _outputs(self, pixels: tf.Tensor, boxes: tf.Tensor) -> list[tf.Tensor]:
        """Feature maps, if there are any, and embeddings of crops of images in 0 … 255."""
        size, rows = self.network.inputs[0].shape[1:3], tf.range(tf.shape(pixels)[0])
        crops = tf.image.crop_and_resize(pixels, boxes, rows, size)
        return keras.tree.flatten(self.network(crops / 127.5 - 1.0, training=False))

    def _boxes(self, count: tf.Tensor, training: bool) -> tf.Tensor:
        """Top, left, bottom and right of the crops, as shares of the sides, [B, 4]."""
        whole = tf.tile([[0.0, 0.0, 1.0, 1.0]], (count, 1))
        if not training or not (self.shift or self.scale):
            return whole
        noise = 2.0 * self.sampling.uniform(count, 3) - 1.0
        moved = whole + self.shift * tf.tile(noise[:, :2], (1, 2))
        return moved + self.scale * noise[:, 2:] * [[-0.5, -0.5, 0.5, 0.5]]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        numbers = {"shift": self.shift, "scale": self.scale, "features": self.features}
        return {**super().get_config(), **numbers, "seed": self.seed}


def open_embedder(file: str | Path) -> keras.Model:
    """Open an embedder: a Keras model from pixels in [-1, 1] to vectors.

    Raises:
        ValueError: If there is none.
    """
    try:
        network = load_keras_file(file, compile=False)
    except ValueError as error:
        raise ValueError(
            "`embedder` must be 'classifier' or the file of a Keras model from pixels in [-1, 1] "
            f"to one vector for each image. {error}"
        ) from error
    if len(network.inputs) != 1 or len(network.output_shape) != 2:
        raise ValueError(
            "`embedder` must have one input, images, and one output, a vector for each image. "
            f"Received: {str(file)!r}, from {network.input_shape} to {network.output_shape}."
        )
    return network


def _features(teacher: Teacher) -> keras.Model:
    """The classifier without its last layer."""
    classifier = teacher.classifier
    return keras.Model(classifier.inputs, classifier.get_layer(teacher.features).output)


def _with_maps(network: keras.Model) -> keras.Model:
    """An embedder that also returns its feature maps, before the embeddings."""
    maps = [layer.output for layer in network.layers if layer.name.startswith(MAPS)]
    if not maps:
        names = ", ".join(layer.name for layer in network.layers)
        raise ValueError(
            f"`features` must be 0 where no layer of the embedder has a name that begins with "
            f"{MAPS!r}. Received an embedder with: {names}."
        )
    return keras.Model(network.inputs, [*maps, network.outputs[0]])


def _unit(vectors: tf.Tensor) -> tf.Tensor:
    return tf.math.l2_normalize(tf.cast(vectors, tf.float32), axis=-1)
