import numpy as np
import pytest
import tensorflow as tf

from keras_vae.ops.replicas import cross_replica_batch, cross_replica_mean, replica_count
from keras_vae.training.distribution import make_strategy

VALUES = np.random.default_rng(0).random((3, 2), dtype=np.float32)


def in_each_replica(function, counts):
    """Give each replica so many of the values, and return what each gets."""
    strategy = make_strategy("mirrored")

    @tf.function
    def run():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        count = tf.gather(tf.constant(counts), replica)
        start = tf.gather(tf.cumsum(counts, exclusive=True), replica)
        return function(tf.constant(VALUES)[start : start + count])

    return strategy.experimental_local_results(strategy.run(run))


@pytest.mark.parametrize("counts", [(2, 1), (3, 0)])
def test_the_mean_over_replicas_weighs_each_image_alike(counts):
    for received in in_each_replica(cross_replica_mean, counts):
        np.testing.assert_allclose(received, VALUES.mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize("counts", [(2, 1), (3, 0)])
def test_every_replica_gets_the_batch_of_all(counts):
    for received in in_each_replica(cross_replica_batch, counts):
        np.testing.assert_array_equal(received, VALUES)


@pytest.mark.parametrize("function", [cross_replica_mean, cross_replica_batch])
def test_without_a_strategy_it_is_that_of_the_batch_itself_and_without_gradient(function):
    values = tf.Variable(VALUES)
    with tf.GradientTape() as tape:
        received = function(values)
    expected = VALUES.mean(axis=0) if function is cross_replica_mean else VALUES
    np.testing.assert_allclose(received, expected, rtol=1e-6)
    assert tape.gradient(received, values) is None


def test_replicas_are_counted():
    assert replica_count() == 1
    with make_strategy("mirrored").scope():
        assert replica_count() == 2
