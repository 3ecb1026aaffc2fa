from dataclasses import replace

import numpy as np
import pytest


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
