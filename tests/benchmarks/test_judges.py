"""How photos and reconstructions are compared, by a network that sees the mean of a colour."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.judges import FULL, Judge


def mean_colour(parts):
    import tensorflow as tf

    return tf.reduce_mean(parts, axis=(1, 2))


def plain(*greys):
    """Photos of one grey each."""
    return np.broadcast_to(np.uint8(greys)[:, None, None, None], (len(greys), FULL, FULL, 3))


@pytest.fixture
def judge():
    return Judge("grey", mean_colour, side=10, part=(20.0, 40.0, 115.0), threshold=2.0)


def test_the_part_reaches_over_the_border_mirrored(judge):
    photo = np.random.default_rng(0).integers(0, 256, (FULL, FULL, 3)).astype(np.uint8)
    part = replace(judge, side=115).cut(photo)  # to row 154
    np.testing.assert_array_equal(part[: FULL - 40], photo[40:, 20:135])
    np.testing.assert_array_equal(part[FULL - 40 :], photo[:-8:-1, 20:135])


def test_descriptors_are_of_all_photos(judge):
    greys = np.arange(101)
    np.testing.assert_allclose(judge.describe(plain(*greys)), greys[:, None].repeat(3, 1))


def test_one_percent_of_different_people_match(judge):
    generator = np.random.default_rng(0)
    identities = np.arange(60) // 2
    photos = plain(*generator.integers(0, 256, 60))
    descriptors = judge.describe(photos)
    calibrated = judge.calibrated(photos, identities)
    first, second = np.triu_indices(60, 1)
    different = identities[first] != identities[second]
    distances = np.linalg.norm(descriptors[first] - descriptors[second], axis=1)[different]
    assert calibrated.threshold == pytest.approx(np.quantile(distances, 0.01))


def test_reconstructions_are_compared_with_all_photos(judge):
    photos = np.array([[0.0], [10.0], [20.0], [21.0]])
    reconstructions = np.array([[1.0], [13.0], [22.0], [21.5]])
    assert judge.compare(photos, reconstructions) == {
        "threshold": 2.0,
        "same person": 0.5,  # the third is at the threshold
        "median distance": 1.5,
        "nearest of 4 is itself": 0.75,  # the third is nearer to the fourth photo
    }


def test_photos_and_reconstructions_are_compared_with_other_photos_of_the_person(judge):
    photos = np.array([[0.0], [1.0], [20.0], [21.0]])
    reconstructions = np.array([[2.9], [2.0], [20.0], [30.0]])
    found = judge.compare(photos, reconstructions, np.array([7, 7, 8, 9]))
    assert found["pairs of photos of a person"] == 1
    assert found["photo and another photo of the person match"] == 1.0
    assert found["photo and a photo of another person match"] == 0.2  # 20 and 21, of 5 pairs
    assert found["reconstruction and another photo of the person match"] == 0.5
    assert found["reconstruction and a photo of another person match"] == 0.1
    alone = judge.compare(photos, reconstructions, np.arange(4))
    assert np.isnan(alone["reconstruction and another photo of the person match"])
