"""dlib's network for face recognition as the identity loss's embedder.

King 2017 published the network in the public domain; dlib runs it without gradients. Here its
weights are read from dlib's own file, which comes with the package face-recognition-models.
"""

from __future__ import annotations

import hashlib
import math
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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
    builder = _Builder(_weights())
    image = keras.Input((SIDE, SIDE, 3))
    # dlib's first layer takes the pixels' means and divides by 256.
    offsets = [(127.5 - mean) / 256 for mean in PIXEL_MEANS]
    features = keras.layers.Rescaling(127.5 / 256, offsets)(_chip(image))
    features = keras.layers.ReLU()(builder.conv(features, LEVELS[0][0], 7, 2))
    features = keras.layers.MaxPooling2D(3, 2)(features)
    for number, (filters, blocks) in enumerate(LEVELS):
        if number:
            features = builder.half(features, filters)
        for _ in range(blocks):
            features = builder.block(features, filters)
        if number < COMPARED:
            features = keras.layers.Identity(name=f"maps_{number + 1}")(features)
    features = keras.layers.GlobalAveragePooling2D()(features)
    network = keras.Model(image, builder.embedding(features), name="dlib")
    builder.set_weights(network)
    return network


def _weights() -> bytes:
    """The file in the installed package, which is not imported: it needs pkg_resources."""
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
    return content


def _chip(image: Any) -> Any:
    """What dlib sees of a square; the rows below it repeat the square's last ones."""
    right = SIDE - LEFT - CHIP
    part = keras.layers.Cropping2D(((UPPER, 0), (LEFT, right)))(image)
    last = keras.layers.Cropping2D(((SIDE - UPPER - BELOW, 0), (0, 0)))(part)
    return keras.layers.Concatenate(axis=1, name="chip")([part, last])


class _Builder:
    """Layers of dlib's residual network, and their weights, which the file holds in order.

    A convolution is followed by an affine layer, one factor and one offset for each channel, which
    is folded into it.
    """

    def __init__(self, data: bytes) -> None:
        self.data, self.position = data, 0
        self.weights: dict[str, list[np.ndarray]] = {}

    def conv(self, features: Any, filters: int, kernel: int, stride: int) -> Any:
        """A convolution; with a stride it has no padding."""
        shape = (filters, features.shape[-1], kernel, kernel)
        values = self._read(math.prod(shape) + filters)
        factors, offsets = np.split(self._read(2 * filters), 2)
        kernels = values[:-filters].reshape(shape).transpose(2, 3, 1, 0)
        name = f"conv_{len(self.weights) + 1}"
        self.weights[name] = [kernels * factors, values[-filters:] * factors + offsets]
        padding = "same" if stride == 1 else "valid"
        return keras.layers.Conv2D(filters, kernel, stride, padding, name=name)(features)

    def block(self, features: Any, filters: int) -> Any:
        """Two convolutions and a sum."""
        return self._sum(self._branch(features, filters, 1), features)

    def half(self, features: Any, filters: int) -> Any:
        """A block of half the height and width; a smaller summand is extended with zeros."""
        branch = self._branch(features, filters, 2)
        shortcut = keras.layers.AveragePooling2D(2)(features)
        height, width = map(max, zip(branch.shape[1:3], shortcut.shape[1:3], strict=True))
        if shortcut.shape[-1] < filters:  # half as many channels
            zeros = keras.layers.Rescaling(0.0)(shortcut)
            shortcut = keras.layers.Concatenate()([shortcut, zeros])
        return self._sum(*(_extended(each, height, width) for each in (branch, shortcut)))

    def embedding(self, features: Any) -> Any:
        """The linear layer at the end, less the descriptors' mean."""
        layer = keras.layers.Dense(EMBEDDING, name="embedding", dtype="float32")
        kernel = self._read(features.shape[-1], EMBEDDING)
        mean = np.load(str(files(__package__) / "dlib_mean.npy"))
        self.weights[layer.name] = [kernel.reshape(-1, EMBEDDING), -mean]
        return layer(features)

    def set_weights(self, network: keras.Model) -> None:
        """Set the weights of a network that was built of these layers."""
        for name, values in self.weights.items():
            network.get_layer(name).set_weights(values)

    def _branch(self, features: Any, filters: int, stride: int) -> Any:
        first = keras.layers.ReLU()(self.conv(features, filters, 3, stride))
        return self.conv(first, filters, 3, 1)

    def _sum(self, branch: Any, shortcut: Any) -> Any:
        return keras.layers.ReLU()(keras.layers.Add()([branch, shortcut]))

    def _read(self, *shape: int) -> np.ndarray:
        """The file's next tensor of a shape: format version 2, four sizes, little-endian floats."""
        header = b"".join(map(_integer, (2, *shape, *[1] * (4 - len(shape)))))
        start = self.data.index(header, self.position) + len(header)
        values = np.frombuffer(self.data, "<f4", math.prod(shape), start)
        self.position = start + values.nbytes
        return values


def _extended(features: Any, height: int, width: int) -> Any:
    """Feature maps with zeros below and on the right."""
    missing = height - features.shape[1], width - features.shape[2]
    if not any(missing):
        return features
    return keras.layers.ZeroPadding2D(tuple((0, count) for count in missing))(features)


def _integer(value: int) -> bytes:
    """A positive integer as dlib writes it: the number of its bytes, then these, lowest first."""
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "little")
