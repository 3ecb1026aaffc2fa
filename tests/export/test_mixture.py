import numpy as np
import pytest

from keras_vae.export.mixture import Mixture
from keras_vae.latent_space.priors import GaussianMixturePrior


@pytest.fixture(scope="module")
def prior():
    rng = np.random.default_rng(0)
    scales = np.tril(rng.normal(size=(3, 4, 4))) + 3 * np.eye(4)
    parts = np.array([0.2, 0.5, 0.3]), rng.normal(scale=9.0, size=(3, 4)), scales
    return GaussianMixturePrior(*(part.astype(np.float32) for part in parts))


def test_the_density_is_that_of_the_arrays(prior):
    z = np.random.default_rng(1).normal(scale=6.0, size=(50, 4)).astype(np.float32)
    np.testing.assert_allclose(Mixture(prior).log_prob(z), prior.log_prob(z), rtol=1e-4)


def test_a_draw_is_its_components_mean_and_a_turned_deviation(prior):
    uniform = np.array([0.0, 0.19, 0.21, 0.69, 0.71, 0.999], np.float32)
    component = [0, 0, 1, 1, 2, 2]
    epsilon = np.random.default_rng(2).normal(size=(6, 4)).astype(np.float32)
    z = Mixture(prior).draw(uniform, epsilon, np.full(6, 0.5, np.float32))
    moves = np.einsum("bij,bj->bi", prior.scale_tril[component], epsilon)
    np.testing.assert_allclose(z, prior.means[component] + 0.5 * moves, rtol=1e-5, atol=1e-5)
