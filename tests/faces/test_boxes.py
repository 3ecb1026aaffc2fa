import tracemalloc

import numpy as np
import pytest

from keras_vae.faces.boxes import shift, square, suppress_non_maxima


def test_edges_are_shifted_by_parts_of_the_size():
    shifted = shift(np.array([[10.0, 20, 30, 60]]), np.array([[0.1, -0.1, 0.5, 0]]), [[20, 40]])
    np.testing.assert_allclose(shifted, [[12, 16, 40, 60]])


def test_a_square_has_the_longer_side_and_the_same_centre():
    boxes = square(np.array([[0.0, 0, 10, 4], [-6, 2, -3, 8]]))
    np.testing.assert_allclose(boxes, [[0, -3, 10, 7], [-7.5, 2, -1.5, 8]])


def test_the_box_of_the_highest_score_remains():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]])
    selected = suppress_non_maxima(boxes, np.array([0.7, 0.9, 0.8]), 0.5)
    np.testing.assert_array_equal(selected, [1, 2])


@pytest.mark.parametrize(
    ("threshold", "relative_to", "count"),
    [(0.3, "union", 1), (0.34, "union", 2), (0.49, "smaller", 1), (0.51, "smaller", 2)],
)
def test_overlap_is_relative_to_the_union_or_the_smaller_box(threshold, relative_to, count):
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10]])  # a half, a third of the union
    assert len(suppress_non_maxima(boxes, np.array([0.7, 0.9]), threshold, relative_to)) == count


def test_a_suppressed_box_suppresses_others():
    boxes = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]])
    np.testing.assert_array_equal(suppress_non_maxima(boxes, np.array([3, 2, 1]), 0.4), [0])


@pytest.mark.parametrize("relative_to", ["union", "smaller"])
def test_boxes_are_compared_with_all_others(relative_to):
    generator = np.random.default_rng(0)
    boxes = generator.uniform(0, 100, (400, 2))
    boxes = np.concatenate([boxes, boxes + generator.uniform(-1, 40, (400, 2))], axis=1)
    scores = generator.uniform(size=400).round(1)  # with ties
    order = np.argsort(scores)[::-1]
    kept = [
        index
        for rank, index in enumerate(order)
        if not any(overlap(boxes[index], boxes[other], relative_to) > 0.3 for other in order[:rank])
    ]
    assert 20 < len(kept) < 200
    np.testing.assert_array_equal(suppress_non_maxima(boxes, scores, 0.3, relative_to), kept)


def overlap(a, b, relative_to):
    sides = np.maximum(0, np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]))
    areas = [np.prod(box[2:] - box[:2]) for box in (a, b)]
    shared = np.prod(sides)
    return shared / (min(areas) if relative_to == "smaller" else sum(areas) - shared)


def test_the_memory_of_many_boxes_is_bounded():
    corners = np.stack(np.meshgrid(np.arange(60), np.arange(60)), axis=-1).reshape(-1, 2) * 4.0
    boxes = np.concatenate([corners, corners + 20], axis=1)
    tracemalloc.start()
    suppress_non_maxima(boxes, np.arange(len(boxes)), 0.5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6  # a matrix of all 13 million pairs has 100 MB


def test_no_boxes_give_none():
    assert suppress_non_maxima(np.empty((0, 4)), np.empty(0), 0.5).shape == (0,)
    assert square(np.empty((0, 4))).shape == (0, 4)
