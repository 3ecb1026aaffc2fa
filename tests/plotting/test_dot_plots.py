import numpy as np
import pytest

from keras_vae.plotting import dot_plot

BLUE, ORANGE = (0, 114, 178), (213, 94, 0)


def places(picture, colour):
    """Mean x and y of the pixels of a colour, the legend left out."""
    pixels = np.asarray(picture.convert("RGB"))[:-60]
    y, x = np.nonzero((pixels == colour).all(axis=-1))
    return x.mean(), y.mean()


def test_the_largest_of_the_first_series_is_on_top_and_to_the_right():
    picture = dot_plot({"AUC": {"ours": {"a": 0.1, "b": 0.9}}}, title="t")
    pixels = np.asarray(picture.convert("RGB"))[:-60]
    rows, columns = np.nonzero((pixels == BLUE).all(axis=-1))
    upper = rows < (rows.min() + rows.max()) / 2
    assert columns[upper].min() > columns[~upper].max()


def test_series_have_their_own_colours_at_the_height_of_their_name():
    picture = dot_plot({"AUC": {"ours": {"a": 0.1}, "theirs": {"a": 0.9}}}, title="t")
    (x, y), (other_x, other_y) = places(picture, BLUE), places(picture, ORANGE)
    assert x < other_x
    assert abs(y - other_y) < 2


def test_panels_are_side_by_side():
    one = {"ours": {"a": 0.1, "b": 0.9}}
    two = dot_plot({"AUC": one, "accuracy": one}, title="t")
    assert two.width > dot_plot({"AUC": one}, title="t").width


def test_a_series_has_one_colour_in_all_panels():
    series = {"ours": {"a": 0.1}, "theirs": {"a": 0.9}}
    turned = dict(reversed(series.items()))
    same, other = (dot_plot({"AUC": series, "x": x}, title="t") for x in (series, turned))
    assert places(same, BLUE) == places(other, BLUE)


@pytest.mark.parametrize(
    "panels",
    [
        {},
        {"AUC": {}},
        {"AUC": {str(number): {"a": 0.1} for number in range(8)}},
        {"AUC": {"ours": {"a": 0.1}}, "accuracy": {"theirs": {"a": 0.1}}},
        {"AUC": {"ours": {"a": 0.1}}, "accuracy": {"ours": {"a": 0.1}, "theirs": {"a": 0.1}}},
    ],
)
def test_no_series_is_left_out(panels):
    with pytest.raises(ValueError, match="`panels` must have the same 1 to 7 series each"):
        dot_plot(panels, title="t")


@pytest.mark.parametrize(
    ("ours", "theirs", "received"),
    [
        ({"a": 0.1, "b": 0.2}, {"a": 0.1}, r"\['b'\] in some of them only"),
        ({"a": 0.1}, {"a": 0.1, "b": 0.2}, r"\['b'\] in some of them only"),
        ({}, {}, "none"),
    ],
)
def test_no_name_is_left_out(ours, theirs, received):
    expected = "`panels` must have the same names in all series. Received: "
    with pytest.raises(ValueError, match=expected + received):
        dot_plot({"AUC": {"ours": ours, "theirs": theirs}}, title="t")
