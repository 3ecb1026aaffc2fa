import numpy as np
import pytest

from keras_vae import plotting
from keras_vae.latent_space.attributes import Contribution


def border(picture):
    pixels = np.asarray(picture.convert("L"))
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def colours(picture):
    """Where a picture is red and where it is blue, bool [H, W] each."""
    red, _, blue = np.asarray(picture).astype(int).transpose(2, 0, 1)
    return red - blue > 60, blue - red > 60


def bars(reach=None):
    """Forty contributions from 19 to −20, with intervals that reach so far to both sides."""
    interval = (lambda value: None) if reach is None else (lambda v: (v - reach, v + reach))
    return [
        Contribution(f"Attribute_{n}", n, n / 20, interval(n), interval(n / 20))
        for n in map(float, range(19, -21, -1))
    ]


def test_intervals_are_drawn_over_the_bars():
    plain, narrow, wide = (plotting.contribution_chart(bars(r), "x") for r in (None, 0.5, 3))
    assert (border(wide) == 255).all()
    black = [(np.asarray(p.convert("L")) < 60).sum() for p in (plain, narrow, wide)]
    assert black[0] < black[1] < black[2]


def test_an_interval_may_miss_its_bar():
    entry = Contribution("a", 1.0, 0.5, (2.0, 3.0), (0.6, 0.7))
    assert (border(plotting.contribution_chart([entry], "x")) == 255).all()


def test_matrix_is_red_where_directions_are_alike_and_blue_where_opposed():
    signs = np.repeat([1.0, -1.0], 10)
    names = [f"A_Rather_Long_Name_{number}" for number in range(20)]
    picture = plotting.similarity_chart(np.outer(signs, signs), names, "title")
    assert (border(picture) == 255).all()
    red, blue = colours(picture)
    rows, columns = (np.flatnonzero((red | blue).sum(axis=axis) > 400) for axis in (1, 0))
    assert len(rows) == pytest.approx(len(columns), rel=0.02)  # the cells are square
    (top, bottom), (left, right) = (np.array_split(lines, 2) for lines in (rows, columns))
    assert red[np.ix_(top, left)].mean() > 0.95
    assert red[np.ix_(bottom, right)].mean() > 0.95
    assert blue[np.ix_(top, right)].mean() > 0.95
    assert blue[np.ix_(bottom, left)].mean() > 0.95


def test_right_angles_are_white_whatever_the_other_cells_are():
    cosines = np.where(np.eye(20), 1.0, 0.0)
    cosines[0, 1] = 0.4  # colours are centred at 0, not between the least and the largest
    red, blue = colours(plotting.similarity_chart(cosines, ["x"] * 20, ""))
    middle = np.asarray(plotting.similarity_chart(np.zeros((20, 20)), ["x"] * 20, ""))
    height, width, _ = middle.shape
    assert middle[height // 3, width // 3].min() > 240
    assert 0 < red[:, : width // 2].sum() < 0.1 * height * width
    assert blue[:, : width // 2].sum() == 0


def test_a_matrix_grows_with_its_names():
    few, many = (plotting.similarity_chart(np.eye(n), ["name"] * n, "") for n in (2, 40))
    assert few.size < many.size
    assert (border(few) == 255).all()


def test_chart_shows_every_bar_and_cuts_nothing_off():
    table = [
        Contribution(f"An_Attribute_With_A_Long_Name_{value}", float(value), value / 20)
        for value in range(19, -21, -1)
    ]
    picture = plotting.contribution_chart(table, "Attractive")
    assert (border(picture) == 255).all()
    red, _, blue = np.asarray(picture).astype(int).transpose(2, 0, 1)
    negative, positive = (red - blue > 60), (blue - red > 60)
    assert 0.8 < negative.sum() / positive.sum() < 1.4
    rows = np.flatnonzero(positive.any(axis=1))
    assert rows.max() < np.flatnonzero(negative.any(axis=1)).min()  # the largest stands on top
    assert plotting.contribution_chart(table[:1], "x").size[1] < picture.size[1]


@pytest.mark.parametrize("names", [["a", "b"], list("abcd"), []])
def test_a_matrix_needs_a_name_for_each_direction(names):
    with pytest.raises(ValueError, match=rf"`cosines` .* {len(names)} names.* shape \[3, 3\]"):
        plotting.similarity_chart(np.eye(3), names, "title")
