import numpy as np
import pytest

from keras_vae.datasets import load_dataset
from keras_vae.datasets.splits import SPLITS, assign_splits, limit_training


@pytest.mark.parametrize(
    "official",
    [
        np.zeros(1000, np.int8),
        np.repeat([0, 2], 500),
        np.arange(1000) % 3,
        np.arange(1000) % 2,
    ],
)
def test_every_image_is_in_exactly_one_split(official):
    partition, _ = assign_splits(official, seed=0)
    assert partition.dtype == np.int8
    assert set(partition) <= set(SPLITS.values())
    assert {0, 1} <= set(partition)


def test_an_official_split_stays_as_it_is():
    official = np.arange(99) % 3
    partition, rule = assign_splits(official, seed=3)
    np.testing.assert_array_equal(partition, official)
    assert rule == "official"


def test_validation_is_carved_from_train_alone():
    official = np.repeat(np.array([0, 2], np.int8), [60_000, 10_000])
    partition, rule = assign_splits(official, seed=0)
    np.testing.assert_array_equal(partition[60_000:], 2)
    assert (partition == 1).sum() == 5_000
    assert "5000" in rule


@pytest.mark.parametrize(("test", "rule"), [(0, "fewer than 10 images"), (5, "official; fewer")])
def test_fewer_than_ten_training_images_all_train(test, rule):
    official = np.repeat(np.array([0, 2], np.int8), [9, test])
    partition, said = assign_splits(official, seed=0)
    np.testing.assert_array_equal(partition, official)
    assert said.startswith(rule)
    more, said = assign_splits(np.append(official, 0), seed=0)
    assert (more == 1).sum() == 1
    assert "fewer" not in said


def test_a_random_split_depends_on_the_seed():
    first, again, other = (assign_splits(np.zeros(500, np.int8), seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert [(first == split).sum() for split in (0, 1, 2)] == [400, 50, 50]


def test_a_limit_takes_train_images_only():
    whole, again, other, unlimited = (
        load_dataset("digits", limit=limit, seed=seed)
        for limit, seed in ((100, 0), (100, 0), (100, 1), (None, 0))
    )
    assert whole.count("train") == 100
    assert whole.provenance["counts"]["train"] == 100
    assert whole.provenance["limit"] == 100
    assert set(whole.indices("train")) < set(unlimited.indices("train"))
    for split in ("validation", "test"):
        np.testing.assert_array_equal(whole.indices(split), unlimited.indices(split))
    np.testing.assert_array_equal(whole.partition, again.partition)
    assert set(whole.indices("train")) != set(other.indices("train"))


def test_a_limit_beyond_the_set_is_no_limit():
    partition = np.zeros(10, np.int8)
    np.testing.assert_array_equal(limit_training(partition, 99, seed=0), partition)


def test_arguments_that_make_no_sense_are_named():
    with pytest.raises(ValueError, match=r"`limit` must be at least 1. Received: 0"):
        load_dataset("digits", limit=0)
    with pytest.raises(ValueError, match=r"`channels` must be 1 or 3. Received: 4"):
        load_dataset("digits", channels=4)
    with pytest.raises(ValueError, match="`image_size` must be"):
        load_dataset("digits", image_size=(0, 8))
    with pytest.raises(ValueError, match="`split` must be one of train, validation, test"):
        load_dataset("digits").indices("valid")
