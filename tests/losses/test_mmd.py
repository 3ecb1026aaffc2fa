import numpy as np
import pytest
import tensorflow as tf

from keras_vae.losses.mmd import aggregate_mmd


def test_it_is_the_distance_of_the_first_and_second_moments():
    """Unbiased: the mean over many batches of 8 meets 2‖m‖² + ‖M − I‖² of what they come from."""
    rng = np.random.default_rng(0)
    mean, root = np.array([0.5, -1.0, 0.0]), np.diag([1.5, 1.0, 0.3])
    root[1, 0] = 0.7
    z = mean + rng.standard_normal((4000, 8, 3)) @ root.T
    second = root @ root.T + np.outer(mean, mean)
    expected = 2 * (mean**2).sum() + ((second - np.eye(3)) ** 2).sum()
    batches = np.mean(tf.vectorized_map(aggregate_mmd, tf.constant(z, tf.float32)), axis=-1)
    error = np.std(batches) / np.sqrt(len(batches))
    assert np.mean(batches) == pytest.approx(expected, abs=4 * error)


def test_the_gradient_is_that_of_both_of_a_pair():
    z = tf.Variable(np.random.default_rng(0).standard_normal((6, 3)).astype("float32"))

    def by_hand(z):
        kernel = tf.square(1.0 + tf.matmul(z, z, transpose_b=True))
        pairs = (tf.reduce_sum(kernel) - tf.linalg.trace(kernel)) / (6 * 5)
        with_prior = 1.0 + tf.reduce_mean(tf.reduce_sum(tf.square(z), axis=-1))
        return pairs - 2.0 * with_prior + 1.0 + 3.0

    with tf.GradientTape(persistent=True) as tape:
        expected, received = by_hand(z), tf.reduce_mean(aggregate_mmd(z))
    np.testing.assert_allclose(received, expected, rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(received, z), tape.gradient(expected, z), rtol=1e-4)


def test_samples_of_the_prior_have_none():
    z = np.random.default_rng(0).standard_normal((5000, 4)).astype(np.float32)
    assert abs(np.mean(aggregate_mmd(z))) < 0.05


@pytest.mark.parametrize("scale", [0.0, 1.0, 10.0])
def test_one_sample_has_no_pair_and_no_gradient(scale):
    z = tf.Variable(np.full((1, 2), scale, np.float32))
    with tf.GradientTape() as tape:
        value = aggregate_mmd(z)
    assert value.numpy().tolist() == [0.0]
    assert tape.gradient(value, z).numpy().tolist() == [[0.0, 0.0]]
