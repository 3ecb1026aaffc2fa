import numpy as np
import pytest
import tensorflow as tf

from keras_vae.choices import BINARIZATIONS
from keras_vae.datasets import ImageDataset
from keras_vae.datasets.binarization import binarize, binarize_rows
from keras_vae.datasets.pipeline import sample_binary

LEVELS = np.array([0, 1, 77, 128, 254, 255], np.uint8)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """An image for each level."""
    return np.broadcast_to(LEVELS[:, None, None, None], (6, 300, 301, 1)).copy()


def share_of_white(pixels):
    assert set(np.unique(pixels)) <= {0, 255}
    return np.mean(np.asarray(pixels) == 255, axis=(1, 2, 3))


@pytest.mark.parametrize("how", ["static", "dynamic"])
def test_a_pixel_is_white_with_the_probability_that_its_level_names(images, how):
    white = share_of_white(binarize(images, how, seed=3))
    p = LEVELS / 255
    np.testing.assert_allclose(white, p, atol=1e-9 + 4 * np.sqrt(p * (1 - p) / 90_300).max())
    assert (white[0], white[-1]) == (0.0, 1.0)


def test_a_batch_is_sampled_with_the_same_probabilities_as_an_array(images):
    white = share_of_white(sample_binary(images, tf.constant([1, 2])))
    p = LEVELS / 255
    np.testing.assert_allclose(white, p, atol=1e-9 + 4 * np.sqrt(p * (1 - p) / 90_300).max())
    assert (white[0], white[-1]) == (0.0, 1.0)


def test_a_batch_follows_its_seed(images):
    first, again, other = (sample_binary(images, tf.constant([1, n])).numpy() for n in (2, 2, 3))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_threshold_makes_128_and_above_white(images):
    np.testing.assert_array_equal(share_of_white(binarize(images, "threshold")), LEVELS >= 128)


def test_static_is_one_sample_for_everybody_and_dynamic_one_for_each_seed(images):
    static = [binarize(images, "static", seed=seed) for seed in (0, 1)]
    dynamic = [binarize(images, "dynamic", seed=seed) for seed in (0, 1)]
    np.testing.assert_array_equal(*static)
    assert (dynamic[0] != dynamic[1]).any()


@pytest.mark.parametrize("how", BINARIZATIONS)
@pytest.mark.parametrize("rows", [[1, 2, 4], [5, 0, 3, 3], []])
def test_the_binarization_of_an_image_depends_on_its_row_alone(images, how, rows):
    rows = np.array(rows, np.int64)
    whole = binarize(images, how)
    np.testing.assert_array_equal(binarize_rows(images, rows, how), whole[rows])


def test_a_whole_data_set_is_binarized_and_keeps_split_and_name(images):
    dataset = ImageDataset("levels", images, np.array([0, 0, 1, 1, 2, 2], np.int8))
    binarized = dataset.binarized("dynamic", seed=4)
    np.testing.assert_array_equal(binarized.images, binarize(images, "dynamic", seed=4))
    assert (binarized.name, binarized.partition is dataset.partition) == ("levels", True)
    assert dataset.images is images  # the gray levels are kept


def test_none_keeps_the_gray_levels(images):
    assert binarize(images, "none") is images


def test_an_unknown_name_is_refused(images):
    with pytest.raises(ValueError, match=r"`binarization` must be one of .*Received: 'fixed'"):
        binarize(images, "fixed")
