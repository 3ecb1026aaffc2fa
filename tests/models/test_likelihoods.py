import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae import presets
from keras_vae.models.likelihoods import OptimalGaussian
from keras_vae.presets import get_preset

OUTPUTS = ["sigmoid", "tanh"]
KINDS = presets.Likelihood.kinds

# Values that are not the defaults.
OTHER = {
    "gaussian": {"variance": 0.1},
    "squared_error": {"variance": 0.1},
    "mean_squared_error": {"weight": 7.0},
}


def decoder():
    """Logits are z itself."""
    return keras.Sequential([keras.Input((3072,)), keras.layers.Reshape((32, 32, 3))])


def built(kind, output="sigmoid", **values):
    return KINDS[kind](**values).build(decoder(), output=output)


def loss(likelihood, x, logits, **options):
    return -likelihood.log_prob(x, logits, **options)


@pytest.mark.parametrize("output", OUTPUTS)
def test_scaling_is_undone(photos, output):
    likelihood = built("squared_error", output)
    scaled = np.asarray(likelihood.scale(photos[:4]))
    assert scaled.min() >= likelihood.low
    assert scaled.max() <= likelihood.high
    np.testing.assert_allclose(likelihood.unscale(scaled), photos[:4], atol=1e-3)


@pytest.mark.parametrize("output", OUTPUTS)
def test_logits_are_those_of_the_mean_image(output):
    likelihood = built("squared_error", output)
    logits = np.linspace(-2, 2, 9, dtype=np.float32)
    np.testing.assert_allclose(likelihood.logits(likelihood.mean(logits)), logits, atol=1e-4)


