from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.models.networks.builder import LogVariance
from keras_vae.models.vae import VAE
from keras_vae.presets import get_preset
from keras_vae.presets.latents import POSTERIOR_SCALES
from tests.conftest import scatter_weights


@pytest.mark.parametrize(
    ("scale", "variance"),
    [
        ("log_variance", lambda h: np.exp(h)),
        ("log_sigma", lambda h: np.exp(h) ** 2),
        ("softplus", lambda h: np.log1p(np.exp(h)) + 1e-8),
    ],
)
def test_log_variance_follows_from_each_scale(scale, variance):
    head = np.linspace(-4, 4, 9, dtype="float32")
    np.testing.assert_allclose(LogVariance(scale)(head), np.log(variance(head)), rtol=1e-4)


@pytest.mark.parametrize("scale", POSTERIOR_SCALES)
def test_the_inverse_gives_the_heads_output(scale):
    head, layer = np.linspace(-4, 4, 9, dtype="float32"), LogVariance(scale)
    np.testing.assert_allclose(layer.inverse(layer(head)), head, atol=1e-4)


def test_log_variance_refuses_an_unknown_scale():
    with pytest.raises(ValueError, match=r"`scale` must be one of log_variance, .*'sigma'\."):
        LogVariance("sigma")


def test_config_round_trip():
    config = LogVariance("softplus").get_config()
    assert LogVariance.from_config(config).get_config() == config


def test_multiply_adds_are_counted_by_hand():
    mnist = get_preset("mnist")  # 784 → 512 → two heads of 20; 20 → 512 → 784
    assert mnist.network.build(mnist).multiply_adds() == 2 * 784 * 512 + 3 * 512 * 20
    celeba = get_preset("celeba")  # 16², 8², 4², 2² and back; a transposed one visits its inputs
    sides = [16, 8, 4, 2]
    down = 9 * 128 * (3 * 16**2 + 128 * sum(side**2 for side in sides[1:]))
    up = 9 * 128 * (128 * sum(side**2 for side in sides) + 3 * 32**2)
    dense = 3 * 200 * 2 * 2 * 128
    assert celeba.network.build(celeba).multiply_adds() == down + up + dense


def test_the_label_is_a_second_input_of_both_networks_of_a_conditional_model(digits):
    preset = replace(get_preset("digits").override(hidden=(16,)), classes=10)
    vae = scatter_weights(VAE.from_preset(preset, seed=0), seed=0)
    assert vae.condition_spec == tf.TensorSpec((None,), tf.int64, "condition")
    image, z = digits.images[:1].repeat(2, axis=0), np.zeros((2, preset.latent_dim))
    first, second = vae.encode(image, np.array([3, 4])).mean.numpy()
    assert np.abs(first - second).max() > 0.1
    first, second = vae.decode(z, np.array([3, 4]))
    assert (first != second).any()
