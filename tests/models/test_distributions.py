import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_vae.models.distributions import Delta, DiagonalGaussian, StandardNormal, log_normal
from keras_vae.models.sampling import Sampling

ROWS = 200_000


def gaussian(mean, log_var, rows=1, seed=0):
    """One Gaussian, repeated over the rows of a batch."""
    mean, log_var = (np.tile(np.float32([each]), (rows, 1)) for each in (mean, log_var))
    return DiagonalGaussian(tf.constant(mean), tf.constant(log_var), Sampling(seed))


def prior(rows=1, latent_dim=2):
    return StandardNormal(rows, latent_dim, Sampling(1))


def random_gaussian(rows=100, latent_dim=5, seed=0):
    mean, log_var = np.random.default_rng(seed).normal(size=(2, rows, latent_dim))
    return DiagonalGaussian(
        tf.constant(mean, tf.float32), tf.constant(log_var, tf.float32), Sampling(seed)
    )


@pytest.mark.parametrize(
    "other",
    [prior(ROWS), gaussian([-0.3, 0.4], [0.8, -1.5], ROWS)],
    ids=["standard normal", "another Gaussian"],
)
def test_kl_equals_its_monte_carlo_estimate(other):
    posterior = gaussian([0.5, -1.0], [-1.0, 0.3], ROWS)
    z = posterior.sample()
    estimate = np.asarray(posterior.log_prob(z) - other.log_prob(z))
    error = 4 * np.std(estimate) / np.sqrt(len(estimate))
    np.testing.assert_allclose(np.mean(estimate), posterior.kl(other)[0], atol=error)


def test_kl_is_zero_between_equals_and_positive_elsewhere():
    one, other = random_gaussian(), random_gaussian(seed=1)
    np.testing.assert_allclose(one.kl(one), 0.0, atol=1e-5)
    np.testing.assert_allclose(gaussian([0, 0], [0, 0]).kl(prior()), 0.0)
    assert np.all(np.asarray(one.kl(prior(100, 5))) > 0)
    assert np.all(np.asarray(one.kl(other)) > 0)


def test_kl_from_n_0_i_is_that_from_a_gaussian_of_these_parameters():
    posterior = random_gaussian()
    normal = DiagonalGaussian(tf.zeros((100, 5)), tf.zeros((100, 5)), Sampling(0))
    np.testing.assert_allclose(posterior.kl(normal), posterior.kl(prior(100, 5)), rtol=1e-5)


def test_kl_is_the_sum_of_that_of_each_dimension():
    posterior = random_gaussian()
    each = np.asarray(posterior.kl_per_dimension(prior(100, 5)))
    assert each.shape == (100, 5)
    np.testing.assert_allclose(posterior.kl(prior(100, 5)), each.sum(axis=-1), rtol=1e-5)


def test_where_there_is_no_closed_form_there_is_no_kl():
    assert random_gaussian().kl(object()) is None
    assert random_gaussian().kl_per_dimension(object()) is None


def test_log_probability_is_scipys():
    z, mean, log_var = np.random.default_rng(0).normal(size=(3, 6, 4)).astype("float32")
    expected = stats.norm.logpdf(z, mean, np.exp(log_var / 2)).sum(axis=-1)
    np.testing.assert_allclose(log_normal(z, mean, log_var), expected, rtol=1e-4)
    posterior = DiagonalGaussian(mean, log_var, Sampling(0))
    np.testing.assert_allclose(posterior.log_prob(z), expected, rtol=1e-4)
    expected = stats.norm.logpdf(z).sum(axis=-1)
    np.testing.assert_allclose(prior(6, 4).log_prob(z), expected, rtol=1e-4)


def test_samples_follow_the_parameters_and_pass_gradients_on():
    mean, log_var = tf.Variable([[1.0, -2.0]]), tf.Variable([[0.0, 1.0]])
    with tf.GradientTape() as tape:
        wide = [tf.tile(each, [20_000, 1]) for each in (mean, log_var)]
        z = DiagonalGaussian(*wide, Sampling(0)).sample()
        loss = tf.reduce_mean(tf.reduce_sum(tf.square(z), axis=-1))
    # E[z²] = μ² + σ²: its gradients are 2μ and σ².
    to_mean, to_log_var = tape.gradient(loss, [mean, log_var])
    np.testing.assert_allclose(to_mean, [[2.0, -4.0]], atol=0.1)
    np.testing.assert_allclose(to_log_var, [[1.0, np.e]], atol=0.3)
    np.testing.assert_allclose(np.std(z, axis=0), [1.0, np.exp(0.5)], rtol=0.02)


def test_the_prior_samples_as_many_as_it_is_for():
    z = prior(20_000, 3).sample()
    assert z.shape == (20_000, 3)
    np.testing.assert_allclose(np.cov(np.asarray(z).T), np.eye(3), atol=0.04)
    np.testing.assert_array_equal(prior(4, 3).mode(), np.zeros((4, 3)))


def test_all_of_a_delta_is_at_its_mean():
    z = tf.constant([[1.0, -2.0], [0.5, 3.0]])
    delta = Delta(z, tf.zeros((2, 2)))
    for value in (delta.sample(), delta.mode()):
        np.testing.assert_array_equal(value, z)
    np.testing.assert_array_equal(delta.kl(prior(2)), [0.0, 0.0])
    assert delta.kl_per_dimension(prior(2)).shape == (2, 0)
