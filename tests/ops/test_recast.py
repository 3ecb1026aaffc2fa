import keras
import numpy as np
import pytest

from keras_vae.ops.normalization import FusedBatchNormalization
from keras_vae.ops.recast import recast


@pytest.fixture(scope="module")
def network():
    """A trained network of a convolution and a batch normalization."""
    inputs = keras.Input((32, 32, 3))
    features = keras.layers.Conv2D(4, 3, name="conv")(inputs)
    outputs = keras.layers.BatchNormalization(name="norm")(features)
    model = keras.Model(inputs, outputs, name="network")
    model.compile("adam", "mse")
    rng = np.random.default_rng(0)
    model.fit(rng.random((8, 32, 32, 3)), rng.random((8, 30, 30, 4)), epochs=2, verbose=0)
    return model


def test_the_copy_has_the_outputs_and_no_optimizer(network, photos):
    copy = recast(network, "float32")
    assert (copy.name, network.compiled, copy.compiled) == ("network", True, False)
    images = photos[:4].astype("float32")
    np.testing.assert_array_equal(copy(images, training=False), network(images, training=False))


def test_the_copys_weights_are_its_own(network, photos):
    copy, before = recast(network, "float32"), network.get_weights()
    for weight in copy.weights:
        weight.assign_add(np.ones(weight.shape))
    for weight, value in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_every_layer_has_the_dtype_policy(network, photos):
    copy = recast(network, "mixed_bfloat16")
    for name in ("conv", "norm"):
        assert copy.get_layer(name).compute_dtype == "bfloat16"
    images = photos[:4].astype("float32") / 255
    expected = network(images, training=False)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(copy(images, training=False), expected, atol=0.03 * scale)


def test_batch_normalizations_may_become_another_class(network, photos):
    assert type(recast(network, None).get_layer("norm")) is keras.layers.BatchNormalization
    copy = recast(network, None, FusedBatchNormalization)
    assert type(copy.get_layer("norm")) is FusedBatchNormalization
    images = photos[:4].astype("float32") / 255
    expected = network(images, training=False)
    np.testing.assert_allclose(copy(images, training=False), expected, atol=1e-4)
