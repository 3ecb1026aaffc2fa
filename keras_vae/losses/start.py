"""The step of the training at which a loss term starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def once_started(
    step: tf.Tensor | None, start: int, compute: Callable[[], Any], before: Callable[[], Any]
) -> Any:
    """Compute something, but something else before a step: what waits costs no time.

    Args:
        step: Optimizer steps so far; None outside of training, where everything has started.
        start: The first step that computes it.
        compute: What is computed.
        before: What is until then; of the same structure, shapes and types.
    """
    if step is None or not start:
        return compute()
    return tf.cond(tf.convert_to_tensor(step) >= start, compute, before)
