import numpy as np

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
