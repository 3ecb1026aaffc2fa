"""Matrix products: the largest number of operations per second on this machine."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from .task import Task

SIDE = 2048
OPERATIONS = 2 * SIDE**3  # of one product


def prepare(task: Task, variant: str) -> Callable[[], int]:
    """Multiply two matrices; a chunk is one product, and its operations are counted."""
    a, b = (tf.cast(tf.random.normal((SIDE, SIDE)), variant) for _ in range(2))

    def multiply() -> int:
        tf.linalg.matmul(a, b).numpy()
        return OPERATIONS

    return multiply
