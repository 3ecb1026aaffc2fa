"""The moving average of the weights: what is validated, saved as best and exported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from ..ops.adam import FusedAdam


@contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Give a model the moving average of its weights for a while; then the same weights as before.

    Keras's `SwapEMAWeights` adds and subtracts the two, which rounds the weights; here they are
    copied, so that a run trains the same whether or not it was looked at. Without a moving average
    nothing changes.

    Args:
        model: The model; the average is that of its optimizer.
    """
    optimizer = getattr(model, "optimizer", None)
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    pairs = optimizer.averages() if isinstance(optimizer, FusedAdam) else []
    weights = [keras.ops.convert_to_numpy(weight) for weight, _ in pairs]
    for weight, average in pairs:
        weight.assign(keras.ops.convert_to_numpy(average))
    try:
        yield
    finally:
        for (weight, _), value in zip(pairs, weights, strict=True):
            weight.assign(value)
