"""Networks as people bring them: the book's, with z as an output, with a last sigmoid or tanh."""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from keras_vae import presets
from keras_vae.export.saved_model import export_model
from keras_vae.losses import KL, elbo_terms
from keras_vae.models import VAE
from keras_vae.models.likelihoods import Bernoulli, PositionalGaussian
from keras_vae.models.own_networks import Logits
from keras_vae.models.priors import StandardNormal

L = 3


class BookSampling(layers.Layer):
    """The book's: it needs no `get_config`, and is registered nowhere."""

    def call(self, inputs):
        mean, log_var = inputs
        return mean + ops.exp(0.5 * log_var) * keras.random.normal(
            ops.shape(mean), dtype=mean.dtype
        )


def encoder(outputs=3, shape=(8, 8, 1)):
    image = keras.Input(shape, name="image")
    features = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(image)
    features = layers.Flatten()(features)
    z_mean = layers.Dense(L, name="z_mean")(features)
    z_log_var = layers.Dense(L, name="z_log_var")(features)
    z = BookSampling(name="z")([z_mean, z_log_var])
    return keras.Model(image, [z_mean, z_log_var, z][:outputs], name="encoder")


def conv_decoder(activation="sigmoid"):
    z = keras.Input((L,))
    features = layers.Reshape((4, 4, 4))(layers.Dense(64, activation="relu")(z))
    image = layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation=activation)
    return keras.Model(z, image(features), name="decoder")


def dense_decoder(activation):
    """As for MNIST: the activation, then a `Reshape`."""
    return keras.Sequential([
        keras.Input((L,)), layers.Dense(64, activation=activation), layers.Reshape((8, 8, 1))
    ])  # fmt: skip


def unbuilt_decoder(activation):
    return keras.Sequential(
        [layers.Dense(64), layers.Reshape((8, 8, 1)), layers.Activation(activation)]
    )


def operation_decoder(activation):
    z = keras.Input((L,))
    image = layers.Reshape((8, 8, 1))(layers.Dense(64)(z))
    return keras.Model(z, getattr(ops, activation)(image))


def nested_decoder(activation):
    z = keras.Input((L,))
    return keras.Model(z, conv_decoder(activation)(layers.Dense(L)(z)))


def separable_decoder(activation):
    z = keras.Input((L,))
    features = layers.Reshape((8, 8, 1))(layers.Dense(64)(z))
    image = layers.SeparableConv2D(1, 3, padding="same", activation=activation)
    return keras.Model(z, layers.Cropping2D(0)(image(features)))


DECODERS = (
    conv_decoder, dense_decoder, unbuilt_decoder, operation_decoder, nested_decoder,
    separable_decoder,
)  # fmt: skip


@keras.saving.register_keras_serializable("tests")
class SubclassedEncoder(keras.Model):
    def __init__(self, outputs=3, **kwargs):
        super().__init__(**kwargs)
        self.outputs_ = outputs
        self.flatten, self.mean, self.scale = layers.Flatten(), layers.Dense(L), layers.Dense(L)

    def call(self, x):
        features = self.flatten(x)
        z_mean, z_log_var = self.mean(features), self.scale(features)
        return (z_mean, z_log_var, z_mean)[: self.outputs_]

    def get_config(self):
        return {**super().get_config(), "outputs": self.outputs_}


