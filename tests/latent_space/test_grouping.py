from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_vae.datasets import ImageDataset
from keras_vae.latent_space.grouping import Grouping


@pytest.fixture
def faces():
    """Ten images with two attributes, and no labels."""
    attributes = np.stack([np.repeat([1, -1], 5), np.tile([1, -1], 5)], axis=1).astype(np.int8)
    images, partition = np.zeros((10, 4, 4, 1), np.uint8), np.zeros(10, np.int8)
    return ImageDataset("faces", images, partition, attributes, ("Smiling", "Young"))


def planted(count=400, dims=5):
    """Latents whose third dimension leans towards the group, and the groups 0, 1, 2."""
    rng = np.random.default_rng(0)
    index = rng.integers(0, 3, count)
    z = rng.normal(size=(count, dims))
    z[:, 2] += index
    return z, index


def auc_by_hand(z, positive, seed):
    first, second = np.array_split(np.random.default_rng(seed).permutation(len(z)), 2)
    model = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky"))
    scores = model.fit(z[first], positive[first]).decision_function(z[second])
    return roc_auc_score(positive[second], scores)


def test_an_attribute_makes_two_groups_with_those_that_have_it_first(faces):
    grouping = Grouping.of(faces, np.array([1, 4, 5, 8]), "Smiling")
    assert grouping.names == ("Smiling", "not Smiling")
    np.testing.assert_array_equal(grouping.index, [0, 0, 1, 1])


def test_a_group_without_images_is_left_out(faces):
    grouping = Grouping.of(faces, np.array([6, 7, 9]), "Smiling")
    assert grouping.names == ("not Smiling",)
    np.testing.assert_array_equal(grouping.index, [0, 0, 0])


def test_labels_make_a_group_for_each_class_that_is_there(digits):
    rows = np.flatnonzero(np.isin(digits.labels, [7, 3]))
    grouping = Grouping.of(digits, rows, "label")
    assert grouping.names == ("3", "7")
    np.testing.assert_array_equal(grouping.index, digits.labels[rows] == 7)


def test_an_attribute_called_label_is_an_attribute(faces, digits):
    rows = np.array([1, 4, 5, 8])
    grouping = Grouping.of(replace(faces, attribute_names=("Smiling", "label")), rows, "label")
    assert grouping.names == ("label", "not label")
    np.testing.assert_array_equal(grouping.index, [1, 0, 1, 0])
    both = replace(
        faces, attribute_names=("Smiling", "label"), labels=np.arange(10), label_names=()
    )
    assert Grouping.of(both, rows, "Smiling").names == ("Smiling", "not Smiling")
    with pytest.raises(ValueError, match="has class labels and an attribute called 'label'"):
        Grouping.of(both, rows, "label")


def test_what_a_data_set_lacks_is_an_error_that_helps(faces, digits):
    rows = np.arange(5)
    with pytest.raises(
        ValueError, match=r"'faces' has no attribute 'Smilin'\. Did you mean 'Smiling'"
    ):
        Grouping.of(faces, rows, "Smilin")
    with pytest.raises(ValueError, match=r"no class labels\. Choose from: Smiling, Young"):
        Grouping.of(faces, rows, "label")
    with pytest.raises(ValueError, match=r"'digits' has no attribute.*Choose from: label"):
        Grouping.of(digits, rows, "Smiling")
    with pytest.raises(ValueError, match="'digits' has neither attributes nor class labels"):
        Grouping.of(replace(digits, labels=None), rows, "label")


def test_without_labels_the_attributes_are_listed_whatever_their_names(faces):
    names = ("Glasses", *(f"label{number}" for number in range(39)))
    many = replace(faces, attributes=np.ones((10, 40), np.int8), attribute_names=names)
    with pytest.raises(ValueError, match=rf"Choose from: {', '.join(names)}\. `by=NAME` groups"):
        Grouping.of(many, np.arange(5), "label")


def test_auc_of_two_groups_is_that_of_one_logistic_regression():
    z, index = planted()
    two = np.minimum(index, 1)
    found = Grouping(("zero", "more"), two).probe_auc(z, seed=5)
    assert found == pytest.approx(auc_by_hand(z, two == 0, seed=5), abs=1e-9)
    assert found == pytest.approx(auc_by_hand(z, two == 1, seed=5), abs=1e-9)
    assert 0.7 < found < 0.95


def test_auc_of_more_groups_is_the_mean_of_one_against_the_rest():
    z, index = planted()
    found = Grouping(("0", "1", "2"), index).probe_auc(z, seed=1)
    expected = np.mean([auc_by_hand(z, index == group, seed=1) for group in range(3)])
    assert found == pytest.approx(expected, abs=1e-9)


def test_one_group_has_no_auc():
    z, index = planted()
    assert Grouping(("all",), np.zeros_like(index)).probe_auc(z) is None


def test_the_largest_groups_are_kept_and_the_others_are_one():
    grouping = Grouping(("a", "b", "c", "d"), np.array([0, 1, 1, 1, 2, 3, 3, 0, 3]))
    largest = grouping.largest(3)
    assert largest.names == ("b", "d", "2 others")
    assert largest.index.tolist() == [2, 0, 0, 0, 2, 1, 1, 2, 1]
    assert grouping.largest(4) is grouping


def test_classes_have_the_names_of_their_labels():
    labels, names = np.array([2, 0, 2, 7]), ("cat", "dog", "ship")
    images = np.zeros((4, 8, 8, 1), np.uint8)
    dataset = ImageDataset("pets", images, np.zeros(4, np.int8), labels=labels, label_names=names)
    assert Grouping.of(dataset, np.arange(4), "label").names == ("cat", "ship", "7")
