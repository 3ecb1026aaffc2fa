"""Weights in float16, for a network that computes in float32: half of the memory of a file."""

from __future__ import annotations

import keras
import numpy as np

# Layers of Keras's own, which read their weights in the dtype that they compute in.
LARGE = (keras.layers.Dense, keras.layers.Conv2D, keras.layers.Conv2DTranspose)


class HalfVariables(keras.DTypePolicy):
    """The dtype policy float32, except that variables are float16; they are cast where read."""

    def __init__(self) -> None:
        super().__init__("float32")

    @property
    def variable_dtype(self) -> str:
        """The type of variables."""
        return "float16"


def smallest_policy(layer: keras.layers.Layer) -> keras.DTypePolicy | str:
    """The policy of a copy that computes in float32 and loses none of the layer's weights.

    Args:
        layer: A built layer.
    """
    if isinstance(layer, LARGE) and all(map(_fits, layer.get_weights())):
        return HalfVariables()
    return "float32"


def round_weights(network: keras.Model) -> None:
    """Round the weights that `smallest_policy` is about to numbers that float16 has.

    The largest relative error is 2⁻¹¹ (IEEE 754); a number beyond float16 stays what it is.

    Args:
        network: A functional model, which is changed.
    """
    for layer in network.layers:
        if isinstance(layer, LARGE):
            layer.set_weights([_rounded(weight) for weight in layer.get_weights()])


def _fits(weight: np.ndarray) -> bool:
    return np.array_equal(_halves(weight), weight)


def _rounded(weight: np.ndarray) -> np.ndarray:
    halves = _halves(weight)
    return np.where(np.isfinite(halves), halves, weight)


def _halves(weight: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return weight.astype(np.float16)
