import keras
import numpy as np
import pytest

from keras_vae.models.composite import Composite, apply_network, condition_of


@keras.saving.register_keras_serializable(package="tests")
class Pair(Composite, keras.layers.Layer):
    """A layer that is made of a network, a list of layers, and a number."""

    PARTS = ("network", "heads")

    def __init__(self, network, heads=(), weight=1.0, **kwargs):
        super().__init__(**kwargs)
        self.network, self.heads, self.weight = network, list(heads), weight

    def get_config(self):
        """Return the arguments."""
        return {**super().get_config(), "weight": self.weight}

    def call(self, x):
        """Apply all."""
        return [self.weight * head(self.network(x)) for head in self.heads]


def network():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh")])


def test_a_layer_is_rebuilt_from_its_config_with_all_its_parts():
    pair = Pair(network(), [keras.layers.Dense(2), keras.layers.Dense(5)], 0.5, name="pair")
    x = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    expected = pair(x)
    again = Pair.from_config(pair.get_config())
    again(x)
    assert again.get_config() == pair.get_config()
    assert (again.name, again.weight, len(again.heads)) == ("pair", 0.5, 2)
    again.set_weights(pair.get_weights())
    for wanted, received in zip(expected, again(x), strict=True):
        np.testing.assert_array_equal(received, wanted)


def test_its_config_is_plain_data():
    import json

    config = Pair(network(), [keras.layers.Dense(2)]).get_config()
    again = Pair.from_config(json.loads(json.dumps(config)))
    assert [head.units for head in again.heads] == [2]


def test_an_older_config_may_lack_a_part_with_a_default():
    config = Pair(network()).get_config()
    del config["heads"]
    assert Pair.from_config(config).heads == []


def test_keras_saves_and_loads_it(tmp_path):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, Pair(network(), [keras.layers.Dense(2)], 0.25)(inputs))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(again(x)[0], model(x)[0])


@pytest.fixture(scope="module")
def conditional():
    """A network that adds what its inputs sum to: z [B, 3] and y [B, 2]."""
    z, y = keras.Input((3,), name="z"), keras.Input((2,), name="y")
    total = keras.layers.Lambda(lambda v: keras.ops.sum(v, axis=-1))
    return keras.Model([z, y], keras.layers.Add()([total(z), total(y)]), name="decoder")


def test_a_condition_goes_to_networks_that_have_an_input_for_it(conditional):
    z, y = np.ones((2, 3), "float32"), np.full((2, 2), 10.0, "float32")
    np.testing.assert_allclose(apply_network(conditional, z, y, training=False), [23.0, 23.0])
    plain = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    np.testing.assert_array_equal(apply_network(plain, z, y, False), plain(z))


def test_a_condition_that_is_missing_is_named_with_the_network(conditional):
    with pytest.raises(ValueError, match=r"`y` must be given: 'decoder' is conditional"):
        apply_network(conditional, np.ones((2, 3), "float32"), None, training=False)


def test_a_nest_of_latents_fills_as_many_inputs(conditional):
    z = (np.ones((2, 3), "float32"), np.full((2, 2), 5.0, "float32"))
    np.testing.assert_allclose(apply_network(conditional, z, None, training=False), [13.0, 13.0])


def test_the_condition_is_the_input_after_the_latents(conditional):
    spec = condition_of(conditional, 1)
    assert (tuple(spec.shape), spec.dtype, spec.name) == ((None, 2), "float32", "condition")
    assert condition_of(conditional, 2) is None
    assert condition_of(keras.layers.Dense(1), 1) is None


def test_training_reaches_the_network():
    dropout = keras.Sequential([keras.Input((50,)), keras.layers.Dropout(0.5)])
    x = np.ones((2, 50), "float32")
    np.testing.assert_array_equal(apply_network(dropout, x, None, training=False), x)
    assert (np.asarray(apply_network(dropout, x, None, training=True)) == 0).any()
