import math

import numpy as np
import pytest

from keras_vae.evaluation.pixels import measure_pixels, squared_errors


def test_an_image_is_like_itself(photos):
    found = measure_pixels(photos[:5], photos[:5])
    assert (found.mse, found.sse, found.psnr) == (0.0, 0.0, math.inf)
    assert found.ssim == pytest.approx(1.0)
    assert found.ssim_window == 11


def test_a_shift_of_grey_levels_is_what_it_is():
    image = np.full((3, 16, 16, 1), 100, np.uint8)
    found = measure_pixels(image, image + 51)  # a fifth of the range
    assert found.mse == pytest.approx(0.04)
    assert found.mse_error == 0.0
    assert found.sse == pytest.approx(0.04 * 256)
    assert found.psnr == pytest.approx(10 * math.log10(25))
    c1, means = 0.01**2 * 255**2, (100.0, 151.0)  # no structure: the luminance term alone
    expected = (2 * means[0] * means[1] + c1) / (means[0] ** 2 + means[1] ** 2 + c1)
    assert found.ssim == pytest.approx(expected, rel=1e-4)


def test_errors_are_by_image(photos):
    images, others = photos[:4], photos[4:8]
    expected = [np.mean((a / 255 - b / 255) ** 2) for a, b in zip(images, others, strict=True)]
    np.testing.assert_allclose(squared_errors(images, others), expected)
    found = measure_pixels(images, others)
    assert found.mse == pytest.approx(np.mean(expected))
    assert found.mse_error == pytest.approx(np.std(expected, ddof=1) / 2)


def test_small_images_have_a_small_window(digits):
    found = measure_pixels(digits.images[:300], digits.images[300:600])
    assert found.ssim_window == 8
    assert 0.0 < found.ssim < 0.9
