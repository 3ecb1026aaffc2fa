import numpy as np
import pytest
import tensorflow as tf

from keras_vae.ops import im2col

DEEP = (3, 3, 128, 128)
STRIDES = (2, 2)


@pytest.mark.parametrize("sides", [(3, 3), (4, 4), (5, 2), (1, 1)])
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (2, 3)])
@pytest.mark.parametrize("size", [(7, 5), (8, 12)], ids=["odd", "even"])
def test_patches_equal_tensorflows(sides, strides, size, photos):
    images = tf.constant(photos[:3, : size[0], : size[1]], tf.float32)
    wanted = tf.image.extract_patches(images, [1, *sides, 1], [1, *strides, 1], [1] * 4, "SAME")
    received = im2col.im2col(images, sides, strides)
    np.testing.assert_array_equal(received, tf.reshape(wanted, received.shape))


@pytest.mark.parametrize(
    ("size", "kernel", "strides", "faster"),
    [
        ((16, 16), DEEP, STRIDES, True),
        ((16, 16), DEEP, (1, 1), False),  # nine copies of each number
        ((16, 16), (5, 5, 128, 128), STRIDES, False),  # six
        ((16, 16), (3, 3, 128, 64), STRIDES, False),  # too few channels
        ((16, 16), (3, 3, 64, 128), STRIDES, True),
        ((8, 8), (3, 3, 3, 16), STRIDES, True),
        ((8, 9), (3, 3, 3, 16), STRIDES, False),
    ],
)
def test_im2col_is_faster_for_small_maps_and_for_many_channels(
    size, kernel, strides, faster, monkeypatch
):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [])
    assert im2col.is_faster(size, kernel, strides) is faster


def test_im2col_is_not_for_gpus(monkeypatch):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [f"/{kind}:0"])
    assert not im2col.is_faster((8, 8), DEEP, STRIDES)


def gradients(convolve, images, kernel):
    with tf.GradientTape() as tape:
        tape.watch([images, kernel])
        outputs = convolve(images, kernel)
        loss = tf.reduce_sum(tf.sin(tf.cast(outputs, tf.float64)))
    return [np.float64(value) for value in tape.gradient(loss, [images, kernel])]


def plain_conv(images, kernel):
    return tf.nn.conv2d(images, kernel, 2, "SAME")


def plain_conv_transpose(images, kernel):
    batch, height, width, _ = images.shape
    size = (batch, 2 * height, 2 * width, kernel.shape[2])
    return tf.nn.conv2d_transpose(images, kernel, size, 2, "SAME")


@pytest.mark.parametrize(
    ("convolve", "plain"),
    [(im2col.conv, plain_conv), (im2col.conv_transpose, plain_conv_transpose)],
)
@pytest.mark.parametrize(("dtype", "digits"), [(tf.float32, 1e-5), (tf.bfloat16, 0.02)])
def test_gradients_of_deep_maps_are_the_plain_ones(convolve, plain, dtype, digits):
    random = np.random.default_rng(0)
    images = tf.cast(random.standard_normal((4, 20, 18, 128)), dtype)
    kernel = tf.cast(0.03 * random.standard_normal(DEEP), dtype)
    wanted = gradients(plain, tf.cast(images, tf.float64), tf.cast(kernel, tf.float64))
    received = gradients(lambda *args: convolve(*args, STRIDES), images, kernel)
    for one, other in zip(wanted, received, strict=True):
        np.testing.assert_allclose(other, one, atol=digits * np.abs(one).max())
