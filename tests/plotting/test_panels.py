import numpy as np

from keras_vae.plotting import Curve, Curves, Group, Points, curve_panels, labelled_panels


def edges(picture):
    pixels = np.asarray(picture.convert("L"))
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def coloured(picture, rgb):
    return (np.abs(np.asarray(picture).astype(int) - rgb).sum(axis=-1) < 30).sum()


def test_nothing_is_cut_off_a_figure_of_curves():
    panel = Curves("A long title of a panel", ("x", "y"), [Curve("line", (1, 2, 4), (3, 2, 1))])
    for count in (1, 3):
        picture = curve_panels([panel] * count, title="Title", caption="A caption. " * 20)
        assert (edges(picture) == 255).all()


def test_intervals_and_colours_are_drawn():
    xs, ys = (1, 2, 4), (3, 2, 1)
    plain, barred = (
        curve_panels([Curves("t", ("x", "y"), [Curve("a", xs, ys, errors)])], title="t")
        for errors in ((), (0.5, 0.5, 0.5))
    )
    blue = (0x00, 0x72, 0xB2)
    assert coloured(barred, blue) > coloured(plain, blue) > 0


def test_a_curve_of_two_panels_is_in_the_legend_once():
    panels = [Curves(name, ("x", "y"), [Curve("same", (1, 2), (1, 2))]) for name in "ab"]
    one = curve_panels(panels[:1], title="t")
    assert curve_panels(panels, title="t").height == one.height


def test_a_ring_marks_a_point():
    group = Group("g", (1, 10, 100), (3, 2, 1), ("a", "b", "c"))
    plain, ringed = (
        labelled_panels([Points("t", [group], circled)], axes=("x", "y"), title="t")
        for circled in (None, "b")
    )
    assert coloured(ringed, (0, 0, 0)) > coloured(plain, (0, 0, 0))
    assert (edges(ringed) == 255).all()


def test_the_legend_of_a_single_panel_is_within_it():
    named = Curves("a", ("x", "y"), [Curve("name", (1, 2), (1, 2))])
    bare = Curves("b", ("x", "y"), [Curve("", (1, 2), (1, 2))])
    alike = curve_panels([named, named], title="t")
    alone, none = (curve_panels([panel, bare], title="t") for panel in (named, bare))
    assert alone.width == none.width == alike.width
    assert coloured(alone, (0, 0x72, 0xB2)) > coloured(none, (0, 0x72, 0xB2))
