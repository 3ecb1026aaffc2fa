import time
from dataclasses import replace

import numpy as np
import pytest

from keras_vae.datasets import ImageDataset, pipeline
from keras_vae.datasets.binarization import binarize
from keras_vae.datasets.pipeline import (
    reading_speed,
    split_batches,
    steps_per_epoch,
    training_batches,
)
from keras_vae.datasets.splits import SPLITS


@pytest.fixture(scope="module")
def numbered():
    """103 images whose first pixel is their number; every tenth is held out."""
    images = np.zeros((103, 2, 3, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(103)
    partition = np.where(np.arange(103) % 10 == 0, np.arange(103) // 10 % 2 + 1, 0)
    return ImageDataset("numbered", images, partition.astype(np.int8))


def epochs(dataset, count, batch_size=20, **kwargs):
    batches = iter(training_batches(dataset, batch_size, **{"seed": 0, **kwargs}))
    steps = steps_per_epoch(dataset, batch_size)
    return [
        np.concatenate([next(batches).numpy()[:, 0, 0, 0] for _ in range(steps)])
        for _ in range(count)
    ]


def test_an_epoch_shows_no_image_twice_and_none_that_is_held_out(numbered):
    for seen in epochs(numbered, 3):
        assert len(set(seen)) == len(seen) == 80
        assert set(seen) <= set(numbered.indices("train"))


def test_every_epoch_has_its_own_order(numbered):
    first, second = epochs(numbered, 2)
    assert not np.array_equal(first, second)


def test_an_order_follows_from_seed_and_epoch_alone(numbered):
    third = epochs(numbered, 3)[2]
    np.testing.assert_array_equal(epochs(numbered, 1, start_epoch=2)[0], third)
    assert not np.array_equal(epochs(numbered, 1, start_epoch=2, seed=1)[0], third)


def test_flips_mirror_half_of_the_images_left_to_right(numbered):
    plain = np.concatenate([next(iter(training_batches(numbered, 92, seed=4))).numpy()])
    flipped = next(iter(training_batches(numbered, 92, seed=4, random_flip=True))).numpy()
    mirrored = (flipped == plain[:, :, ::-1]).all(axis=(1, 2, 3))
    same = (flipped == plain).all(axis=(1, 2, 3))
    assert (mirrored | same).all()
    assert 25 < mirrored.sum() < 67


def test_dynamic_binarization_samples_anew_in_each_epoch_and_depends_on_the_seed():
    grey = ImageDataset("grey", np.full((40, 8, 8, 1), 100, np.uint8), np.zeros(40, np.int8))

    def sampled(**kwargs):
        batches = iter(training_batches(grey, 20, binarization="dynamic", **{"seed": 0, **kwargs}))
        return [next(batches).numpy() for _ in range(4)]

    first = sampled()
    assert len({batch.tobytes() for batch in first}) == 4
    np.testing.assert_array_equal(sampled(start_epoch=1)[0], first[2])
    assert (sampled(seed=1)[0] != first[0]).any()
    assert np.mean([batch == 255 for batch in first]) == pytest.approx(100 / 255, abs=0.03)


def test_static_binarization_is_the_same_in_training_and_evaluation():
    partition = (np.arange(40) % 3).astype(np.int8)  # the rows of a split are not consecutive
    grey = ImageDataset("grey", np.full((40, 8, 8, 1), 100, np.uint8), partition)
    expected = binarize(grey.images, "static")
    for split in SPLITS:
        batches = split_batches(grey, split, 16, binarization="static")
        measured = np.concatenate([batch.numpy() for batch in batches])
        np.testing.assert_array_equal(measured, expected[grey.indices(split)])
    trained = next(iter(training_batches(grey, 14, seed=0, binarization="static"))).numpy()
    shown = {image.tobytes() for image in expected[grey.indices("train")]}
    assert {image.tobytes() for image in trained} == shown


def test_batches_of_a_split_keep_order_and_remainder(numbered):
    rows = numbered.indices("train")
    batches = [batch.numpy() for batch in split_batches(numbered, "train", 50)]
    assert [len(batch) for batch in batches] == [50, len(rows) - 50]
    np.testing.assert_array_equal(np.concatenate(batches)[:, 0, 0, 0], rows)


def test_labels_are_beside_their_images(numbered):
    labelled = replace(numbered, labels=np.arange(103))
    training = training_batches(labelled, 20, seed=0, labels=True).take(6)
    binary = split_batches(labelled, "train", 50, binarization="static", labels=True)
    for images, labels in [*training, *split_batches(labelled, "train", 50, labels=True)]:
        np.testing.assert_array_equal(images.numpy()[:, 0, 0, 0], labels)
    rows = [label for _, labels in binary for label in labels.numpy()]
    np.testing.assert_array_equal(rows, numbered.indices("train"))


def test_a_batch_larger_than_the_data_is_refused(numbered):
    with pytest.raises(ValueError, match="at most the 92 training images"):
        steps_per_epoch(numbered, 93)


def test_tensorflows_tuner_is_off_for_it_delays_the_end_of_an_iterator(numbered):
    for batches in (training_batches(numbered, 20, seed=0), split_batches(numbered, "test", 20)):
        assert batches.options().autotune.enabled is False


def test_images_too_large_to_hold_are_read_row_by_row_alike(numbered, monkeypatch):
    def first_batch():
        return next(iter(training_batches(numbered, 8, seed=3))).numpy()

    held = first_batch()
    monkeypatch.setattr(pipeline, "HELD", 0)
    np.testing.assert_array_equal(first_batch(), held)


def test_the_reading_speed_counts_images(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def batches():
        now[0] += 1.0  # a slow start does not count
        while True:
            yield np.zeros((50, 2, 2, 1), np.uint8)
            now[0] += 0.02

    assert reading_speed(batches()) == pytest.approx(2500)
