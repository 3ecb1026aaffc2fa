import numpy as np
import pytest

from keras_vae.latent_space.attributes import Attributes, cluster_order, contributions, cosines

NAMES = ("Male", "Smiling", "Young")


def test_contributions_are_sorted_products_without_the_target():
    target = np.array([3.0, 4.0])
    directions = np.stack([-2 * target, target, [-4.0, 3.0], [0.3, 0.4]])
    table = contributions(
        Attributes(("opposite", "target", "orthogonal", "along"), directions), "target"
    )
    assert [entry.name for entry in table] == ["along", "orthogonal", "opposite"]
    np.testing.assert_allclose([entry.dot for entry in table], [2.5, 0.0, -50.0], atol=1e-12)
    np.testing.assert_allclose([entry.cosine for entry in table], [1.0, 0.0, -1.0], atol=1e-12)
    assert all(entry.dot_interval is entry.cosine_interval is None for entry in table)


def test_cosine_does_not_grow_with_length():
    directions = np.random.default_rng(3).normal(size=(3, 6))
    longer = directions * np.array([[1.0], [10.0], [1.0]])
    before, after = (
        {entry.name: entry for entry in contributions(Attributes(NAMES, d), "Male")}
        for d in (directions, longer)
    )
    assert after["Smiling"].dot == pytest.approx(10 * before["Smiling"].dot)
    assert after["Smiling"].cosine == pytest.approx(before["Smiling"].cosine)


def test_intervals_are_two_standard_errors_about_the_point():
    directions = np.array([[1.0, 0.0], [2.0, 0.1]])
    errors = {"dot_errors": np.full((2, 2), 0.5), "cosine_errors": np.full((2, 2), 0.01)}
    (entry,) = contributions(Attributes(("a", "b"), directions, **errors), "a")
    assert entry.dot_interval == pytest.approx((2 - 0.98, 2 + 0.98))
    assert entry.cosine_interval == pytest.approx((entry.cosine - 0.0196, 1.0))  # no more than 1


def test_cosines_are_symmetric_with_ones():
    directions = np.random.default_rng(0).normal(size=(30, 7)).astype(np.float32)
    matrix = cosines(directions)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1)
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    np.testing.assert_allclose(matrix, units @ units.T, atol=1e-6)
    assert cosines(np.array([[0.0, 0.0], [1.0, 0.0]])).tolist() == [[1, 0], [0, 1]]


def test_cluster_order_puts_planted_groups_together():
    rng = np.random.default_rng(1)
    centres = np.eye(3, 10)
    groups = rng.permutation(np.repeat(np.arange(3), 6))
    order = cluster_order(cosines(centres[groups] + 0.1 * rng.normal(size=(18, 10))))
    assert sorted(order) == list(range(18))
    assert np.count_nonzero(np.diff(groups[order])) == 2
    assert np.count_nonzero(np.diff(groups)) > 5


def test_opposites_are_far_apart():
    directions = np.array([[1.0, 0.0], [-1.0, 0.1], [0.9, 0.1], [-1.0, 0.0]])
    order = cluster_order(cosines(directions)).tolist()
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset((0, 2)), frozenset((1, 3))}


@pytest.mark.parametrize("count", [0, 1])
def test_a_single_direction_is_in_order(count):
    assert cluster_order(np.eye(count)).tolist() == list(range(count))
