import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.models.networks import build_decoder, build_encoder
from keras_vae.ops.activations import LeakyReLU, layers_of_lost_slope
from keras_vae.presets import PCAResidualNetwork, get_preset


def residual(activation):
    """A residual block, activated after its sum."""
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 8))
    branch = keras.layers.Conv2D(8, 3, padding="same", bias_initializer="ones")(image)
    return keras.Model(image, activation(keras.layers.Add()([branch, image])))


@pytest.mark.parametrize("slope", [0.0, 0.1, 0.3])
def test_in_a_graph_the_slope_is_the_one_that_was_given(slope):
    features = np.random.default_rng(0).normal(size=(2, 16, 16, 8)).astype(np.float32)
    plain = residual(keras.layers.LeakyReLU(negative_slope=slope))(features)  # eager: not fused
    model = residual(LeakyReLU(negative_slope=slope))
    np.testing.assert_allclose(model(features), plain, rtol=1e-5, atol=1e-5)
    graph = tf.function(lambda x: model(x, training=False), autograph=False)
    np.testing.assert_allclose(graph(features), plain, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_networks_of_blocks_without_normalization_compute_the_same_in_a_graph(kind):
    network = PCAResidualNetwork(
        (8, 12), 4, 2, (4, 6, 8), 2, (1, 1, 1), encoder_blocks=(1, 1), normalization="none"
    )
    preset = get_preset("celeba64").override(network=network, image_size=(24, 24), latent_dim=6)
    model = (build_encoder if kind == "encoder" else build_decoder)(preset)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=w.shape) * 0.2 for w in model.weights])
    inputs = rng.normal(size=(3, *model.input_shape[1:])).astype(np.float32)
    graph = tf.function(lambda x: model(x, training=False), autograph=False)
    for one, other in zip(*map(keras.tree.flatten, (graph(inputs), model(inputs))), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_layers_of_lost_slope_are_those_that_a_graph_computes_with_another():
    features = np.random.default_rng(0).normal(size=(2, 16, 16, 8)).astype(np.float32)
    differ, listed = [], []
    for kind, slope in (
        (keras.layers.LeakyReLU, 0.3),
        (keras.layers.LeakyReLU, 0.2),
        (LeakyReLU, 0.3),
    ):
        model = residual(kind(negative_slope=slope, name="end"))
        graph = tf.function(lambda x, model=model: model(x, training=False), autograph=False)
        differ.append(bool(np.abs(graph(features) - model(features)).max() > 0.1))
        listed.append(layers_of_lost_slope(model) == ["end"])
    assert listed == [True, False, False]
    normalized = residual(lambda x: keras.layers.LeakyReLU()(keras.layers.LayerNormalization()(x)))
    assert layers_of_lost_slope(normalized) == []
    if not any(differ):
        pytest.skip("this TensorFlow, on this device, computes with the slope that was given")
    assert differ == listed
