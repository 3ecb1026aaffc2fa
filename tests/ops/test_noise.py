import keras
import numpy as np
import pytest

from keras_vae.ops.noise import FixedNoise


def layer_of(maps=2, seed=0):
    layer = FixedNoise(maps, seed)
    layer.build((None, 5, 4, 3))
    return layer


def test_at_first_it_changes_nothing():
    features = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(layer_of()(features), features)


def test_each_channel_gets_its_shares_of_the_noise():
    layer, features = layer_of(), np.zeros((2, 5, 4, 3), np.float32)
    shares = np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 0.5]], np.float32)
    layer.shares.assign(shares)
    expected = layer.noise.numpy() @ shares
    for image in np.asarray(layer(features)):
        np.testing.assert_allclose(image, expected, rtol=1e-6)


def test_the_noise_is_that_of_its_seed_and_is_not_trained():
    noise = [layer_of(seed=seed).noise.numpy() for seed in (0, 0, 1)]
    np.testing.assert_array_equal(noise[0], noise[1])
    assert np.abs(noise[0] - noise[2]).max() > 0.1
    assert noise[0].std() == pytest.approx(1.0, abs=0.3)
    assert [weight.name for weight in layer_of().trainable_weights] == ["shares"]


def test_it_is_saved_with_its_noise(tmp_path):
    image = keras.Input((5, 4, 3))
    model = keras.Model(image, layer_of(maps=3, seed=7)(image))
    model.layers[1].shares.assign(np.ones((3, 3)))
    model.save(tmp_path / "noise.keras")
    zeros = np.zeros((1, 5, 4, 3), np.float32)
    again = keras.models.load_model(tmp_path / "noise.keras")
    np.testing.assert_array_equal(again(zeros), model(zeros))