@keras.saving.register_keras_serializable("tests")
class SubclassedDecoder(keras.Model):
    def __init__(self, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.activation_ = activation
        self.dense = layers.Dense(64, activation=activation)
        self.reshape = layers.Reshape((8, 8, 1))

    def call(self, z):
        return self.reshape(self.dense(z))

    def get_config(self):
        return {**super().get_config(), "activation": self.activation_}


def trained(vae, digits, labels=None, epochs=2):
    vae.compile(optimizer=keras.optimizers.Adam(1e-2), jit_compile=False)
    history = vae.fit(digits.images, labels, batch_size=64, epochs=epochs, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    return vae


@pytest.mark.slow
@pytest.mark.parametrize("outputs", [2, 3])
def test_the_books_encoder_is_taken(outputs, digits, caplog, logged):
    book = encoder(outputs)
    with caplog.at_level(logging.WARNING, "keras_vae"):
        vae = trained(VAE.from_networks(book, conv_decoder(), seed=0), digits)
    third = "encoder: the third output is ignored: the VAE samples z."
    assert logged() == [third][: outputs - 2]
    x = digits.images[:5] / np.float32(255)
    np.testing.assert_allclose(vae.encode(digits.images[:5]).mean, book(x)[0], rtol=1e-5)


@pytest.mark.parametrize("make", DECODERS)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_a_last_activation_is_taken_off_and_not_applied_twice(make, activation):
    keras.utils.set_random_seed(0)
    decoder = make(activation)
    vae = VAE.from_networks(encoder(2), decoder, "gaussian", seed=0)
    z = np.random.default_rng(0).normal(0, 3, (6, L)).astype(np.float32)
    low = {"sigmoid": 0.0, "tanh": -1.0}[activation]
    expected = 255 * (decoder(z).numpy() - low) / (1 - low)
    assert expected.std() > 10
    np.testing.assert_allclose(vae.mean_images(z), expected, atol=1e-3)
    logits = vae.decoder(z).numpy()
    assert np.abs(logits).max() > 1  # what the likelihood takes is not squashed


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_an_activation_before_a_cast_is_taken_off(activation):
    """As networks of mixed precision end."""
    decoder = keras.Sequential([*conv_decoder(activation).layers])
    decoder.add(layers.Activation("linear", dtype="float32"))
    decoder.build((None, L))
    vae = VAE.from_networks(encoder(2), decoder, "gaussian")
    assert vae.likelihood.output_range == activation
    z = np.random.default_rng(0).normal(0, 3, (6, L)).astype(np.float32)
    np.testing.assert_allclose(getattr(ops, activation)(vae.decoder(z)), decoder(z), atol=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("without_lite")
@pytest.mark.parametrize("make", DECODERS)
def test_a_model_of_the_book_has_the_decoders_weights_and_is_saved_and_exported(
    make, digits, tmp_path
):
    decoder = make("sigmoid")
    vae = trained(VAE.from_networks(encoder(3), decoder, seed=0), digits)
    images = digits.images[:4]
    assert {id(each) for each in vae.decoder.weights} == {id(each) for each in decoder.weights}
    z = vae.encode(images).mean
    np.testing.assert_allclose(255 * decoder(z), vae.mean_images(z), atol=1e-3)
    vae.save(tmp_path / "vae.keras")
    restored = keras.saving.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(restored.reconstruct(images), vae.reconstruct(images))
    export_model(vae, tmp_path / "exported")
    served = tf.saved_model.load(str(tmp_path / "exported" / "1")).signatures
    z = served["encode_pixels"](image=tf.constant(images))["z_mean"]
    decoded = served["decode_pixels"](z=z)["image"]
    difference = decoded.numpy().astype(int) - vae.reconstruct(images)
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize(
    "last",
    [
        layers.Activation("linear"),
        layers.UpSampling2D(1),
        layers.BatchNormalization(),
        layers.Conv2D(1, 1),
    ],
)
def test_a_decoder_that_ends_in_logits_is_taken_as_it_is(last):
    decoder = keras.Sequential([*dense_decoder(None).layers, last])
    decoder.build((None, L))
    vae = VAE.from_networks(encoder(2), decoder)
    assert vae.decoder is decoder
    assert vae.likelihood.output_range == "sigmoid"


@pytest.mark.parametrize(
    ("last", "name"),
    [
        (layers.Conv2D(1, 1, activation="relu"), "relu"),
        (layers.ReLU(), "relu"),
        (layers.Activation("hard_sigmoid"), "hard_sigmoid"),
        (layers.Softmax(), "softmax"),
        (layers.LeakyReLU(), "leaky_relu"),
        (layers.Activation(ops.softplus), "softplus"),
    ],
)
def test_another_activation_is_refused(last, name):
    decoder = keras.Sequential([*dense_decoder(None).layers, last])
    with pytest.raises(ValueError, match=rf"`decoder` must end in logits.*activation '{name}'"):
        VAE.from_networks(encoder(2), decoder)


def test_a_bernoulli_likelihood_refuses_a_tanh_with_the_cure():
    with pytest.raises(ValueError, match=r"'sigmoid' for a Bernoulli.*'tanh'.*'gaussian'"):
        VAE.from_networks(encoder(2), conv_decoder("tanh"))


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_a_subclassed_decoder_must_say_how_it_ends(activation, digits, tmp_path):
    keras.utils.set_random_seed(0)
    decoder = SubclassedDecoder(activation)
    with pytest.raises(ValueError, match=rf"output='{activation}' if in a {activation}"):
        VAE.from_networks(encoder(2), decoder, "gaussian")
    vae = VAE.from_networks(encoder(2), decoder, "gaussian", output=activation, seed=0)
    assert isinstance(vae.decoder, Logits)
    trained(vae, digits)
    vae.save(tmp_path / "vae.keras")
    restored = keras.saving.load_model(tmp_path / "vae.keras")
    images = digits.images[:4]
    np.testing.assert_array_equal(restored.reconstruct(images), vae.reconstruct(images))
    low = {"sigmoid": 0.0, "tanh": -1.0}[activation]
    z = vae.encode(images).mean
    expected = 255 * (decoder(z).numpy() - low) / (1 - low)
    np.testing.assert_allclose(vae.mean_images(z), expected, atol=1e-2)


def test_a_custom_last_layer_must_say_how_it_ends():
    class Squash(layers.Layer):
        def call(self, x):
            return ops.sigmoid(x)

    decoder = keras.Sequential([*dense_decoder(None).layers, Squash()])
    with pytest.raises(ValueError, match="output='sigmoid'"):
        VAE.from_networks(encoder(2), decoder)
    assert isinstance(VAE.from_networks(encoder(2), decoder, output="sigmoid").decoder, Logits)


class Linear(layers.Layer):
    """That of Keras's guide to new layers, without its bias."""

    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], self.units), initializer="random_normal")

    def call(self, inputs):
        return ops.matmul(inputs, self.w)


