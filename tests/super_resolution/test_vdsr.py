import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_vae.export.graph_ops import luminance
from keras_vae.super_resolution.vdsr import bicubic, build_vdsr


def test_the_network_is_the_papers():
    """Kim et al. 2016, figure 2: depth 20, 64 filters of 3×3, 665 thousand parameters."""
    network = build_vdsr()
    convolutions = [layer for layer in network.layers if layer.weights]
    assert [layer.kernel.shape for layer in convolutions] == [
        (3, 3, 1, 64),
        *[(3, 3, 64, 64)] * 18,
        (3, 3, 64, 1),
    ]
    activations = [layer.activation.__name__ for layer in convolutions]
    assert activations == ["relu"] * 19 + ["linear"]
    assert network.count_params() == 665_921


def test_a_pixel_sees_41_pixels_across():
    network = build_vdsr(filters=2)  # biases are zero
    for layer in network.layers[1:]:
        layer.kernel.assign(tf.ones_like(layer.kernel))
    impulse = np.zeros((1, 61, 61, 1), np.float32)
    impulse[0, 30, 30] = 1
    reached = np.asarray(network(impulse))[0, ..., 0] > 0
    assert np.argwhere(reached).min() == 10
    assert np.argwhere(reached).max() == 50
    assert reached.sum() == 41**2


def test_an_untrained_network_adds_nothing(photos):
    residual = build_vdsr(depth=4, filters=8, dtype="mixed_bfloat16")(photos[:2, ..., :1] / 255)
    assert residual.dtype == "float32"
    np.testing.assert_array_equal(residual, 0)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_bicubic_is_pillows_but_for_its_rounding(photos, factor):
    image = photos[100][:, :21] // 2 + 60  # Pillow clips between its two passes, too
    larger = Image.fromarray(image).resize((21 * factor, 32 * factor), Image.Resampling.BICUBIC)
    ours = np.clip(np.asarray(bicubic(image[None], factor)[0]), 0, 255)
    difference = np.abs(ours - np.asarray(larger))
    assert difference.max() < 1.3  # and rounds
    assert difference.mean() < 0.3


def test_luminance_is_pillows_and_goes_through_the_interpolation(photos):
    grey = np.stack([np.asarray(Image.fromarray(tile).convert("L")) for tile in photos[:3]])
    ours = luminance(tf.cast(photos[:3], tf.float32))
    assert np.abs(np.asarray(ours)[..., 0] - grey).max() <= 0.5
    np.testing.assert_allclose(luminance(bicubic(photos[:3], 3)), bicubic(ours, 3), atol=1e-3)
