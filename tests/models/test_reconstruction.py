import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from scipy.special import expit

from keras_vae.models import reconstruction

rng = np.random.default_rng(0)
IMAGE = rng.random((3, 4, 5, 2), dtype=np.float32)
MEAN = rng.uniform(0.05, 0.95, IMAGE.shape).astype("float32")


def pixel_sum(values):
    return values.sum(axis=(1, 2, 3))


def test_bernoulli_is_scipys_for_binary_pixels():
    bits, logits = (IMAGE > 0.5).astype("float32"), 4 * MEAN - 2
    expected = -pixel_sum(stats.bernoulli.logpmf(bits.astype(int), expit(logits)))
    np.testing.assert_allclose(reconstruction.bernoulli_nll(bits, logits), expected, rtol=1e-5)


def test_bernoulli_stays_finite_where_probabilities_round_to_one():
    loss = reconstruction.bernoulli_nll(tf.zeros((1, 1, 1, 1)), tf.fill((1, 1, 1, 1), 200.0))
    np.testing.assert_allclose(loss, [200.0])


@pytest.mark.parametrize("variance", [0.05, 1.0, 3.0])
def test_gaussian_is_scipys(variance):
    expected = -pixel_sum(stats.norm.logpdf(IMAGE, MEAN, np.sqrt(variance)))
    received = reconstruction.gaussian_nll(IMAGE, MEAN, variance)
    np.testing.assert_allclose(received, expected, rtol=1e-4)


@pytest.mark.parametrize("log_scale", [-4.0, -2.0, 0.0])
def test_discretized_logistic_is_a_distribution_over_gray_levels(log_scale):
    levels = (np.arange(256, dtype="float32") / 255).reshape(-1, 1, 1, 1)
    nll = reconstruction.discretized_logistic_nll(levels, np.full_like(levels, 0.3), log_scale)
    np.testing.assert_allclose(np.exp(-nll).sum(), 1.0, rtol=1e-4)


def test_discretized_logistic_is_scipys_in_the_middle():
    levels = np.array([60, 128, 190], "float32").reshape(-1, 1, 1, 1) / 255
    scale, half = np.exp(-3.0), 0.5 / 255
    upper = stats.logistic.cdf(levels + half, 0.4, scale)
    lower = stats.logistic.cdf(levels - half, 0.4, scale)
    received = reconstruction.discretized_logistic_nll(levels, np.full_like(levels, 0.4), -3.0)
    np.testing.assert_allclose(received, -np.log(upper - lower).ravel(), rtol=1e-3)
