"""TensorFlow's operations on random pixels are the reference."""

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.faces.resampling import SummedAreaTable, crop_and_resize


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (83, 120, 3)).astype(np.uint8)


@pytest.mark.parametrize("size", [(83, 120), (49, 72), (41, 60), (12, 17), (1, 1), (83, 1)])
def test_area_reduction_is_that_of_tensorflow(pixels, size):
    expected = tf.image.resize(pixels, size, tf.image.ResizeMethod.AREA)
    np.testing.assert_allclose(
        SummedAreaTable(pixels).resize(*size), expected, atol=5e-3
    )  # float32 there


def test_area_reduction_of_one_pixel():
    pixels = np.array([[[7, 9, 250]]], np.uint8)
    np.testing.assert_array_equal(SummedAreaTable(pixels).resize(1, 1), pixels)


@pytest.mark.parametrize("side", [24, 48])
def test_crops_are_those_of_tensorflow(pixels, side):
    corners = np.random.default_rng(1).uniform(-30, 110, (200, 2))  # many beyond the border
    boxes = np.concatenate([corners, corners + np.linspace(1, 90, 200)[:, np.newaxis]], axis=1)
    normalized = boxes[:, [1, 0, 3, 2]] / [83, 120, 83, 120]
    expected = tf.image.crop_and_resize(
        pixels[np.newaxis], normalized, np.zeros(200, int), (side, side), extrapolation_value=127.5
    )
    crops = crop_and_resize(pixels, boxes, side, fill=127.5)
    assert crops.dtype == np.float32
    np.testing.assert_allclose(crops, expected, atol=0.02)


def test_a_crop_of_the_whole_image_is_the_image(pixels):
    square = pixels[:, :83]
    np.testing.assert_array_equal(
        crop_and_resize(square, np.array([[0, 0, 83, 83]]), 83, fill=0)[0], square
    )