def own(name, function, **attributes):
    """A layer of one's own without weights, whose class has a name that Keras uses, too."""
    body = {"call": lambda self, x: function(x), **attributes}
    return type(name, (layers.Layer,), body)()


@pytest.mark.parametrize(
    "last", [lambda: Linear(1), lambda: own("Linear", lambda x: 3.0 * x + 1.0)]
)
def test_a_layer_of_ones_own_may_be_called_linear(last):
    decoder = keras.Sequential([*dense_decoder(None).layers, last()])
    decoder.build((None, L))
    vae = VAE.from_networks(encoder(2), decoder)
    assert vae.decoder is decoder
    assert vae.likelihood.output_range == "sigmoid"


def steep(x):
    return ops.sigmoid(4.0 * x)


steep.__name__ = "sigmoid"


class Upscale(layers.Layer):
    """Enlarges images, then activates them; it has no weights."""

    def __init__(self, activation="sigmoid", **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)

    def call(self, x):
        return self.activation(ops.repeat(ops.repeat(x, 2, axis=1), 2, axis=2))


UNKNOWN = {
    "a class called Sigmoid": lambda: own("Sigmoid", steep),
    "a class called Tanh": lambda: own("Tanh", lambda x: ops.tanh(x) ** 2),
    "a function called sigmoid": lambda: layers.Activation(steep),
    "a dense layer with it": lambda: layers.Conv2D(1, 1, activation=steep),
    "the name of an activation": lambda: own("Squash", ops.sigmoid, activation="relu"),
    "an activation that is no argument": lambda: own(
        "Squash", steep, activation=staticmethod(keras.activations.sigmoid)
    ),
}


