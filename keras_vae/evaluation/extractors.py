"""Feature extractors for FID and KID: InceptionV3, a saved network, or a classifier."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ..datasets import ImageDataset, classifiers
from ..datasets.preprocessing import Preprocessing
from ..files.keras_file import load_keras_file
from ..files.naming import first_line
from ..files.progress import Progress

logger = logging.getLogger(__name__)

BATCH = 64  # images at a time: a bound on the memory of InceptionV3
SECONDS_TO_CONNECT = 10.0  # also of silence in a download


@dataclass(frozen=True)
class Extractor:
    """A network that turns images into features.

    Attributes:
        name: Its description, for tables.
        preprocessing: Applied to images first.
        network: From float32 [B, height, width, channels] to [B, F], or to maps [B, h, w, F], which
            are averaged.
        near_chance: Whether it is a classifier that predicts little more than chance.
    """

    name: str
    preprocessing: Preprocessing
    network: Callable[[tf.Tensor], tf.Tensor]
    near_chance: bool = False

    def __call__(self, images: np.ndarray, progress: Progress | None = None) -> np.ndarray:
        """Extract features.

        Args:
            images: uint8 [N, H, W, C].
            progress: Called with (done, total) images.

        Returns:
            float32 [N, F].
        """
        parts = []
        for start in range(0, len(images), BATCH):
            batch = np.asarray(images[start : start + BATCH])
            features = np.asarray(self.network(self.preprocessing(batch)), np.float32)
            parts.append(features.mean(axis=tuple(range(1, features.ndim - 1))))
            if progress:
                progress(start + len(batch), len(images))
        return np.concatenate(parts)


def find_extractor(
    dataset: ImageDataset, features: str | Path | None = None, progress: Progress | None = None
) -> Extractor:
    """Choose a feature extractor for FID and KID.

    Grey images with labels or attributes get a classifier, because InceptionV3 was trained on
    colour photographs; other images get InceptionV3, or a classifier where its weights are not
    available.

    Args:
        dataset: The images, perhaps with labels or attributes to train a classifier on.
        features: A saved network, used instead: see `saved_extractor`.
        progress: Called with (done, total) steps if a classifier is trained.

    Raises:
        ValueError: See `saved_extractor`.
        ConnectionError: If InceptionV3's weights are not available, and a classifier cannot be
            trained.
    """
    channels = dataset.image_shape[2]
    if features is not None:
        return saved_extractor(features, channels)
    if not dataset.labelled or channels != 1:
        try:
            return inception()
        except ConnectionError:
            if not dataset.labelled:
                raise
            logger.warning(
                "InceptionV3's weights cannot be downloaded. FID and KID take the features of a "
                "classifier of the images' labels or attributes instead."
            )
    return classifier_extractor(dataset, progress)


def inception() -> Extractor:
    """Return InceptionV3, trained on ImageNet, up to the pooled 2,048 features.

    The weights are Keras's, not those of 2015 that published numbers were measured with.

    Raises:
        ConnectionError: If the weights are not on the disk and cannot be downloaded.
    """
    try:
        with ExitStack() as stack:
            stack.callback(socket.setdefaulttimeout, socket.getdefaulttimeout())
            socket.setdefaulttimeout(SECONDS_TO_CONNECT)
            stack.enter_context(redirect_stdout(sys.stderr))  # Keras prints a progress bar
            network = keras.applications.InceptionV3(
                weights="imagenet", include_top=False, pooling="avg"
            )
    except Exception as error:  # Keras raises nothing more particular where a download fails
        raise ConnectionError(
            "InceptionV3's weights cannot be downloaded. Set `features` to a saved Keras model "
            "(.keras) or a SavedModel from float32 pixels 0 … 255 [B, H, W, C] to features [B, F]."
        ) from error
    return Extractor(
        "InceptionV3 of Keras, trained on ImageNet, 2,048 pooled features",
        Preprocessing((299, 299), low=-1.0, high=1.0, color=True),
        _compiled(network),
    )


def classifier_extractor(dataset: ImageDataset, progress: Progress | None = None) -> Extractor:
    """Return the penultimate features of a small classifier of a data set's labels or attributes.

    It is trained on the training split, once: see `classifiers.find_classifier`.

    Raises:
        ValueError: If the data set has neither, or no training images.
    """
    classifier = classifiers.find_classifier(dataset, progress=progress)
    features = keras.Model(classifier.inputs, classifier.get_layer("features").output)
    score = classifiers.held_out_score(classifier, dataset)
    return Extractor(
        classifiers.describe(classifier, dataset, score),
        classifiers.PREPROCESSING,
        _compiled(features),
        near_chance=score is not None and score.near_chance,
    )


def saved_extractor(path: str | Path, channels: int) -> Extractor:
    """Open a network that maps pixels 0 … 255, float32 [B, H, W, C], to features.

    Images are scaled to the network's height and width, if it has a fixed size, and grey images are
    repeated for a network of three channels.

    Args:
        path: A Keras model (.keras), or the folder of a SavedModel whose `serving_default` has one
            input and one output.
        channels: Of the images.

    Raises:
        ValueError: If it cannot be opened, or takes no such images.
    """
    path = Path(path)
    try:
        network, shape = _open_saved_model(path) if path.is_dir() else _open_keras_model(path)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(
            "`features` must be a Keras model (.keras) or a SavedModel with one input and one "
            f"output. Received: {path}: {first_line(error)}"
        ) from error
    if len(shape) != 4 or shape[3] not in (None, 3, channels):
        raise ValueError(
            f"`features` must take images of {channels} or 3 channels. "
            f"Received: {path}, which takes {list(shape)}."
        )
    size = (shape[1], shape[2]) if shape[1] and shape[2] else None
    return Extractor(
        path.name, Preprocessing(size, low=0.0, high=255.0, color=shape[3] == 3), network
    )


def _open_keras_model(path: Path) -> tuple[Callable[[tf.Tensor], tf.Tensor], tuple]:
    model = load_keras_file(path, compile=False)
    (shape,) = (tuple(each.shape) for each in model.inputs)
    (_,) = model.outputs
    return _compiled(model), shape


def _open_saved_model(path: Path) -> tuple[Callable[[tf.Tensor], tf.Tensor], tuple]:
    model = tf.saved_model.load(str(path))
    signature = model.signatures["serving_default"]
    ((name, spec),) = signature.structured_input_signature[1].items()
    (output,) = signature.structured_outputs

    def network(images: tf.Tensor, model: tf.Module = model) -> tf.Tensor:  # keeps it alive
        return model.signatures["serving_default"](**{name: tf.cast(images, spec.dtype)})[output]

    return network, tuple(spec.shape)


def _compiled(network: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    return tf.function(lambda images: network(images, training=False), reduce_retracing=True)
