import keras
import numpy as np
import pytest

from keras_vae.ops.adam import FusedAdam
from keras_vae.training.distribution import make_strategy


def fitted(optimizer, digits, strategy="single", steps=20):
    """The weights of a classifier of parity after some steps, and its model."""
    keras.utils.set_random_seed(0)
    with make_strategy(strategy).scope():
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                keras.layers.Flatten(),
                keras.layers.Dense(5, "tanh"),
                keras.layers.Dense(1),
            ]
        )
        model.compile(optimizer(), "mse")
    images = digits.images[:40] / 255.0
    parity = digits.labels[:40, None] % 2
    model.fit(images, parity, batch_size=40, epochs=steps, shuffle=False, verbose=0)
    return model


def rate():
    return keras.optimizers.schedules.CosineDecay(0.01, 30)


def plain():
    return keras.optimizers.Adam(rate(), beta_1=0.8, beta_2=0.99, epsilon=1e-6)


def fused():
    return FusedAdam(rate(), beta_1=0.8, beta_2=0.99, epsilon=1e-6)


def assert_same_training(one, other):
    for wanted, received in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(received, wanted, atol=1e-5)
    for wanted, received in zip(one.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_allclose(received, wanted, atol=1e-5)


@pytest.mark.slow
def test_fused_adam_is_kerass(digits):
    assert_same_training(fitted(plain, digits), fitted(fused, digits))


@pytest.mark.slow
def test_fused_adam_is_kerass_over_replicas(digits):
    replicated = fitted(fused, digits, "mirrored", steps=5)
    assert_same_training(fitted(plain, digits, steps=5), replicated)


@pytest.mark.slow
def test_fused_adam_goes_on_from_a_saved_model(digits, tmp_path):
    whole, half = fitted(fused, digits, steps=4), fitted(fused, digits, steps=2)
    half.save(tmp_path / "half.keras")
    restored = keras.models.load_model(tmp_path / "half.keras")
    assert type(restored.optimizer) is FusedAdam
    images, parity = digits.images[:40] / 255.0, digits.labels[:40, None] % 2
    restored.fit(images, parity, batch_size=40, epochs=2, shuffle=False, verbose=0)
    assert_same_training(whole, restored)


def test_amsgrad_is_refused_rather_than_ignored():
    with pytest.raises(ValueError, match=r"`amsgrad` must be false.*Received: True"):
        FusedAdam(1e-3, amsgrad=True)
