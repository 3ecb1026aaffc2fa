import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.models.likelihoods import OptimalGaussian, build_likelihood
from keras_vae.presets import LIKELIHOODS, Objective, get_preset

OUTPUTS = ["sigmoid", "tanh"]


def built(name, output="sigmoid", **objective):
    likelihood = build_likelihood(Objective(name, **objective), output)
    likelihood.build((None, 32, 32, 3))
    return likelihood


@pytest.mark.parametrize("output", OUTPUTS)
def test_scaling_is_undone(photos, output):
    likelihood = built("squared_error", output)
    scaled = np.asarray(likelihood.scale(photos[:4]))
    assert scaled.min() >= likelihood.low
    assert scaled.max() <= likelihood.high
    np.testing.assert_allclose(likelihood.unscale(scaled), photos[:4], atol=1e-3)


@pytest.mark.parametrize("output", OUTPUTS)
def test_mean_squared_error_is_that_of_pixels_in_0_to_1_in_any_range(photos, output):
    likelihood = built("mean_squared_error", output)
    logits = tf.random.stateless_normal((4, 32, 32, 3), seed=[1, 2])
    pixels = np.asarray(likelihood.unscale(likelihood.mean(logits))) / 255
    expected = ((pixels - photos[:4] / 255) ** 2).mean(axis=(1, 2, 3))
    received = likelihood.mean_squared_error(likelihood.scale(photos[:4]), logits)
    np.testing.assert_allclose(received, expected, rtol=1e-4)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_cost_is_one_number_an_image_and_least_at_the_image_itself(photos, name):
    likelihood = built(name, variance=0.1, weight=7.0)
    image = tf.clip_by_value(likelihood.scale(photos[:6]), 0.02, 0.98)
    truth = tf.math.log(image / (1 - image))
    right, wrong = likelihood(image, truth), likelihood(image, truth + 1.0)
    assert right.shape == (6,)
    assert np.all(np.asarray(right) < np.asarray(wrong))


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_config_round_trip(name):
    likelihood = built(name, "sigmoid", variance=0.3, weight=9.0)
    config = likelihood.get_config()
    assert type(likelihood).from_config(config).get_config() == config


def test_zhao_and_foster_weigh_the_squared_error_as_they_say(photos):
    image, logits = tf.zeros((1, 32, 32, 3)), tf.zeros((1, 32, 32, 3))  # the mean is 1/2
    sse = 32 * 32 * 3 * 0.25
    zhao = built("squared_error", variance=0.05)(image, logits)
    foster = built("mean_squared_error", weight=2000.0)(image, logits)
    np.testing.assert_allclose(zhao, [sse / 0.1], rtol=1e-5)
    np.testing.assert_allclose(foster, [2000 * 0.25], rtol=1e-5)


def test_the_optimal_variance_gives_half_d_log_mse_and_its_gradient(photos):
    likelihood = built("optimal_gaussian")
    image = likelihood.scale(photos[:8])
    logits = tf.Variable(tf.random.stateless_normal(image.shape, seed=[3, 4]))
    pixels = float(np.prod(image.shape[1:]))
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(likelihood(image, logits, training=True))
        mse = tf.reduce_mean(tf.math.squared_difference(image, likelihood.mean(logits)))
        closed = 0.5 * pixels * (tf.math.log(2 * np.pi * mse) + 1.0)
    np.testing.assert_allclose(loss, closed, rtol=1e-5)
    expected, received = tape.gradient(closed, logits), tape.gradient(loss, logits)
    np.testing.assert_allclose(received, expected, rtol=1e-3, atol=1e-7)


def test_validation_does_not_choose_its_own_variance(photos):
    likelihood = built("optimal_gaussian")
    image = likelihood.scale(photos[:8])
    before = float(likelihood.variance.numpy())
    likelihood(image, image, training=False)
    assert float(likelihood.variance.numpy()) == before
    for _ in range(100):
        likelihood(image, tf.zeros_like(image), training=True)
    mse = float(tf.reduce_mean(tf.math.squared_difference(image, 0.5)))
    np.testing.assert_allclose(likelihood.variance.numpy(), mse, rtol=1e-3)


def test_the_learned_variance_finds_the_mean_squared_error(photos):
    likelihood = built("learned_gaussian")
    image = likelihood.scale(photos[:8])
    optimizer = keras.optimizers.Adam(0.05)
    for _ in range(200):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(likelihood(image, tf.zeros_like(image)))
        weights = likelihood.trainable_weights
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    mse = float(tf.reduce_mean(tf.math.squared_difference(image, 0.5)))
    np.testing.assert_allclose(np.exp(likelihood.log_variance.numpy()), mse, rtol=0.02)


def test_a_bernoulli_needs_pixels_between_0_and_1():
    with pytest.raises(ValueError, match="sigmoid"):
        built("bernoulli", "tanh")


def test_an_unknown_likelihood_is_answered_with_the_known():
    with pytest.raises(ValueError, match="optimal_gaussian"):
        build_likelihood(Objective("gauss"))


def test_an_unknown_output_is_named():
    with pytest.raises(ValueError, match="Received: 'relu'"):
        OptimalGaussian("relu")


@pytest.mark.parametrize("output", OUTPUTS)
def test_bits_per_dimension_of_a_density_and_of_a_mass_agree(photos, output):
    """A Gaussian and a logistic of the same spread cost about the same, in either range."""
    variance = (0.1 if output == "sigmoid" else 0.2) ** 2
    logits = tf.zeros((4, 32, 32, 3))
    bits = []
    for name in ("gaussian", "discretized_logistic"):
        likelihood = built(name, output, variance=variance)
        if name == "discretized_logistic":
            likelihood.log_scale.assign(np.log(0.1 * np.sqrt(3) / np.pi))
        image = likelihood.scale(np.full((4, 32, 32, 3), 150, np.uint8))
        preset = get_preset("celeba").override(likelihood=name, output=output)
        bits.append(preset.bits_per_dimension(float(np.mean(likelihood(image, logits)))))
    assert bits[0] == pytest.approx(bits[1], abs=0.25)
    assert 5 < bits[0] < 8
