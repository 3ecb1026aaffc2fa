import tracemalloc

import numpy as np
import pytest
from PIL import Image

from keras_vae.faces.similarity import Similarity

TURN = Similarity(1.3 * np.exp(0.4j), 5 - 3j)


def points(count, seed=0):
    return np.random.default_rng(seed).uniform(-50, 50, (count, 2))


def spots(places, size=(120, 100)):
    """A black image with a soft white spot at each place."""
    x, y = np.arange(size[0]) + 0.5, np.arange(size[1])[:, np.newaxis] + 0.5
    light = sum(np.exp(-((x - p) ** 2 + (y - q) ** 2) / 18) for p, q in places)
    return Image.fromarray((255 * light).astype(np.float32))


def centroid(image):
    light = np.asarray(image)
    rows, columns = (np.arange(side) + 0.5 for side in light.shape)
    return np.array([light.sum(axis=0) @ columns, light.sum(axis=1) @ rows]) / light.sum()


def test_factor_and_shift_are_a_turned_and_scaled_frame():
    quarter = Similarity(2j, 1)  # on the screen clockwise: x goes where y pointed
    np.testing.assert_allclose(quarter(np.array([[1, 0], [0, 1]])), [[1, 2], [-1, 0]], atol=1e-12)
    assert quarter.scale == 2


def test_composition_and_inverse():
    other = Similarity(0.2 - 0.5j, 2j)
    there = points(7)
    np.testing.assert_allclose((TURN @ other)(there), TURN(other(there)))
    np.testing.assert_allclose(TURN.inverse()(TURN(there)), there)


def test_fit_recovers_a_similarity():
    found = Similarity.fit(points(5), TURN(points(5)))
    assert found.factor == pytest.approx(TURN.factor)
    assert found.shift == pytest.approx(TURN.shift)


def test_fit_is_the_least_of_the_weighted_squares():
    source, target = points(6), TURN(points(6)) + points(6, seed=1) / 10
    weights = np.array([1.0, 2.0, 0.5, 1.0, 0.1, 3.0])

    def cost(transform):
        return weights @ ((transform(source) - target) ** 2).sum(axis=1)

    best = Similarity.fit(source, target, weights)
    for factor, shift in [(0.01, 0), (-0.01j, 0), (0, 0.1), (0, -0.1j)]:
        assert cost(Similarity(best.factor + factor, best.shift + shift)) > cost(best)


def test_fit_ignores_points_of_no_weight():
    source = points(4)
    target = TURN(source)
    target[2] += 1000
    assert Similarity.fit(source, target, (1, 1, 0, 1)).factor == pytest.approx(TURN.factor)


def test_bounds_hold_the_turned_image():
    left, upper, right, lower = Similarity(1j, 10).bounds((4, 2))  # a quarter turn
    np.testing.assert_allclose([left, upper, right, lower], [8, 0, 10, 4], atol=1e-12)


@pytest.mark.parametrize(
    "transform",
    [
        Similarity(1, 7.25 - 4.5j),
        Similarity(1.7 * np.exp(0.5j), 10),
        Similarity(0.31 * np.exp(-0.6j), 20 + 30j),  # is reduced first
        Similarity(0.74, 3),
    ],
    ids=["shifted", "enlarged", "reduced", "slightly reduced"],
)
def test_warp_brings_a_spot_where_the_map_brings_its_centre(transform):
    place = np.array([61.3, 47.8])
    warped = transform.warp(spots([place]), (200, 220))
    assert warped.size == (200, 220)
    np.testing.assert_allclose(
        centroid(warped), transform(place), atol=0.1
    )  # Pillow's kernel is coarse


def test_warp_by_whole_pixels_changes_none(photos):
    image = Image.fromarray(photos[100])
    same = np.asarray(Similarity(1, 0).warp(image, (32, 32)))
    np.testing.assert_array_equal(same, photos[100])
    shifted = np.asarray(Similarity(1, -4 - 6j).warp(image, (20, 10)))
    np.testing.assert_array_equal(shifted, photos[100][6:16, 4:24])
    turned = np.asarray(Similarity(1j, 32).warp(image, (32, 32)))
    np.testing.assert_array_equal(turned, np.rot90(photos[100], -1))


def test_warp_keeps_the_colour_profile(photos):
    image = Image.fromarray(photos[0])
    image.info["icc_profile"] = b"of some colours"
    for scale in (0.3, 1, 2):  # reduced first, or not
        warped = Similarity(scale, 0).warp(image, (8, 8))
        assert warped.info["icc_profile"] == b"of some colours"


def test_warp_is_antialiased():
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    grey = np.asarray(Similarity(0.25, 0).warp(Image.fromarray(stripes), (16, 16)), int)
    assert np.abs(grey[:, 3:-3] - 127).max() <= 1


def test_outermost_pixels_go_on_past_the_border(photos):
    wide = np.asarray(Similarity(1, 10 + 20j).warp(Image.fromarray(photos[100]), (60, 60)))
    np.testing.assert_array_equal(wide, np.pad(photos[100], [(20, 8), (10, 18), (0, 0)], "edge"))


@pytest.mark.parametrize("shift", [30 + 20j, 150 + 10j, -40 - 60j, 500, 90 - 400j])
def test_a_reduced_image_goes_on_past_the_border(shift, astronaut):
    image = astronaut.resize((160, 120))
    padded = Image.fromarray(np.pad(image, [(2000, 2000), (2000, 2000), (0, 0)], "edge"))
    reduce = Similarity(0.3 * np.exp(0.2j), shift)
    warped = np.asarray(reduce.warp(image, (178, 218)), int)
    expected = (reduce @ Similarity(1, -2000 - 2000j)).warp(padded, (178, 218))
    differences = np.abs(warped - np.asarray(expected, int))
    assert differences.max() <= 8
    assert differences.mean() < 0.1


def test_a_canvas_far_larger_than_the_image_takes_little_memory():
    image = Image.linear_gradient("L").convert("RGB")
    tracemalloc.start()
    Similarity(0.02, 89 + 109j).warp(image, (178, 218))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6  # the canvas shows 8,900 by 10,900 pixels of the image's plane: 290 MB
