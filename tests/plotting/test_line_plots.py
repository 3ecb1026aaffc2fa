import numpy as np
import pytest

from keras_vae.plotting import Line, Panel, line_plot, line_plots
from keras_vae.plotting.figures import picture_of


def edges(picture):
    pixels = np.asarray(picture.convert("L"))
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def coloured(picture, rgb):
    return (np.abs(np.asarray(picture).astype(int) - rgb).sum(axis=-1) < 30).sum()


def test_nothing_is_cut_off_a_line_plot():
    panel = Panel("A long title of a panel", ("x", "y"), [Line("line", (1, 2, 4), (3, 2, 1))])
    for count in (1, 3):
        picture = line_plot([panel] * count, title="Title", caption="A caption. " * 20)
        assert (edges(picture) == 255).all()


def test_intervals_and_colours_are_drawn():
    xs, ys = (1, 2, 4), (3, 2, 1)
    plain, barred = (
        line_plot([Panel("t", ("x", "y"), [Line("a", xs, ys, errors)])], title="t")
        for errors in ((), (0.5, 0.5, 0.5))
    )
    blue = (0x00, 0x72, 0xB2)
    assert coloured(barred, blue) > coloured(plain, blue) > 0


def test_a_line_of_two_panels_is_in_the_legend_once():
    panels = [Panel(name, ("x", "y"), [Line("same", (1, 2), (1, 2))]) for name in "ab"]
    one = line_plot(panels[:1], title="t")
    assert line_plot(panels, title="t").height == one.height


def test_a_ring_marks_a_point():
    line = Line("g", (1, 10, 100), (3, 2, 1), labels=("a", "b", "c"))
    plain, ringed = (
        line_plot([Panel("t", ("x", "y"), [line], "x", circled=circled)], title="t")
        for circled in (None, "b")
    )
    assert coloured(ringed, (0, 0, 0)) > coloured(plain, (0, 0, 0))
    assert (edges(ringed) == 255).all()


def test_the_legend_of_a_single_panel_is_within_it():
    named = Panel("a", ("x", "y"), [Line("name", (1, 2), (1, 2))])
    bare = Panel("b", ("x", "y"), [Line("", (1, 2), (1, 2))])
    alike = line_plot([named, named], title="t")
    alone, none = (line_plot([panel, bare], title="t") for panel in (named, bare))
    assert alone.width == none.width == alike.width
    assert coloured(alone, (0, 0x72, 0xB2)) > coloured(none, (0, 0x72, 0xB2))


def crowded():
    """A panel of points as those of the architectures: most of them in one corner."""
    rng = np.random.default_rng(0)
    xs, ys = np.sort(rng.beta(6, 1, 31)), rng.beta(1, 6, 31)
    return Panel("t", ("x", "y"), [Line("g", xs, ys, labels=[f"[512,256,{n}]" for n in range(31)])])


def labels_of(monkeypatch, panel):
    """The box of each label, the points and the edges of the panel, in pixels."""
    figures = []

    def keep(figure):
        figures.append(figure)
        return picture_of(figure)

    monkeypatch.setattr(line_plots, "picture_of", keep)
    line_plot([panel], title="t")
    (axes,) = figures[0].axes
    boxes = np.array([text.get_window_extent().extents for text in axes.texts])
    points = axes.transData.transform([point[:2] for point in panel.points])
    return [text.get_text() for text in axes.texts], boxes, points, axes.get_window_extent().extents


def overlaps(boxes, others):
    """Whether boxes [N, 4] overlap others [M, 4], bool [N, M]."""
    boxes, others = boxes[:, None], others[None]
    apart = (boxes[..., 2:] <= others[..., :2]) | (boxes[..., :2] >= others[..., 2:])
    return ~apart.any(axis=-1)


def test_labels_overlap_neither_each_other_nor_points_nor_the_edge(monkeypatch):
    texts, boxes, points, edge = labels_of(monkeypatch, crowded())
    assert sorted(texts) == sorted(f"[512,256,{n}]" for n in range(31))
    np.testing.assert_array_equal(overlaps(boxes, boxes), np.eye(31, dtype=bool))
    assert not overlaps(boxes, np.concatenate([points - 3, points + 3], axis=1)).any()
    assert (boxes[:, :2] >= edge[:2]).all()
    assert (boxes[:, 2:] <= edge[2:]).all()


def test_labels_are_where_they_were_before(monkeypatch):
    first, again = (labels_of(monkeypatch, crowded())[1] for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_a_lonely_point_has_its_label_beside_it(monkeypatch):
    line = Line("g", (1, 2), (1, 2), labels=("one", "two"))
    texts, boxes, points, _ = labels_of(monkeypatch, Panel("t", ("x", "y"), [line]))
    points = points[[("one", "two").index(text) for text in texts]]
    gaps = np.abs(np.clip(points, boxes[:, :2], boxes[:, 2:]) - points)
    assert (gaps <= 25).all()


def test_a_line_plot_has_at_least_one_panel():
    with pytest.raises(ValueError, match="`panels` must hold at least one panel"):
        line_plot([], title="t")


@pytest.mark.parametrize("colour", [-1, 7, 99])
def test_a_line_has_one_of_seven_colours(colour):
    with pytest.raises(ValueError, match=rf"`colour` must be in \[0, 7\). Received: {colour}"):
        Line("a", (1, 2), (1, 2), colour=colour)


@pytest.mark.parametrize(
    "values", [{"ys": ()}, {"ys": (1, 2, 3)}, {"errors": (1,)}, {"labels": ("one",)}]
)
def test_a_line_has_something_for_each_of_its_points(values):
    (name,) = values
    with pytest.raises(ValueError, match=f"`{name}` must have as many values as `xs`, 2. Rec"):
        Line("a", **{"xs": (1, 2), "ys": (1, 2), **values})
