import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.models.networks.builder import LogVariance
from keras_vae.models.sampling import Sampling
from keras_vae.training.distribution import make_strategy


def standard_normal(sampling, rows=20_000, columns=4):
    return np.asarray(sampling((tf.zeros((rows, columns)), tf.zeros((rows, columns)))))


def test_sampling_has_the_moments_it_is_given():
    mean, log_var = tf.fill((50_000, 2), 3.0), tf.fill((50_000, 2), np.log(0.25).astype("float32"))
    z = np.asarray(Sampling(seed=1)((mean, log_var)))
    np.testing.assert_allclose(z.mean(axis=0), 3.0, atol=4 * 0.5 / np.sqrt(len(z)))
    np.testing.assert_allclose(z.std(axis=0), 0.5, rtol=0.02)


def test_sampling_repeats_with_its_seed_and_changes_from_call_to_call():
    one, two = Sampling(seed=5), Sampling(seed=5)
    first = standard_normal(one)
    np.testing.assert_array_equal(first, standard_normal(two))
    assert not np.array_equal(first, standard_normal(one))
    assert not np.array_equal(first, standard_normal(Sampling(seed=6)))


def test_each_replica_draws_its_own_noise():
    strategy = make_strategy("mirrored")
    with strategy.scope():
        sampling = Sampling(seed=0)
    draws = strategy.run(tf.function(lambda: sampling((tf.zeros((500, 2)), tf.zeros((500, 2))))))
    one, two = (np.asarray(draw).ravel() for draw in strategy.experimental_local_results(draws))
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.15


def test_sampling_goes_on_from_a_saved_state(tmp_path):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, Sampling(seed=3, name="draw")((inputs, inputs)))
    x = np.zeros((8, 4), "float32")
    model(x)
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), restored(x))


@pytest.mark.parametrize(
    ("scale", "variance"),
    [
        ("log_variance", lambda h: np.exp(h)),
        ("log_sigma", lambda h: np.exp(h) ** 2),
        ("softplus", lambda h: np.log1p(np.exp(h)) + 1e-8),
    ],
)
def test_log_variance_reads_each_parametrisation(scale, variance):
    head = np.linspace(-4, 4, 9, dtype="float32")
    np.testing.assert_allclose(LogVariance(scale)(head), np.log(variance(head)), rtol=1e-4)


def test_log_variance_refuses_an_unknown_scale():
    with pytest.raises(ValueError, match="Received: 'sigma'"):
        LogVariance("sigma")


@pytest.mark.parametrize("layer", [Sampling(seed=9), LogVariance("softplus")])
def test_config_round_trip_keeps_values_that_are_not_the_defaults(layer):
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
