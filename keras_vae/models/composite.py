"""Layers that are made of other layers: configuration, and networks that take a condition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import keras
import tensorflow as tf

from ..ops.halves import smallest_policy
from ..ops.recast import recast


class Composite:
    """Mixin of a Keras layer or model with arguments that are Keras objects, or lists of them.

    Attributes:
        PARTS: Names of these arguments, each also an attribute.

    Example:
        >>> class Halved(Composite, keras.layers.Layer):
        ...     PARTS = ("network",)
        ...
        ...     def __init__(self, network, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.network = network
        ...
        ...     def call(self, x):
        ...         return self.network(x) / 2
        >>> sorted(Halved(vae.encoder).get_config())
        ['dtype', 'name', 'network', 'trainable']
    """

    PARTS: tuple[str, ...] = ()

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, parts included."""
        parts = {name: getattr(self, name) for name in self.PARTS}
        return {**super().get_config(), **keras.saving.serialize_keras_object(parts)}

    def get_build_config(self) -> dict[str, Any] | None:
        """Nothing: parts bring their weights, and `__init__` makes the others."""
        return None

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Rebuild from `get_config`."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in cls.PARTS
            if name in config
        }
        return cls(**{**config, **parts})


def in_float32(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Copy a layer, its networks computing in float32 with plain variables, however trained.

    Weights that float16 has are kept in it: see `ops.halves`.

    A layer that is not a `Composite` of functional models is returned as it is.
    """
    parts = {name: getattr(layer, name) for name in getattr(layer, "PARTS", ())}
    if not parts or not all(map(is_functional, parts.values())):
        return layer
    networks = {name: recast(part, smallest_policy) for name, part in parts.items()}
    copy = type(layer)(**{**layer.get_config(), **networks})
    for weight, original in zip(copy.weights, layer.weights, strict=True):
        weight.assign(keras.ops.convert_to_numpy(original))
    return copy


def is_functional(network: Any) -> bool:
    """Whether a network is a functional or sequential model, whose layers can be looked at."""
    return isinstance(network, keras.Model) and bool(getattr(network, "inputs", None))


def layers_of(network: Any) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a network, and those of networks within it."""
    parts = [getattr(network, name) for name in getattr(network, "PARTS", ())]
    for layer in getattr(network, "layers", parts):
        yield layer
        yield from layers_of(layer)


def output_shape_of(network: Any) -> tuple[int | None, ...]:
    """Shape of what a decoder returns: of a subclassed model, for the z that it was called with.

    Raises:
        ValueError: If a subclassed model has not been called yet, or has several inputs.
    """
    if hasattr(network, "output_shape"):
        return network.output_shape
    shape = (network.get_build_config() or {}).get("input_shape")
    if shape is None or not all(side is None or isinstance(side, int) for side in shape):
        raise ValueError(
            "`decoder` must be a functional model, or one of z alone that has been called once, so "
            f"that the shape of its output is known. Received: {network.name!r}."
        )
    return tuple(network.compute_output_spec(keras.KerasTensor(shape)).shape)


def apply_network(network: Any, value: Any, y: Any, training: bool) -> Any:
    """Apply a network to x or to a nest of latents, and to y if it has an input for it.

    Raises:
        ValueError: If the network needs a condition and `y` is None.
    """
    inputs = keras.tree.flatten(value)
    if condition_of(network, len(inputs)) is not None:
        if y is None:
            raise ValueError(f"`y` must be given: {network.name!r} is conditional. Received: None.")
        inputs.append(y)
    return network(inputs if len(inputs) > 1 else inputs[0], training=training)


def condition_of(network: Any, count: int) -> tf.TensorSpec | None:
    """What a network takes beside `count` inputs: the specification of y, or None."""
    inputs = getattr(network, "inputs", None) or ()
    if len(inputs) <= count:
        return None
    condition = inputs[count]
    return tf.TensorSpec(condition.shape, condition.dtype, "condition")
