"""The base of the loss's terms."""

from __future__ import annotations

from typing import Any, Self

import keras
import tensorflow as tf

from ..models.protocols import ForwardPass


class LossTerm(keras.layers.Layer):
    """A term of the loss: `weight` × `value`, one value for each image.

    A subclass is named after what it is, since it is logged under that name, and says what its
    `value` is. One that trains an opponent lists the opponent's variables in `adversary_variables`
    and takes the opponent's step in `train_adversary`.

    Args:
        weight: Factor of the value.
    """

    def __init__(self, weight: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**{"name": type(self).__name__.lower(), **kwargs, "dtype": "float32"})
        self.weight = weight
        self.built = True

    @property
    def logged(self) -> tuple[str, ...]:
        """Names of what is logged, without the weight."""
        return (f"{self.name}_loss",)

    @property
    def adversary_variables(self) -> list[keras.Variable]:
        """Variables that the loss does not train."""
        return []

    def value(self, forward: ForwardPass) -> tf.Tensor:
        """Return the term without its weight, [B]."""
        raise NotImplementedError

    def __call__(self, forward: ForwardPass) -> tf.Tensor:
        """Return the weighted term, [B], and log the value."""
        value = self.value(forward)
        forward.log(self.logged[0], value)
        return self.weight * value

    def train_adversary(self, forward: ForwardPass) -> None:
        """Take a step of the opponent, after the model's own."""

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "weight": self.weight}

    @classmethod
    def from_configuration(cls, configuration: Any, **context: Any) -> Self:
        """Build the term of a `presets.Term`; the context is what others need."""
        return cls(configuration.weight)
