"""Fully connected encoders and decoders."""

from __future__ import annotations

import math
from typing import Any

import keras

from ...presets import DenseNetwork, Preset
from ..layers import spread_dense
from .heads import heads


def down(preset: Preset, image: Any, dtype: Any) -> tuple[Any, Any]:
    """Flatten the image, then the hidden layers and the heads."""
    network: DenseNetwork = preset.network
    features = keras.layers.Flatten(name="flatten", dtype=dtype)(image)
    for number, width in enumerate(network.hidden, start=1):
        name = f"encoder_dense_{number}"
        layer = keras.layers.Dense(width, activation=network.activation, name=name, dtype=dtype)
        features = layer(features)
    return heads(preset, features)


def up(preset: Preset, z: Any, dtype: Any) -> Any:
    """The hidden layers reversed, then one output for each pixel."""
    network: DenseNetwork = preset.network
    features = z
    for number, width in enumerate(reversed(network.hidden), start=1):
        dense = spread_dense if network.spread and number == 1 else keras.layers.Dense
        name = f"decoder_dense_{number}"
        features = dense(width, activation=network.activation, name=name, dtype=dtype)(features)
    pixels = math.prod(preset.image_shape)
    flat = keras.layers.Dense(pixels, name="decoder_output", dtype=dtype)(features)
    return keras.layers.Reshape(preset.image_shape, name="image_shape", dtype=dtype)(flat)
