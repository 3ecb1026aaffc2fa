import numpy as np
import pytest
import tensorflow as tf

from keras_vae.export.mixture import Mixture
from keras_vae.latent_space.priors import GaussianMixturePrior
from keras_vae.models.sampling import seeded


@pytest.fixture(scope="module", params=[np.float16, np.float32])
def prior(request):
    rng = np.random.default_rng(0)
    scales = (np.tril(rng.normal(size=(3, 4, 4))) + 3 * np.eye(4)).astype(request.param)
    parts = np.array([0.2, 0.5, 0.3]), rng.normal(scale=9.0, size=(3, 4)), scales
    return GaussianMixturePrior(*(part.astype(np.float32) for part in parts))


def test_the_covariances_of_a_fit_take_half_of_the_bytes(prior):
    fitted = GaussianMixturePrior.fit(np.random.default_rng(1).normal(size=(200, 4)), 1)
    assert Mixture(fitted).scales.dtype == tf.float16
    assert Mixture(prior).scales.dtype == prior.stored_scale_tril.dtype


def test_the_density_is_that_of_the_arrays(prior):
    z = np.random.default_rng(1).normal(scale=6.0, size=(50, 4)).astype(np.float32)
    np.testing.assert_allclose(Mixture(prior).log_prob(z), prior.log_prob(z), rtol=1e-4)


def test_a_sample_is_its_components_mean_and_its_noise_by_the_covariances_root(prior, monkeypatch):
    uniform = np.array([0.0, 0.19, 0.21, 0.69, 0.71, 0.999], np.float32)
    component = [0, 0, 1, 1, 2, 2]
    epsilon = np.random.default_rng(2).normal(size=(6, 4)).astype(np.float32)
    mixture = Mixture(prior)
    monkeypatch.setattr(mixture.sampling, "normal", lambda *shape: epsilon)
    monkeypatch.setattr(mixture.sampling, "uniform", lambda *shape: uniform)
    moves = np.einsum("bij,bj->bi", prior.scale_tril[component], epsilon)
    expected = prior.means[component] + moves
    np.testing.assert_allclose(mixture.sample(6), expected, rtol=1e-5, atol=1e-5)


def test_the_temperature_scales_the_standard_deviation_within_a_component(prior):
    seed, mixture = tf.range(6, dtype=tf.int64), Mixture(prior)
    samples = []
    for temperature in (0.0, 0.5, 1.0):
        with seeded(seed, tf.fill(6, temperature)):
            samples.append(mixture.sample(6).numpy())
    mean, half, whole = samples
    assert all(row in prior.means for row in mean)
    np.testing.assert_allclose(half - mean, 0.5 * (whole - mean), rtol=1e-3, atol=1e-5)
