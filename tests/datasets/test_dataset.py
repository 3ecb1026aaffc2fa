from dataclasses import replace

import numpy as np
import pytest

from keras_vae.datasets import ImageDataset

PIXELS = np.zeros((6, 4, 4, 1), np.uint8)
TRAINING = np.zeros(6, np.int8)
SIGNS = np.ones((6, 2), np.int8)


def test_without_a_limit_or_below_it_all_are_chosen(digits):
    validation = digits.indices("validation")
    for limit in (None, 200, 5_000):
        np.testing.assert_array_equal(digits.choose("validation", limit, 0), validation)


def test_a_choice_is_of_the_split_ascending_and_the_seeds(digits):
    rows = digits.choose("test", 50, 3)
    assert len(rows) == 50
    assert (np.diff(rows) > 0).all()
    assert set(rows) <= set(digits.indices("test"))
    np.testing.assert_array_equal(digits.choose("test", 50, 3), rows)
    assert set(digits.choose("test", 20, 3)) < set(rows)
    assert set(digits.choose("test", 50, 4)) != set(rows)


def test_a_split_without_images_names_the_others(digits):
    partition = np.where(digits.partition == 2, 0, digits.partition)
    message = r"'digits' has no test images\. It has: train \(1,597\), validation \(200\)\."
    with pytest.raises(ValueError, match=message):
        replace(digits, partition=partition).choose("test", 5, 0)


@pytest.mark.parametrize("limit", [0, -5])
def test_a_limit_below_one_is_refused(digits, limit):
    with pytest.raises(ValueError, match=f"`limit` must be at least 1\\. Received: {limit}\\."):
        digits.choose("train", limit, 0)


@pytest.mark.parametrize("images", [PIXELS / 255.0, PIXELS.astype(int), PIXELS > 0, PIXELS[..., 0]])
def test_images_of_another_type_or_rank_are_refused_before_a_training(images):
    message = rf"`images` must be a uint8 array \[N, H, W, C\]\. Received: {images.dtype} of shape "
    with pytest.raises(ValueError, match=message):
        ImageDataset("some", images, TRAINING)


def test_images_that_are_no_array_are_refused():
    with pytest.raises(ValueError, match=r"`images` must be a uint8 array .* Received: list"):
        ImageDataset("some", list(PIXELS), TRAINING)


@pytest.mark.parametrize(
    ("partition", "received"),
    [
        (TRAINING[:4], r"int8 of shape \[4\]"),
        (np.zeros(9, np.int8), r"int8 of shape \[9\]"),
        (TRAINING.tolist(), "list"),
        (np.full(6, "train"), r"<U5 of shape \[6\]"),
        (np.full(6, 3), "the value 3"),
    ],
)
def test_a_partition_that_is_not_of_the_images_is_refused(partition, received):
    message = rf"`partition` must be .* each of the 6 images\. Received: {received}\."
    with pytest.raises(ValueError, match=message):
        ImageDataset("some", PIXELS, partition)


@pytest.mark.parametrize(
    "labels",
    [np.arange(4), list(range(6)), np.full(6, "cat"), np.eye(6, dtype=int), np.arange(6.0)],
    ids=["of another length", "a list", "strings", "one-hot", "floats"],
)
def test_labels_that_are_not_one_integer_for_each_image_are_refused(labels):
    with pytest.raises(
        ValueError, match=r"`labels` must be an array \[N\] of integers, .* Received"
    ):
        ImageDataset("some", PIXELS, TRAINING, labels=labels)


@pytest.mark.parametrize(
    ("attributes", "received"),
    [
        (SIGNS[:4], r"int8 of shape \[4, 2\]"),
        (SIGNS[:, 0], r"int8 of shape \[6\]"),
        (SIGNS * 0, "the value 0"),
        (SIGNS > 0, r"bool of shape \[6, 2\]"),
    ],
)
def test_attributes_that_are_not_signs_for_each_image_are_refused(attributes, received):
    message = (
        rf"`attributes` must be .* −1, a row for each of the 6 images\. Received: {received}\."
    )
    with pytest.raises(ValueError, match=message):
        ImageDataset("some", PIXELS, TRAINING, attributes, ("a", "b"))


@pytest.mark.parametrize("attributes", [None, SIGNS])
def test_attributes_have_as_many_names(attributes):
    count = 0 if attributes is None else 2
    message = f"`attribute_names` must be {count} names, .* Received: 1\\."
    with pytest.raises(ValueError, match=message):
        ImageDataset("some", PIXELS, TRAINING, attributes, ("a",))


@pytest.mark.parametrize(
    ("names", "received"),
    [
        (np.array(["a", "b"]), r"<U1 of shape \[2\]"),
        (np.array(["a", "b"], object), r"object of shape \[2\]"),
        (np.array(["a"] * 5 + [None], object), r"object of shape \[6\]"),
        (["a"] * 6, "list"),
    ],
)
def test_there_are_as_many_names_as_images(names, received):
    with pytest.raises(ValueError, match=rf"`names` must be .* 6 images\. Received: {received}\."):
        ImageDataset("some", PIXELS, TRAINING, names=names)


@pytest.mark.parametrize("kind", [np.str_, object])
def test_names_are_texts_of_numpy_or_of_python(kind):
    names = np.array(list("abcdef"), kind)
    assert ImageDataset("some", PIXELS, TRAINING, names=names).name_of(2) == "c"


def test_a_set_is_shown_in_one_line(digits):
    assert repr(digits) == (
        "<ImageDataset 'digits': 1,797 images 8×8×1, 1,397 train, 200 validation, 200 test>"
    )
