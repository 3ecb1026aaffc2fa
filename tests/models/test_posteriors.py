import keras
import numpy as np
import pytest

from keras_vae import presets
from keras_vae.models.distributions import Delta, DiagonalGaussian
from keras_vae.models.networks import build_encoder

KINDS = presets.Posterior.kinds
SCALES = ("log_variance", "log_sigma", "softplus")
SMALL = presets.get_preset("digits").override(hidden=(16,), latent_dim=3)


def built(kind, scale="log_variance", seed=4):
    preset = SMALL.override(posterior_scale=scale)
    return KINDS[kind](scale).build(build_encoder(preset), seed)


@pytest.fixture
def x(digits):
    return digits.images[:5] / np.float32(255)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_posterior_keeps_the_promises(kind, scale, x):
    posterior = built(kind, scale)
    spec = posterior.latent_spec
    assert (tuple(spec.shape), spec.dtype, spec.name) == ((None, 3), "float32", "z")
    assert posterior.condition_spec is None
    assert posterior.stochastic == KINDS[kind].stochastic
    distribution = posterior(x)
    z_mean, z_log_var = posterior.encoder(x)
    np.testing.assert_array_equal(distribution.mode(), z_mean)
    np.testing.assert_array_equal(distribution.mean, z_mean)
    np.testing.assert_array_equal(distribution.log_var, z_log_var)
    for z in (distribution.sample(), distribution.mode()):
        assert (z.shape, z.dtype) == ((5, 3), "float32")


def test_a_gaussian_is_sampled_and_a_plain_autoencoder_is_not(x):
    gaussian, delta = (built(kind)(x) for kind in ("gaussian", "deterministic"))
    assert isinstance(gaussian, DiagonalGaussian)
    assert isinstance(delta, Delta)
    assert np.ptp(np.stack([gaussian.sample() for _ in range(3)]), axis=0).min() > 0
    np.testing.assert_array_equal(delta.sample(), delta.mode())


def test_the_seed_is_that_of_the_noise(x):
    one = built("gaussian", seed=4)
    weights = one.encoder.get_weights()
    samples = []
    for seed in (4, 5):
        other = built("gaussian", seed=seed)
        other.encoder.set_weights(weights)
        samples.append(np.asarray(other(x).sample()))
    first = np.asarray(one(x).sample())
    np.testing.assert_array_equal(samples[0], first)
    assert not np.array_equal(samples[1], first)


@pytest.mark.parametrize("kind", KINDS)
def test_config_round_trip(kind, x):
    posterior = built(kind, "softplus", seed=9)
    again = type(posterior).from_config(posterior.get_config())
    assert again.get_config() == posterior.get_config()
    assert again.seed == 9
    again.encoder.set_weights(posterior.encoder.get_weights())
    np.testing.assert_array_equal(again(x).log_var, posterior(x).log_var)


def test_an_encoder_with_a_second_input_is_conditional(x):
    image, label = keras.Input((8, 8, 1)), keras.Input((10,), name="label")
    features = keras.layers.Concatenate()([keras.layers.Flatten()(image), label])
    heads = [keras.layers.Dense(2)(features) for _ in range(2)]
    posterior = presets.GaussianPosterior().build(keras.Model([image, label], heads), 0)
    assert tuple(posterior.condition_spec.shape) == (None, 10)
    one, other = (np.tile(np.eye(10, dtype=np.float32)[row], (5, 1)) for row in (3, 4))
    assert not np.allclose(posterior(x, one).mean, posterior(x, other).mean)
    with pytest.raises(ValueError, match=r"`y` must be given: .* is conditional"):
        posterior(x)
