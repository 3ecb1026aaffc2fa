"""Reductions over the replicas of a distribution strategy."""

from __future__ import annotations

import tensorflow as tf


def replica_count() -> int:
    """Number of replicas that share a batch."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def cross_replica_batch(values: tf.Tensor) -> tf.Tensor:
    """The values [B, …] of all replicas of a distribution strategy, without gradient."""
    context = tf.distribute.get_replica_context()
    values = tf.stop_gradient(values)
    if context is None or context.num_replicas_in_sync == 1:
        return values
    return context.all_gather(values, axis=0)


def cross_replica_mean(values: tf.Tensor) -> tf.Tensor:
    """Mean of the values [B, …] of all replicas over their first axis, [...], without gradient.

    Every value counts alike, however many of them a replica has: of a last batch it may be none.
    """
    context = tf.distribute.get_replica_context()
    values = tf.stop_gradient(values)
    if context is None or context.num_replicas_in_sync == 1:
        return tf.reduce_mean(values, axis=0)
    count = tf.cast(tf.shape(values)[0], values.dtype)
    total, count = context.all_reduce("SUM", [tf.reduce_sum(values, axis=0), count])
    return total / count
