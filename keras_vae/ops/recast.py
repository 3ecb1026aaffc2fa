"""Copies of a network with another precision."""

from __future__ import annotations

from typing import Any

import keras


def recast(
    network: keras.Model, dtype: Any, normalization: type[keras.layers.Layer] | None = None
) -> keras.Model:
    """Copy a network under a dtype policy: plain variables, uncompiled, however it was trained.

    Args:
        network: A functional model.
        dtype: Keras dtype policy of every layer of the copy, or a function from a layer to it.
        normalization: Class that replaces each batch normalization; None: unchanged.
    """

    def copy(layer: keras.layers.Layer) -> keras.layers.Layer:
        normalizes = isinstance(layer, keras.layers.BatchNormalization)
        kind = normalization if normalization and normalizes else type(layer)
        policy = dtype(layer) if callable(dtype) else dtype
        return kind.from_config({**layer.get_config(), "dtype": policy})

    inputs = network.inputs[0] if len(network.inputs) == 1 else network.inputs
    plain = keras.Model(inputs, network.outputs, name=network.name)
    clone = keras.models.clone_model(plain, clone_function=copy)
    clone.set_weights(plain.get_weights())
    return clone
