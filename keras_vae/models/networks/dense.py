"""Fully connected encoders and decoders."""

from __future__ import annotations

import math
from typing import Any

import keras

from .builder import NetworkBuilder


class Dense(NetworkBuilder):
    """Builds `presets.DenseNetwork`."""

    def down(self, image: Any) -> tuple[Any, Any]:
        """Flatten the image, then the hidden layers and the heads."""
        features = keras.layers.Flatten(name="flatten", dtype=self.dtype)(image)
        for number, width in enumerate(self.network.hidden, start=1):
            features = self._hidden(keras.layers.Dense, width, f"encoder_dense_{number}")(features)
        return self.heads(features)

    def up(self, z: Any) -> Any:
        """The hidden layers reversed, then one output for each pixel."""
        features = z
        for number, width in enumerate(reversed(self.network.hidden), start=1):
            kind = spread_dense if self.network.spread and number == 1 else keras.layers.Dense
            features = self._hidden(kind, width, f"decoder_dense_{number}")(features)
        shape = self.preset.image_shape
        flat = self.dense(math.prod(shape), "decoder_output")(features)
        return keras.layers.Reshape(shape, name="image_shape", dtype=self.dtype)(flat)

    def _hidden(self, kind: Any, width: int, name: str) -> keras.layers.Dense:
        return kind(width, activation=self.network.activation, name=name, dtype=self.dtype)


def spread_dense(units: int, **kwargs: Any) -> keras.layers.Dense:
    """Dense layer on a latent, initialized with its units' hinges spread over the prior.

    With Keras's initialization (small weights, biases of zero) the hinges of all units pass through
    the origin: in few dimensions the decoder begins as a cone and spends its epochs on leaving it.
    Measured in docs/decisions/0004.
    """
    return keras.layers.Dense(
        units,
        kernel_initializer=keras.initializers.VarianceScaling(3.0, "fan_in", "untruncated_normal"),
        bias_initializer=keras.initializers.RandomUniform(-2.0, 2.0),
        **kwargs,
    )
