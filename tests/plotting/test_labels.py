import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keras_vae.plotting.labels import keep_apart, overlap, place_labels


def placed(points, texts):
    figure = Figure((10, 8), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot(*points.T, "o")
    axes.margins(0.15)
    figure.draw_without_rendering()
    boxes = np.array(place_labels(axes, points, texts, ["black"] * len(texts), 9))
    drawn = [text.get_window_extent().extents for text in axes.texts]
    return axes, boxes, np.array(drawn)


def crowd(count=31, seed=0):
    """Points as those of the architectures: most of them in one corner."""
    rng = np.random.default_rng(seed)
    points = np.stack([rng.beta(6, 1, count), rng.beta(1, 6, count)], axis=1)
    return points, [f"[512,256,{number}]" for number in range(count)]


def test_labels_touch_neither_each_other_nor_points_nor_the_edge():
    axes, boxes, _ = placed(*crowd())
    touching = overlap(boxes, boxes)
    np.testing.assert_array_equal(touching, np.eye(len(boxes), dtype=bool))
    pixels = axes.transData.transform(crowd()[0])
    assert not overlap(boxes, np.concatenate([pixels - 3, pixels + 3], axis=1)).any()
    field = axes.get_window_extent().extents
    assert (boxes[:, :2] >= field[:2]).all()
    assert (boxes[:, 2:] <= field[2:]).all()


def test_labels_are_drawn_where_they_were_placed():
    _, boxes, drawn = placed(*crowd(12))
    order = [np.abs(boxes - box).sum(axis=1).argmin() for box in drawn]
    assert sorted(order) == list(range(12))
    np.testing.assert_allclose(drawn, boxes[order], atol=1.5)


def test_a_lonely_point_has_its_label_beside_it_and_no_line():
    axes, boxes, _ = placed(np.array([[0.0, 0.0], [1.0, 1.0]]), ["one", "two"])
    pixels = axes.transData.transform([[0.0, 0.0], [1.0, 1.0]])
    gaps = np.abs(np.clip(pixels, boxes[:, :2], boxes[:, 2:]) - pixels)
    assert (gaps <= 13).all()
    assert not axes.artists


def test_overlap_counts_the_clearance():
    a, b = np.array([[0.0, 0, 1, 1]]), np.array([[3.0, 0, 4, 1], [0.5, 0.5, 2, 2]])
    np.testing.assert_array_equal(overlap(a, b), [[False, True]])
    np.testing.assert_array_equal(overlap(a, b, 2.5), [[True, True]])


def test_positions_are_kept_apart_and_moved_no_further_than_that_needs():
    crowd = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0], [100.0, 0.0]])
    moved = keep_apart(crowd, 10.0)
    gaps = np.linalg.norm(moved[:, None] - moved, axis=-1)[np.triu_indices(4, 1)]
    assert gaps.min() >= 10.0
    steps = np.linalg.norm(moved - crowd, axis=1)
    assert steps[3] < 0.1
    assert steps.max() < 10.0
