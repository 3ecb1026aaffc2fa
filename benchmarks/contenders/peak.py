"""The machine's matrix products: what a training could at most come to, in operations."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from .task import Task

SIDE = 2048
OPERATIONS = 2 * SIDE**3  # of one product


def prepare(task: Task, variant: str) -> Callable[[], int]:
    """Multiply two matrices; a chunk is one product, and what is counted are its operations."""
    a, b = (tf.cast(tf.random.normal((SIDE, SIDE)), variant) for _ in range(2))

    def multiply() -> int:
        tf.linalg.matmul(a, b).numpy()
        return OPERATIONS

    return multiply
