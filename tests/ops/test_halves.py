import keras
import numpy as np
import pytest

from keras_vae.ops.halves import round_weights, smallest_policy
from keras_vae.ops.recast import recast

TOO_LARGE = 1e5  # float16 ends at 65,504


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3))
    maps = keras.layers.Conv2D(4, 3, name="conv")(image)
    maps = keras.layers.BatchNormalization(name="norm")(maps)
    maps = keras.layers.Conv2DTranspose(4, 3, name="up")(maps)
    return keras.Model(image, keras.layers.Dense(2, name="dense")(maps))


def types(network):
    return {layer.name: {w.dtype for w in layer.weights} for layer in network.layers[1:]}


def test_weights_that_float16_has_are_kept_in_it_and_give_the_same(network, photos):
    round_weights(network)
    copy = recast(network, smallest_policy)
    half, whole = {"float16"}, {"float32"}
    assert types(copy) == {"conv": half, "norm": whole, "up": half, "dense": half}
    images = photos[:4, :8, :8].astype("float32") / 255
    outputs = copy(images, training=False)
    assert outputs.dtype == "float32"
    np.testing.assert_array_equal(outputs, network(images, training=False))


def test_weights_that_float16_has_not_stay(network):
    assert set.union(*types(recast(network, smallest_policy)).values()) == {"float32"}


def test_rounded_weights_are_the_nearest_that_float16_has(network):
    before = network.get_layer("conv").kernel.numpy()
    round_weights(network)
    after = network.get_layer("conv").kernel.numpy()
    np.testing.assert_array_equal(after, before.astype(np.float16))
    assert (after != before).any()
    np.testing.assert_allclose(after, before, rtol=2**-11)


def test_numbers_beyond_float16_stay_what_they_are(network):
    network.get_layer("dense").bias.assign([TOO_LARGE, 1.0])
    round_weights(network)
    np.testing.assert_array_equal(network.get_layer("dense").bias, [TOO_LARGE, 1.0])
    copy = recast(network, smallest_policy)
    assert types(copy)["dense"] == {"float32"}
    np.testing.assert_array_equal(copy.get_layer("dense").bias, [TOO_LARGE, 1.0])