@pytest.mark.parametrize("last", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_called_as_an_activation_of_keras_is_not_taken_off(last):
    decoder = keras.Sequential([*dense_decoder(None).layers, last()])
    decoder.build((None, L))
    with pytest.raises(ValueError, match=r"`output` must be given.*output='sigmoid'"):
        VAE.from_networks(encoder(2), decoder)
    vae = VAE.from_networks(encoder(2), decoder, output="sigmoid")
    z = np.random.default_rng(0).normal(0, 2, (6, L)).astype(np.float32)
    np.testing.assert_allclose(vae.mean_images(z), 255 * decoder(z).numpy(), atol=1e-2)


def test_a_layer_of_ones_own_loses_its_activation_and_nothing_else():
    z = keras.Input((L,))
    decoder = keras.Model(z, Upscale()(layers.Reshape((4, 4, 1))(layers.Dense(16)(z))))
    vae = VAE.from_networks(encoder(2), decoder)
    z = np.random.default_rng(0).normal(0, 9, (6, L)).astype(np.float32)
    np.testing.assert_allclose(vae.mean_images(z), 255 * decoder(z).numpy(), atol=1e-3)
    assert np.abs(vae.decoder(z)).max() > 1


@pytest.mark.parametrize("make", [conv_decoder, SubclassedDecoder])
def test_a_linear_output_is_one_of_presets_alone(make):
    with pytest.raises(
        ValueError, match=r"`output` must be one of \('logits', 'sigmoid', 'tanh'\)"
    ):
        VAE.from_networks(encoder(2), make(None), output="linear")


def conditional(last):
    """Networks of digits and their labels."""
    image, y = keras.Input((8, 8, 1)), keras.Input((), dtype="int32")
    code = layers.CategoryEncoding(10, output_mode="one_hot")(y)
    features = layers.Concatenate()([layers.Flatten()(image), code])
    outputs = layers.Dense(L, name="z_mean")(features), layers.Dense(L)(features)
    z, label = keras.Input((L,)), keras.Input((), dtype="int32")
    code = layers.CategoryEncoding(10, output_mode="one_hot")(label)
    pixels = layers.Reshape((8, 8, 1))(layers.Dense(64)(layers.Concatenate()([z, code])))
    return keras.Model([image, y], outputs), keras.Model([z, label], last(pixels))


def nested(network):
    inputs = [keras.Input(each.shape[1:], dtype=each.dtype) for each in network.inputs]
    return keras.Model(inputs, network(inputs))


@pytest.mark.parametrize("wrap", [lambda network: network, nested], ids=["flat", "nested"])
@pytest.mark.parametrize(
    "last", [own("Squash", ops.sigmoid), layers.Activation("sigmoid")], ids=["unknown", "sigmoid"]
)
def test_a_conditional_decoder_has_its_label_however_it_ends(last, wrap, digits):
    networks = list(map(wrap, conditional(last)))
    vae = trained(VAE.from_networks(*networks, output="sigmoid", seed=0), digits, digits.labels)
    assert vae.classes == 10
    z, y = np.ones((2, L), np.float32), np.array([3, 4])
    np.testing.assert_allclose(vae.mean_images(z, y), 255 * networks[1]([z, y]), atol=1e-2)
    with pytest.raises(ValueError, match=r"whole numbers from 0 to 9\. Received: 10"):
        vae.decode(z, y + 6)
    with pytest.raises(ValueError, match="`y` must be given"):
        vae.decode(z)


@pytest.mark.parametrize("likelihood", ["positional_gaussian", PositionalGaussian])
@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_variances_of_positions_have_the_shape_of_a_subclassed_decoders_images(
    likelihood, activation, digits, tmp_path
):
    decoder, output = SubclassedDecoder(activation), activation or "logits"
    vae = trained(VAE.from_networks(encoder(2), decoder, likelihood, output=output), digits)
    assert vae.likelihood.variance.shape == (8, 8, 1)
    vae.save(tmp_path / "vae.keras")
    restored = keras.saving.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(restored.likelihood.variance, vae.likelihood.variance)
    with pytest.raises(ValueError, match=r"`decoder` must .* has been called once"):
        PositionalGaussian(SubclassedDecoder())


def test_variances_of_positions_need_a_decoder_of_z_alone():
    class Labelled(SubclassedDecoder):
        def call(self, inputs):
            return super().call(inputs[0])

    labelled = Labelled()
    labelled([tf.zeros((1, L)), tf.zeros(1, tf.int64)])
    with pytest.raises(ValueError, match=r"`decoder` must be .*, or one of z alone"):
        PositionalGaussian(labelled)


def test_networks_in_the_other_order_are_refused():
    with pytest.raises(ValueError, match=r"`encoder` must take images.*`decoder` is the second"):
        VAE.from_networks(dense_decoder(None), encoder(2))


@pytest.mark.slow
@pytest.mark.usefixtures("without_lite")
def test_subclassed_networks_train_save_and_export(digits, tmp_path):
    keras.utils.set_random_seed(0)
    networks = SubclassedEncoder(), SubclassedDecoder()
    with pytest.raises(ValueError, match=r"`image_shape` must be given.*Received: None"):
        VAE.from_networks(*networks)
    vae = trained(VAE.from_networks(*networks, image_shape=(8, 8, 1), seed=0), digits)
    assert (vae.image_shape, vae.latent_dim) == ((8, 8, 1), L)
    vae.save(tmp_path / "vae.keras")
    restored = keras.saving.load_model(tmp_path / "vae.keras")
    images = digits.images[:4]
    np.testing.assert_array_equal(restored.reconstruct(images), vae.reconstruct(images))
    export_model(vae, tmp_path / "exported")
    served = tf.saved_model.load(str(tmp_path / "exported" / "1")).signatures
    z = served["encode_pixels"](image=tf.constant(images))["z_mean"]
    np.testing.assert_allclose(z, vae.encode(images).mean, rtol=1e-4, atol=1e-4)


def test_a_subclassed_encoder_that_was_called_has_the_shape_of_its_images():
    called = SubclassedEncoder(2)
    called(np.zeros((1, 8, 8, 1), np.float32))
    assert VAE.from_networks(called, SubclassedDecoder()).image_shape == (8, 8, 1)


def test_networks_of_half_precision_give_a_loss_of_full_precision(digits):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        vae = VAE.from_networks(encoder(3), conv_decoder("sigmoid"), seed=0)
    finally:
        keras.config.set_dtype_policy("float32")
    trained(vae, digits, epochs=3)
    assert vae.mean_images(np.zeros((1, L), np.float32)).dtype == tf.float32


@pytest.mark.parametrize(
    ("posterior", "prior"),
    [
        ("deterministic", "standard_normal"),
        (presets.DeterministicPosterior(), presets.StandardNormal()),
    ],
)
def test_posterior_and_prior_are_arguments(posterior, prior, digits):
    vae = VAE.from_networks(encoder(2), conv_decoder(), posterior=posterior, prior=prior)
    assert not vae.stochastic
    trained(vae, digits)


@pytest.mark.parametrize("name", ["likelihood", "posterior", "prior"])
def test_an_unknown_kind_is_refused_with_the_known(name):
    with pytest.raises(ValueError, match=rf"`{name}` must be one of .*, .*Received: 'gausian'"):
        VAE.from_networks(encoder(2), conv_decoder(), **{name: "gausian"})
    with pytest.raises(TypeError, match=rf"`{name}` must be a Keras layer.*Received: 3"):
        VAE.from_networks(encoder(2), conv_decoder(), **{name: 3})


def one_output():
    image = keras.Input((8, 8, 1))
    return keras.Model(image, layers.Dense(2 * L)(layers.Flatten()(image)))


def z_first():
    image = keras.Input((8, 8, 1))
    names = ("z", "z_mean", "z_log_var")
    return keras.Model(image, [layers.Dense(L, name=n)(layers.Flatten()(image)) for n in names])


def a_dictionary():
    image = keras.Input((8, 8, 1))
    names = ("z_mean", "z_log_var")
    return keras.Model(image, {n: layers.Dense(L)(layers.Flatten()(image)) for n in names})


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (one_output, r"Received: 1 outputs of shape \(None, 6\)"),
        (z_first, "in this order. Received: z, z_mean, z_log_var"),
        (a_dictionary, "as a list. Received: a dictionary"),
    ],
)
def test_another_encoder_is_refused(network, words):
    with pytest.raises(ValueError, match=rf"`encoder` must return z_mean and z_log_var.*{words}"):
        VAE.from_networks(network(), conv_decoder())


