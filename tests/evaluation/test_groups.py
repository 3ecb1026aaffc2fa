import numpy as np
import pytest

from keras_vae.datasets import ImageDataset
from keras_vae.evaluation.groups import errors_by_group, group_images

ATTRIBUTES = np.array([[1, 1], [1, -1], [-1, 1], [1, 1], [-1, -1]], np.int8)
DATASET = ImageDataset(
    "faces",
    np.zeros((5, 2, 2, 3), np.uint8),
    np.zeros(5, np.int8),
    attributes=ATTRIBUTES,
    attribute_names=("Male", "Young"),
    labels=np.array([7, 7, 3, 3, 3]),
)
ERRORS = np.array([1.0, 2.0, 3.0, 5.0, 8.0])


def grouped(rows, *by):
    groups = errors_by_group(ERRORS[rows], group_images(DATASET, rows, by))
    return {group.name: group for group in groups}


def test_every_combination_that_occurs_is_a_group():
    groups = grouped(np.arange(5), "Male", "Young")
    assert {name: (group.count, group.mse) for name, group in groups.items()} == {
        "Male, Young": (2, 3.0),
        "Male, not Young": (1, 2.0),
        "not Male, Young": (1, 3.0),
        "not Male, not Young": (1, 8.0),
    }
    assert groups["Male, Young"].mse_error == pytest.approx(2.0)
    assert np.isnan(groups["not Male, Young"].mse_error)


def test_rows_are_those_of_the_data_set():
    groups = grouped(np.array([1, 3]), "Young")
    assert {name: group.mse for name, group in groups.items()} == {"Young": 5.0, "not Young": 2.0}


def test_classes_are_groups_as_well():
    groups = grouped(np.arange(5), "label")
    assert {name: group.count for name, group in groups.items()} == {"label 3": 3, "label 7": 2}


def test_without_attributes_there_are_no_groups():
    assert group_images(DATASET, np.arange(5), ()) == []


def test_an_unknown_fact_is_answered_with_near_ones():
    with pytest.raises(ValueError, match="Did you mean 'Young'"):
        group_images(DATASET, np.arange(5), ["Youngg"])
