import numpy as np
import pytest
import tensorflow as tf

from keras_vae.datasets import ImageDataset
from keras_vae.datasets.binarization import BINARIZATIONS, binarize, binarize_rows, draw_binary

LEVELS = np.array([0, 1, 77, 128, 254, 255], np.uint8)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Each level in an image of its own."""
    return np.broadcast_to(LEVELS[:, None, None, None], (6, 300, 301, 1)).copy()


def share_of_white(drawn):
    assert set(np.unique(drawn)) <= {0, 255}
    return np.mean(np.asarray(drawn) == 255, axis=(1, 2, 3))


@pytest.mark.parametrize("how", ["static", "dynamic"])
def test_a_pixel_is_white_with_the_probability_that_its_level_names(images, how):
    white = share_of_white(binarize(images, how, seed=3))
    p = LEVELS / 255
    np.testing.assert_allclose(white, p, atol=1e-9 + 4 * np.sqrt(p * (1 - p) / 90_300).max())
    assert (white[0], white[-1]) == (0.0, 1.0)


def test_a_batch_is_drawn_with_the_same_probabilities_as_an_array(images):
    white = share_of_white(draw_binary(images, tf.constant([1, 2])))
    p = LEVELS / 255
    np.testing.assert_allclose(white, p, atol=1e-9 + 4 * np.sqrt(p * (1 - p) / 90_300).max())
    assert (white[0], white[-1]) == (0.0, 1.0)


def test_a_batch_follows_its_seed(images):
    first, again, other = (draw_binary(images, tf.constant([1, n])).numpy() for n in (2, 2, 3))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_threshold_takes_128_for_white(images):
    np.testing.assert_array_equal(share_of_white(binarize(images, "threshold")), LEVELS >= 128)


def test_static_is_one_draw_for_everybody_and_dynamic_one_for_each_seed(images):
    static = [binarize(images, "static", seed=seed) for seed in (0, 1)]
    dynamic = [binarize(images, "dynamic", seed=seed) for seed in (0, 1)]
    np.testing.assert_array_equal(*static)
    assert (dynamic[0] != dynamic[1]).any()


@pytest.mark.parametrize("how", BINARIZATIONS)
@pytest.mark.parametrize("rows", [[1, 2, 4], [5, 0, 3, 3], []])
def test_an_image_is_binarised_by_its_row_whoever_asks(images, how, rows):
    rows = np.array(rows, np.int64)
    whole = binarize(images, how, seed=3)
    np.testing.assert_array_equal(binarize_rows(images, rows, how, seed=3), whole[rows])


def test_a_data_set_is_binarised_whole_and_keeps_what_is_known_of_it(images):
    dataset = ImageDataset("levels", images, np.array([0, 0, 1, 1, 2, 2], np.int8))
    binarised = dataset.binarized("dynamic", seed=4)
    np.testing.assert_array_equal(binarised.images, binarize(images, "dynamic", seed=4))
    assert (binarised.name, binarised.partition is dataset.partition) == ("levels", True)
    assert dataset.images is images  # the grey ones are still there


def test_none_leaves_the_levels(images):
    assert binarize(images, "none") is images


def test_an_unknown_name_is_refused(images):
    with pytest.raises(ValueError, match=r"`binarization` must be one of .*Received: 'fixed'"):
        binarize(images, "fixed")