def test_networks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"`decoder` must return images .*\(16, 8, 1\).*8, 8, 1"):
        VAE.from_networks(encoder(2, (16, 8, 1)), conv_decoder())
    other = keras.Sequential([keras.Input((L + 1,)), layers.Dense(64), layers.Reshape((8, 8, 1))])
    with pytest.raises(ValueError, match=rf"`decoder` must take z .*, {L}\. .*\(None, {L + 1}\)"):
        VAE.from_networks(encoder(2), other)
    with pytest.raises(ValueError, match=r"`output` must be 'sigmoid', as the decoder 'decoder'"):
        VAE.from_networks(encoder(2), conv_decoder(), output="logits")
    with pytest.raises(ValueError, match=r"`output` must be one of .*Received: 'relu'"):
        VAE.from_networks(encoder(2), conv_decoder(), output="relu")


class Unbounded(layers.Layer):
    def call(self, z):
        return ops.log(-ops.abs(z))


def test_a_likelihood_may_be_a_layer_around_logits_and_nothing_else():
    logits = conv_decoder("linear")
    assert VAE.from_networks(encoder(), logits, Bernoulli(logits)).decoder is logits
    images = conv_decoder()  # its sigmoid would be applied twice
    for other in (images, conv_decoder("linear")):
        with pytest.raises(ValueError, match=r"`likelihood` must be a class.* around 'decoder'"):
            VAE.from_networks(encoder(), images, Bernoulli(other))


