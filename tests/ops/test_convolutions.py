import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.ops.convolutions import (
    DepthToSpace,
    IdleBiasConv2D,
    IdleBiasConv2DTranspose,
    IdleBiasDense,
    NarrowConv2D,
    SpaceToDepth,
    conv,
    up_conv,
)


@pytest.mark.parametrize("upsampling", ["transposed", "nearest"])
@pytest.mark.parametrize(("kernel", "size"), [(3, (7, 7)), (3, (8, 7)), (4, (8, 8)), (4, (7, 8))])
def test_an_up_convolution_reaches_the_size_exactly(upsampling, kernel, size):
    inputs = keras.Input((4, 4, 3))
    grow = up_conv(5, kernel, 2, size=size, upsampling=upsampling, name="up")
    assert grow(inputs).shape[1:] == (*size, 5)


def test_an_unknown_upsampling_is_named():
    with pytest.raises(ValueError, match="`upsampling` must be one of"):
        up_conv(1, 3, 2, size=(8, 8), upsampling="bilinear", name="up")


@pytest.mark.parametrize("kind", [IdleBiasDense, IdleBiasConv2D, IdleBiasConv2DTranspose])
def test_an_idle_bias_is_kept_and_never_trained(kind, tmp_path):
    inputs = keras.Input((4, 4, 3))
    layer = kind(5) if kind is IdleBiasDense else kind(5, 3)
    model = keras.Model(inputs, layer(inputs))
    model.save(tmp_path / "model.keras")
    for layer in (model.layers[-1], keras.models.load_model(tmp_path / "model.keras").layers[-1]):
        assert [weight.name for weight in layer.trainable_weights] == ["kernel"]
        assert [weight.name for weight in layer.weights] == ["kernel", "bias"]
        np.testing.assert_array_equal(layer.bias, 0)


def test_a_transposed_convolution_without_its_bias_is_kerass(photos):
    images = photos[:4, :5, :6] / 255.0
    settings = {"strides": 2, "padding": "same"}
    plain = keras.layers.Conv2DTranspose(5, 3, **settings)
    idle = IdleBiasConv2DTranspose(5, 3, **settings)
    for layer in (plain, idle):
        layer.build(images.shape)
    idle.set_weights(plain.get_weights())
    np.testing.assert_array_equal(idle(images), plain(images))


def value_and_gradients(layer, images, **options):
    with tf.GradientTape() as tape:
        tape.watch(images)
        outputs = layer(images, **options)
        loss = tf.reduce_sum(tf.sin(outputs))
    return [outputs, *tape.gradient(loss, [images, *layer.trainable_weights])]


@pytest.mark.parametrize(
    ("idle_kind", "kind"),
    [
        (IdleBiasConv2D, keras.layers.Conv2D),
        (IdleBiasConv2DTranspose, keras.layers.Conv2DTranspose),
    ],
)
@pytest.mark.parametrize("kernel", [3, 4, (5, 2)])
@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("size", [(5, 7), (4, 4), (12, 20)], ids=["odd", "even", "large"])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_in_training_a_convolution_with_an_idle_bias_is_kerass(
    idle_kind, kind, kernel, strides, size, padding, photos
):
    if padding == "valid" and size == (4, 4):
        size = (6, 6)  # or the largest kernel finds no place
    images = tf.constant(photos[:3, : size[0], : size[1]] / 255.0, tf.float32)
    settings = {"strides": strides, "padding": padding}
    plain, idle = kind(6, kernel, **settings, use_bias=False), idle_kind(6, kernel, **settings)
    for layer in (plain, idle):
        layer.build(images.shape)
    idle.kernel.assign(plain.kernel)
    wanted = value_and_gradients(plain, images)
    received = value_and_gradients(idle, images, training=True)
    for one, other in zip(wanted, received, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5 * max(1, np.abs(one).max()))


@pytest.mark.parametrize("filters", [1, 3])
@pytest.mark.parametrize("kernel", [3, 4, (5, 2)])
def test_a_narrow_convolution_is_kerass(filters, kernel, photos):
    images = tf.constant(photos[:8, :9, :7] / 255.0, tf.float32)
    settings = {"padding": "same", "activation": "tanh"}
    plain = keras.layers.Conv2D(filters, kernel, **settings)
    narrow = NarrowConv2D(filters, kernel, **settings)
    for layer in (plain, narrow):
        layer.build(images.shape)
    bias = np.linspace(-0.5, 0.5, filters)
    plain.bias.assign(bias)
    narrow.set_weights(plain.get_weights())
    wanted, received = (
        value_and_gradients(plain, images),
        value_and_gradients(narrow, images, training=True),
    )
    for one, other in zip(wanted, received, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5 * max(1, np.abs(one).max()))
    np.testing.assert_array_equal(narrow(images), plain(images))  # in inference it is Keras's own


@pytest.mark.parametrize(
    ("filters", "stride", "idle_bias", "kind"),
    [
        (3, 1, False, NarrowConv2D),
        (4, 1, False, keras.layers.Conv2D),
        (3, 2, False, keras.layers.Conv2D),
        (3, 1, True, IdleBiasConv2D),
    ],
)
def test_each_convolution_is_of_the_fitting_kind(filters, stride, idle_bias, kind):
    assert type(conv(filters, 3, stride, idle_bias=idle_bias, name="conv")) is kind


@pytest.mark.parametrize("side", [1, 2])
def test_squares_of_pixels_become_channels_and_pixels_again(side):
    image = keras.random.uniform((1, 4, 6, 3))
    squares = SpaceToDepth(side)(image)
    assert squares.shape == (1, 4 // side, 6 // side, 3 * side**2)
    np.testing.assert_array_equal(DepthToSpace(side)(squares), image)
