import numpy as np
import pytest
import tensorflow as tf

from keras_vae import presets

KINDS = presets.Prior.kinds


@pytest.mark.parametrize("kind", KINDS)
def test_every_prior_keeps_the_promises(kind):
    prior = KINDS[kind]().build(3, 5)
    distribution = prior(tf.constant(7), None)
    z = distribution.sample()
    assert (z.shape, z.dtype) == ((7, 3), "float32")
    assert distribution.mode().shape == (7, 3)
    assert distribution.log_prob(z).shape == (7,)
    assert np.all(
        np.asarray(distribution.log_prob(distribution.mode())) >= distribution.log_prob(z)
    )
    again = type(prior).from_config(prior.get_config())
    assert again.get_config() == prior.get_config()
    np.testing.assert_array_equal(again(tf.constant(7)).sample(), z)  # with the same seed
    other = KINDS[kind]().build(3, 6)
    assert not np.array_equal(other(tf.constant(7)).sample(), z)


def test_the_standard_normal_has_the_moments_of_its_name():
    z = np.asarray(presets.StandardNormal().build(3, 0)(tf.constant(20_000)).sample())
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=4 / np.sqrt(20_000))
    np.testing.assert_allclose(np.cov(z.T), np.eye(3), atol=0.04)