def test_parts_that_contradict_the_encoder_are_refused():
    with pytest.raises(ValueError, match=r"`prior` must have .* 3 dimensions\. Received: 5"):
        VAE.from_networks(encoder(), conv_decoder(), prior=StandardNormal(5))
    for shape in ((16, 16, 1), (8, 8), 8):
        with pytest.raises(ValueError, match=r"`image_shape` must be "):
            VAE.from_networks(encoder(), conv_decoder(), image_shape=shape)


@pytest.mark.parametrize("terms", [len, [*elbo_terms(), "kl"], [KL], [presets.MMD(2.0)]], ids=str)
def test_what_is_no_term_of_the_loss_is_refused(terms):
    with pytest.raises(TypeError, match="`terms` must be "):
        VAE.from_networks(encoder(), conv_decoder(), terms=terms)


def test_a_decoder_without_finite_values_is_refused():
    z = keras.Input((L,))
    images = Unbounded()(layers.Reshape((8, 8, 1))(layers.Dense(64)(z)))
    with pytest.raises(ValueError, match=r"`decoder` must return finite values. Received: NaN"):
        VAE.from_networks(encoder(), keras.Model(z, images))


def test_a_slope_that_tensorflow_forgets_is_named(digits, caplog, logged):
    image = keras.Input((8, 8, 1))
    features = keras.layers.Conv2D(4, 3, padding="same")(image)
    branch = keras.layers.Conv2D(4, 3, padding="same")(features)
    features = keras.layers.LeakyReLU(name="end")(keras.layers.Add()([branch, features]))
    flat = keras.layers.Flatten()(features)
    means = keras.layers.Dense(L)(flat), keras.layers.Dense(L)(flat)
    with caplog.at_level(logging.WARNING, "keras_vae"):
        VAE.from_networks(keras.Model(image, means, name="encoder"), conv_decoder(), seed=0)
    (line,) = logged()
    assert line.startswith("encoder: on a CPU, outside of training, TensorFlow computes the leaky")
    assert "a slope of 0.2. Give this slope to end, or normalize the sum." in line
