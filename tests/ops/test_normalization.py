import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.ops.normalization import FusedBatchNormalization, norm_act
from keras_vae.training.distribution import make_strategy

GAMMA, BETA = [0.5, 1.0, 2.0], [-1.0, 0.0, 1.0]


def normalized_by_the_formula(x, gamma, beta):
    mean, variance = tf.nn.moments(x, axes=[0, 1, 2])
    return gamma * (x - mean) / tf.sqrt(variance + 1e-3) + beta


def value_and_gradients(function, variables):
    with tf.GradientTape() as tape:
        y = function()
        loss = tf.reduce_sum(tf.sin(y))
    return [y, *tape.gradient(loss, variables)]


def test_fused_normalization_is_the_formula_in_training(photos):
    x = photos[:16].astype("float32")
    exact = [tf.Variable(value, dtype=tf.float64) for value in (x, GAMMA, BETA)]
    expected = value_and_gradients(lambda: normalized_by_the_formula(*exact), exact)
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


def test_fused_normalization_is_that_of_keras_at_inference_and_takes_its_weights(photos):
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
    ids=["no β", "no γ", "another axis", "the last by number", "renormalized"],
)
def test_fused_normalization_takes_every_argument_as_keras_does(photos, options):
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


def test_synchronized_normalization_takes_the_moments_of_all_replicas(photos):
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


def test_instance_normalization_levels_each_image_by_itself(photos):
    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, norm_act("instance", "linear", name="norm")(inputs))
    images = photos[[0, 40]].astype("float32")
    leveled = np.asarray(model(images))
    assert model.count_params() == 0
    np.testing.assert_allclose(leveled.mean(axis=(1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(leveled.std(axis=(1, 2)), 1, atol=1e-2)
    np.testing.assert_allclose(np.asarray(model(images[:1])), leveled[:1], atol=1e-4)


def test_an_unknown_normalization_is_refused():
    with pytest.raises(ValueError, match="`normalization` must be one of"):
        norm_act("layer", "relu", name="norm")