@pytest.mark.parametrize("output", OUTPUTS)
def test_mean_squared_error_is_that_of_pixels_in_0_to_1_in_any_range(photos, output):
    likelihood = built("mean_squared_error", output)
    mean = likelihood.mean(tf.random.stateless_normal((4, 32, 32, 3), seed=[1, 2]))
    pixels = np.asarray(likelihood.unscale(mean)) / 255
    expected = ((pixels - photos[:4] / 255) ** 2).mean(axis=(1, 2, 3))
    received = likelihood.mean_squared_error(likelihood.scale(photos[:4]), mean)
    np.testing.assert_allclose(received, expected, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_one_number_for_each_image_and_least_at_the_image_itself(photos, kind):
    likelihood = built(kind, **OTHER.get(kind, {}))
    image = tf.clip_by_value(likelihood.scale(photos[:6]), 0.02, 0.98)
    truth = tf.math.log(image / (1 - image))
    right, wrong = loss(likelihood, image, truth), loss(likelihood, image, truth + 1.0)
    assert right.shape == (6,)
    assert np.all(np.asarray(right) < np.asarray(wrong))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_finite_far_from_the_image(photos, kind):
    likelihood = built(kind, **OTHER.get(kind, {}))
    logits = tf.Variable(np.full((2, 32, 32, 3), 40.0, np.float32))
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(loss(likelihood, tf.zeros((2, 32, 32, 3)), logits, training=True))
    assert np.isfinite(value)
    for gradient in tape.gradient(value, [logits, *likelihood.trainable_weights]):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("kind", KINDS)
def test_config_round_trip(kind):
    output = "sigmoid" if kind == "bernoulli" else "tanh"
    likelihood = built(kind, output, **OTHER.get(kind, {}))
    config = likelihood.get_config()
    again = type(likelihood).from_config(config)
    assert again.get_config() == config
    assert again.output_range == output
    for name, value in OTHER.get(kind, {}).items():
        assert getattr(again, name) == value


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_and_its_class_have_the_same_defaults(kind):
    configuration = KINDS[kind]()
    numbers = configuration.implementation()(decoder()).get_config()
    assert configuration.values() == {name: numbers[name] for name in configuration.values()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_likelihood_maps_latents_to_a_distribution_of_images(photos, kind):
    likelihood = built(kind, **OTHER.get(kind, {}))
    z = np.random.default_rng(0).normal(size=(5, 3072)).astype(np.float32)
    reconstruction = likelihood(z)
    logits = z.reshape(5, 32, 32, 3)
    expected = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(reconstruction.mode(), expected, rtol=1e-5)
    np.testing.assert_allclose(reconstruction.pixels(), 255 * expected, rtol=1e-5)
    x = likelihood.scale(photos[:5])
    np.testing.assert_allclose(reconstruction.log_prob(x), likelihood.log_prob(x, logits))


def test_only_training_updates_a_scale(photos):
    likelihood = built("optimal_gaussian")
    x, z = likelihood.scale(photos[:4]), np.zeros((4, 3072), np.float32)
    likelihood(z, training=False).log_prob(x)
    assert float(likelihood.variance.numpy()) == 1.0
    likelihood(z, training=True).log_prob(x)
    assert float(likelihood.variance.numpy()) < 1.0


def test_zhao_and_foster_weigh_the_squared_error_as_they_write():
    image, logits = tf.zeros((1, 32, 32, 3)), tf.zeros((1, 32, 32, 3))  # the mean is 1/2
    sse = 32 * 32 * 3 * 0.25
    zhao = loss(built("squared_error", variance=0.05), image, logits)
    foster = loss(built("mean_squared_error", weight=2000.0), image, logits)
    np.testing.assert_allclose(zhao, [sse / 0.1], rtol=1e-5)
    np.testing.assert_allclose(foster, [2000 * 0.25], rtol=1e-5)


def test_the_optimal_variance_gives_half_d_log_mse_and_its_gradient(photos):
    likelihood = built("optimal_gaussian")
    image = likelihood.scale(photos[:8])
    logits = tf.Variable(tf.random.stateless_normal(image.shape, seed=[3, 4]))
    pixels = float(np.prod(image.shape[1:]))
    with tf.GradientTape(persistent=True) as tape:
        value = tf.reduce_mean(loss(likelihood, image, logits, training=True))
        mse = tf.reduce_mean(tf.math.squared_difference(image, likelihood.mean(logits)))
        closed = 0.5 * pixels * (tf.math.log(2 * np.pi * mse) + 1.0)
    np.testing.assert_allclose(value, closed, rtol=1e-5)
    expected, received = tape.gradient(closed, logits), tape.gradient(value, logits)
    np.testing.assert_allclose(received, expected, rtol=1e-3, atol=1e-7)


def test_validation_does_not_choose_its_own_variance(photos):
    likelihood = built("optimal_gaussian")
    image = likelihood.scale(photos[:8])
    before = float(likelihood.variance.numpy())
    likelihood.log_prob(image, image, training=False)
    assert float(likelihood.variance.numpy()) == before
    for _ in range(100):
        likelihood.log_prob(image, tf.zeros_like(image), training=True)
    mse = float(tf.reduce_mean(tf.math.squared_difference(image, 0.5)))
    np.testing.assert_allclose(likelihood.variance.numpy(), mse, rtol=1e-3)


def test_a_variance_of_each_position_makes_pixels_weigh_more_where_errors_are_small(photos):
    likelihood = built("positional_gaussian")
    image = 0.2 + 0.5 * likelihood.scale(photos[:40])
    upper = np.arange(32)[:, None, None] < 16
    mean = image + np.where(upper, 0.01, 0.1)
    logits = tf.Variable(likelihood.logits(mean))
    with tf.GradientTape() as tape:
        value = loss(likelihood, image, logits, training=True)
    errors = tf.math.squared_difference(image, likelihood.mean(logits)).numpy()
    variance = errors.mean(axis=(0, 3), keepdims=True)
    expected = 0.5 * (errors / variance + np.log(2 * np.pi * variance)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    received = np.abs(tape.gradient(value, logits).numpy())
    assert np.median(received[:, :16]) > 3 * np.median(received[:, 16:])
    moving = 0.9 + 0.1 * variance[0]
    np.testing.assert_allclose(likelihood.variance.numpy(), moving, rtol=1e-4)


def test_the_learned_variance_finds_the_mean_squared_error(photos):
    likelihood = built("learned_gaussian")
    image = likelihood.scale(photos[:8])
    optimizer = keras.optimizers.Adam(0.05)
    weights = likelihood.trainable_weights
    for _ in range(200):
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(likelihood, image, tf.zeros_like(image)))
        optimizer.apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))
    mse = float(tf.reduce_mean(tf.math.squared_difference(image, 0.5)))
    np.testing.assert_allclose(np.exp(likelihood.log_variance.numpy()), mse, rtol=0.02)


def test_a_bernoulli_needs_pixels_between_0_and_1():
    with pytest.raises(ValueError, match=r"`output` must be 'sigmoid'.*Received: 'tanh'"):
        built("bernoulli", "tanh")


def test_an_unknown_output_is_named():
    with pytest.raises(ValueError, match=r"`output` must be one of sigmoid, tanh.*: 'relu'"):
        OptimalGaussian(decoder(), "relu")


@pytest.mark.parametrize("output", OUTPUTS)
def test_bits_per_dimension_of_a_density_and_of_a_mass_agree(output):
    """A Gaussian and a logistic of the same spread cost about the same, in either range."""
    variance = (0.1 if output == "sigmoid" else 0.2) ** 2
    logits = tf.zeros((4, 32, 32, 3))
    bits = []
    for kind in ("gaussian", "discretized_logistic"):
        likelihood = built(kind, output, **({"variance": variance} if kind == "gaussian" else {}))
        if kind == "discretized_logistic":
            likelihood.log_scale.assign(np.log(0.1 * np.sqrt(3) / np.pi))
        image = likelihood.scale(np.full((4, 32, 32, 3), 150, np.uint8))
        preset = get_preset("celeba").override(likelihood=kind, output=output)
        bits.append(preset.bits_per_dimension(float(np.mean(loss(likelihood, image, logits)))))
    assert bits[0] == pytest.approx(bits[1], abs=0.25)
    assert 5 < bits[0] < 8
