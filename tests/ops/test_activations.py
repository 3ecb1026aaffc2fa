import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.models.networks import build_decoder, build_encoder
from keras_vae.ops.activations import LeakyReLU
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
