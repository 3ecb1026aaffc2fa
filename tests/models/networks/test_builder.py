import numpy as np
import pytest

from keras_vae.models.networks.builder import POSTERIOR_SCALES, LogVariance


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
    with pytest.raises(ValueError, match=r"'log_variance', 'log_sigma'.*Received: 'sigma'"):
        LogVariance("sigma")


def test_config_round_trip():
    config = LogVariance("softplus").get_config()
    assert LogVariance.from_config(config).get_config() == config
