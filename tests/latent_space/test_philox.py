import numpy as np
import pytest
import tensorflow as tf

from keras_vae.latent_space import philox

PHILOX = tf.random.Algorithm.PHILOX.value
SEEDS = [0, 1, 7, -1, -5, 2**31, 2**32 - 1, 2**32, -(2**32), 2**40, 2**63 - 1, -(2**63)]


def rows(sample, shape, stream):
    """What TensorFlow samples from each seed."""
    result = []
    for seed in SEEDS:
        pair = tf.constant([seed, stream], tf.int64)
        key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=pair)
        result.append(sample(shape=shape, key=key, counter=counter, alg=PHILOX).numpy())
    return np.stack(result)


@pytest.mark.parametrize("stream", [0, 1, 2])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 200])
def test_normal_numbers_are_tensorflows(count, stream):
    expected = rows(tf.raw_ops.StatelessRandomNormalV2, [count], stream)
    sampled = philox.normal(SEEDS, count, stream)
    assert sampled.dtype == np.float32
    np.testing.assert_allclose(sampled, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("stream", [0, 1, 2])
def test_uniform_numbers_are_tensorflows_bit_for_bit(stream):
    expected = rows(tf.raw_ops.StatelessRandomUniformV2, [], stream)
    np.testing.assert_array_equal(philox.uniform(SEEDS, stream), expected)


def test_many_seeds_are_standard_normal():
    z = philox.normal(range(1000), 200)
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1) < 0.01
    assert np.abs(np.corrcoef(z[:20]) - np.eye(20)).max() < 0.4


def test_no_seed_gives_no_row():
    assert philox.normal([], 5).shape == (0, 5)
    assert philox.uniform([]).shape == (0,)


def test_a_seed_of_more_than_64_bits_is_refused():
    with pytest.raises(OverflowError):
        philox.normal([2**63], 4)
