import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_vae.export.graph_ops import luminance
from keras_vae.files.photos import open_photo
from keras_vae.super_resolution.endpoints import UpscalerEndpoints
from keras_vae.super_resolution.vdsr import bicubic, build_vdsr
from tests.encoding import encoded


@pytest.fixture(scope="module")
def endpoints(small_vdsr):
    return UpscalerEndpoints(small_vdsr, 3)


def pixels_of(endpoints, images):
    return endpoints.upscale_pixels(tf.constant(images))["image"].numpy()


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_without_a_residual_the_result_is_the_interpolation(photos, factor):
    images = photos[:3, :, :13]
    untrained = UpscalerEndpoints(build_vdsr(depth=3, filters=4), factor)
    larger = np.floor(np.asarray(bicubic(images, factor)) + 0.5).clip(0, 255)
    np.testing.assert_array_equal(pixels_of(untrained, images), larger)


def test_the_residual_changes_luminance_alone(endpoints, small_vdsr, photos):
    images = photos[100:102] // 4 + 90  # nothing is clipped
    larger = np.asarray(bicubic(images, 3))
    residual = 255 * np.asarray(small_vdsr(luminance(larger) / 255))
    assert np.ptp(residual) > 5
    changed = pixels_of(endpoints, images) - larger
    np.testing.assert_allclose(changed, np.broadcast_to(residual, changed.shape), atol=0.51)


def test_grey_images_stay_grey(endpoints, photos):
    grey = photos[:2, :9, :, :1]
    larger = pixels_of(endpoints, grey)
    assert larger.shape == (2, 27, 96, 1)
    colour = pixels_of(endpoints, np.repeat(grey, 3, axis=-1))
    np.testing.assert_array_equal(colour, np.repeat(larger, 3, axis=-1))


def test_no_image_gives_none(endpoints):
    assert pixels_of(endpoints, np.zeros((0, 5, 7, 3), np.uint8)).shape == (0, 15, 21, 3)


@pytest.mark.slow
def test_files_of_several_sizes_come_back_as_png(endpoints, photos):
    transparent = Image.fromarray(photos[1][:20]).copy()
    transparent.putalpha(100)
    files = [
        encoded(Image.fromarray(photos[0])),
        encoded(transparent),
        encoded(Image.fromarray(photos[2][:, :9, 0])),
    ]
    larger = endpoints.upscale(tf.constant(files))["image_bytes"].numpy()
    for file, result in zip(files, larger, strict=True):
        assert result.startswith(b"\x89PNG")
        expected = pixels_of(endpoints, np.asarray(open_photo(file))[None])[0]
        np.testing.assert_array_equal(open_photo(result), expected)


def test_other_channels_are_refused(endpoints):
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have 1 or 3 channels"):
        pixels_of(endpoints, np.zeros((1, 4, 4, 4), np.uint8))


def test_reach_is_that_of_network_and_interpolation(small_vdsr):
    assert UpscalerEndpoints(small_vdsr, 3).reach == 3  # 3 pixels of the large image, and 2
    assert UpscalerEndpoints(build_vdsr(), 3).reach == 9  # ⌈20 / 3⌉ + 2
