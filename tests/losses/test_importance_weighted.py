import numpy as np
import pytest
import tensorflow as tf

from keras_vae.losses import ImportanceWeighted
from keras_vae.losses.importance_weighted import importance_weighted_bound
from keras_vae.models.vae import VAE
from keras_vae.presets import Linear, get_preset

SMALL = get_preset("digits").override(hidden=(16,), latent_dim=2)


def test_the_bound_is_the_elbo_at_one_sample_and_tightens_with_more():
    log_weights = np.random.default_rng(0).normal(scale=2.0, size=(64, 4000)).astype("float32")
    bounds = [float(np.mean(importance_weighted_bound(log_weights[:k]))) for k in (1, 4, 64)]
    np.testing.assert_allclose(bounds[0], -log_weights[0].mean(), atol=1e-5)
    assert bounds[0] > bounds[1] > bounds[2]
    # E[w] = exp(σ²/2): the bound approaches −2 from above.
    assert -2.0 < bounds[2] < -1.7


@pytest.mark.parametrize(("step", "weight"), [(None, 1.0), (0, 0.0), (25, 0.25)])
def test_the_annealing_weighs_each_samples_log_ratio(digits, step, weight):
    vae = VAE.from_preset(SMALL.override(importance_samples=6), seed=0)
    step = None if step is None else tf.constant(step)
    forward = vae.forward(digits.images[:5], training=step is not None, step=step)
    term = ImportanceWeighted(6, Linear(100), weight=2.0)
    log_likelihood = np.reshape(forward.likelihood.log_prob(forward.x), (6, 5))
    log_ratio = np.reshape(
        forward.posterior.log_prob(forward.z) - forward.prior.log_prob(forward.z), (6, 5)
    )
    log_weights = log_likelihood - weight * log_ratio
    expected = np.log(6) - np.logaddexp.reduce(log_weights, axis=0)
    np.testing.assert_allclose(term(forward), 2.0 * expected, rtol=1e-4)
    np.testing.assert_allclose(forward.logs["kl_loss"], log_ratio.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(
        forward.logs["reconstruction_loss"], -log_likelihood.mean(axis=0), rtol=1e-5
    )
