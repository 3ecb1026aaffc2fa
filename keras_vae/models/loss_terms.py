"""The terms of the loss: the base class, and the term of a function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Self

import keras
import tensorflow as tf

from ..ops.registration import package
from .protocols import ForwardPass


class LossTerm(keras.layers.Layer):
    """A term of the loss: `weight` × `value`, one value for each image.

    A subclass is named after what it is, since it is logged under that name, and says what its
    `value` is. One with a linear head on z_mean names it `head`, and says in `head_targets` what it
    predicts. One that trains an opponent lists the opponent's variables in `adversary_variables`
    and takes the opponent's step in `train_adversary`.

    Args:
        weight: Factor of the value.

    Raises:
        ValueError: If the weight is not finite.

    Example:
        >>> class Brightness(LossTerm):
        ...     def value(self, forward):  # one value for each image, [B]
        ...         difference = forward.x - forward.likelihood.mode()
        ...         return tf.square(tf.reduce_mean(difference, axis=[1, 2, 3]))
        >>> terms = [*elbo_terms(), Brightness(weight=10.0)]
        >>> vae = VAE.from_networks(encoder, decoder, terms=terms)
        >>> vae.terms[-1].logged
        ('brightness_loss',)
    """

    head: keras.layers.Dense | None = None

    def __init__(self, weight: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**{"name": type(self).__name__.lower(), **kwargs, "dtype": "float32"})
        if not math.isfinite(weight):
            raise ValueError(f"`weight` must be finite. Received: {weight}.")
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

    def head_targets(self, images: tf.Tensor) -> tf.Tensor:
        """Return what `head` has to predict of images in 0 … 255, [B, H, W, C]: [B, T]."""
        raise NotImplementedError

    def train_adversary(self, forward: ForwardPass) -> None:
        """Take a step of the opponent, after the model's own."""

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "weight": self.weight}

    @classmethod
    def from_configuration(cls, configuration: Any, **context: Any) -> Self:
        """Build the term of a `presets.Term`; the context is what others need."""
        return cls(configuration.weight)


@package
class FunctionTerm(LossTerm):
    """A function of the forward pass as a term, logged under the function's name.

    To save a model with the term, register the function:
    `@keras.saving.register_keras_serializable()`.

    Args:
        function: From a `ForwardPass` to one value for each image, [B].
        weight: Factor of the value.

    Example:
        >>> def total_variation(forward):
        ...     return tf.image.total_variation(forward.likelihood.mode())
        >>> terms = [*elbo_terms(), FunctionTerm(total_variation, weight=0.1)]
    """

    def __init__(
        self, function: Callable[[ForwardPass], tf.Tensor], weight: float = 1.0, **kwargs: Any
    ) -> None:
        name = getattr(function, "__name__", "function").strip("<>")  # "<lambda>"
        super().__init__(weight, **{"name": name, **kwargs})
        self.function = function

    def value(self, forward: ForwardPass) -> tf.Tensor:
        """Return the function's values, [B]."""
        return tf.cast(self.function(forward), tf.float32)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        function = keras.saving.serialize_keras_object(self.function)
        return {**super().get_config(), "function": function}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FunctionTerm:
        """Rebuild from `get_config`."""
        function = keras.saving.deserialize_keras_object(config["function"])
        return cls(**{**config, "function": function})


def as_term(term: LossTerm | Callable[[ForwardPass], tf.Tensor]) -> LossTerm:
    """Return a term of the loss as it is, and a function as a term of weight 1.

    Raises:
        TypeError: If it is neither.
    """
    if hasattr(term, "logged") and not isinstance(term, type):
        return term
    if isinstance(term, type) or not callable(term):
        raise TypeError(
            "`terms` must be terms of the loss, such as `elbo_terms()`, or functions of the "
            f"forward pass. Received: {term!r}."
        )
    return FunctionTerm(term)


def value_of(term: LossTerm, forward: ForwardPass) -> tf.Tensor:
    """Call a term.

    Returns:
        The weighted term, float32 [B].

    Raises:
        ValueError: If it does not return one value for each image.
    """
    value = tf.convert_to_tensor(term(forward))
    if value.shape.rank != 1:
        raise ValueError(
            f"The loss term {term.name!r} must return one value for each image, a tensor [B]. "
            f"Received: a tensor of shape {tuple(value.shape)}."
        )
    return tf.cast(value, tf.float32)
