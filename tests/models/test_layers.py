import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.models.layers import FusedBatchNormalization, LogVariance, Sampling, norm_act
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


GAMMA, BETA = [0.5, 1.0, 2.0], [-1.0, 0.0, 1.0]


def normalised_by_the_formula(x, gamma, beta):
    mean, variance = tf.nn.moments(x, axes=[0, 1, 2])
    return gamma * (x - mean) / tf.sqrt(variance + 1e-3) + beta


def value_and_gradients(function, variables):
    with tf.GradientTape() as tape:
        y = function()
        loss = tf.reduce_sum(tf.sin(y))
    return [y, *tape.gradient(loss, variables)]


def test_fused_normalisation_is_the_formula_in_training(photos):
    x = photos[:16].astype("float32")
    exact = [tf.Variable(value, dtype=tf.float64) for value in (x, GAMMA, BETA)]
    expected = value_and_gradients(lambda: normalised_by_the_formula(*exact), exact)
    layer, variable = FusedBatchNormalization(momentum=0.75), tf.Variable(x)
    layer.build(x.shape)
    layer.gamma.assign(GAMMA)
    layer.beta.assign(BETA)
    received = value_and_gradients(
        lambda: layer(variable, training=True), [variable, *layer.trainable_weights]
    )
    for wanted, got in zip(expected, received, strict=True):
        np.testing.assert_allclose(got, wanted, atol=2e-3 * np.abs(wanted).max())
    np.testing.assert_allclose(layer.moving_mean, 0.25 * x.mean(axis=(0, 1, 2)), rtol=1e-3)
    variance = 0.75 + 0.25 * x.astype("float64").var(axis=(0, 1, 2))
    np.testing.assert_allclose(layer.moving_variance, variance, rtol=1e-3)


def test_fused_normalisation_is_kerass_at_inference_and_takes_its_weights(photos):
    x = photos[:16].astype("float32")
    plain, fused = keras.layers.BatchNormalization(), FusedBatchNormalization()
    for layer in (plain, fused):
        layer.build(x.shape)
    weights = [GAMMA, BETA, [100.0, 90.0, 80.0], [900.0, 800.0, 700.0]]
    plain.set_weights([np.array(values) for values in weights])
    fused.set_weights(plain.get_weights())
    np.testing.assert_allclose(fused(x), plain(x), atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [{"center": False}, {"scale": False}, {"axis": 1}, {"axis": 3}, {"renorm": True}],
    ids=["no β", "no γ", "another axis", "the last by number", "renormalised"],
)
def test_fused_normalisation_takes_every_argument_as_keras_does(photos, options):
    x = photos[:16].astype("float32")
    layers = [
        kind(momentum=0.5, **options)
        for kind in (keras.layers.BatchNormalization, FusedBatchNormalization)
    ]
    for training in (True, False):
        plain, fused = (layer(x, training=training) for layer in layers)
        np.testing.assert_allclose(fused, plain, atol=1e-3)
    for wanted, received in zip(*(layer.get_weights() for layer in layers), strict=True):
        np.testing.assert_allclose(received, wanted, rtol=1e-4)


def test_synchronised_normalisation_takes_the_moments_of_all_replicas(photos):
    halves = tf.constant(photos[[0, 300]], tf.float32)
    strategy = make_strategy("mirrored")
    with strategy.scope():
        layer = FusedBatchNormalization(momentum=0.0, synchronized=True)
        layer.build(halves.shape)

    @tf.function
    def step():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return layer(halves[replica : replica + 1], training=True)

    outputs = strategy.experimental_local_results(strategy.run(step))
    plain = keras.layers.BatchNormalization()(halves, training=True)
    np.testing.assert_allclose(np.concatenate(outputs), plain, atol=1e-3)


def test_instance_normalisation_levels_each_image_by_itself(photos):
    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, norm_act("instance", "linear", name="norm")(inputs))
    images = photos[[0, 40]].astype("float32")
    levelled = np.asarray(model(images))
    assert model.count_params() == 0
    np.testing.assert_allclose(levelled.mean(axis=(1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(levelled.std(axis=(1, 2)), 1, atol=1e-2)
    np.testing.assert_allclose(np.asarray(model(images[:1])), levelled[:1], atol=1e-4)


def test_an_unknown_normalisation_is_named():
    with pytest.raises(ValueError, match="`normalization` must be one of"):
        norm_act("layer", "relu", name="norm")
