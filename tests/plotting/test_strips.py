import numpy as np
import pytest

from keras_vae import plotting
from keras_vae.files import pictures


def noise(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.uint8)


def border(picture):
    """The outermost pixels of a picture: ink there means that something is cut off."""
    pixels = np.asarray(picture.convert("L"))
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 20, 1), (32, 32, 3), (64, 48, 3)])
def test_no_label_of_a_strip_is_cut_off(shape):
    labels = ["original", "a label that is a good deal wider than its image", "n = 0\n(two lines)"]
    names = ["gypsy.jpg", "x" * 200]
    title = "a title that is longer than everything below it " * 4
    rows = [np.full((3, *shape), 0, np.uint8)] * 2
    for options in ({}, {"row_labels": names}, {"title": title}, {"title": "q"}):
        assert (border(plotting.strip(rows, labels, **options)) == 255).all(), options


def test_labels_of_neighbours_do_not_touch():
    labels = ["a wide label, wide as wide"] * 3
    picture = plotting.strip([np.full((3, 8, 8, 1), 255, np.uint8)], labels)  # white on white
    inked = (np.asarray(picture.convert("L")) < 200).any(axis=0)
    gaps = np.diff(np.flatnonzero(inked)) - 1
    assert np.sort(gaps)[-2:].min() >= 2 * pictures.MARGIN
    assert np.sort(gaps)[-3] < 2 * pictures.MARGIN  # within a label


def test_strip_shows_rows_and_columns_in_order():
    rows = noise(2, 3, 16, 16, 1)
    labels = ["original", "n = 0\n(reconstruction)", "n = 1"]
    picture = np.asarray(plotting.strip(rows, labels))[..., 0]
    cell, pitch = pictures.CELL, pictures.CELL + 2 * pictures.MARGIN
    top = picture.shape[0] - 2 * pitch
    for row in range(2):
        for column in range(3):
            y, x = top + row * pitch, column * pitch + pictures.MARGIN
            shown = picture[y : y + cell, x : x + cell][4::8, 4::8]
            np.testing.assert_array_equal(shown, rows[row][column][..., 0])


def test_strip_needs_a_label_for_each_column():
    with pytest.raises(ValueError, match=r"3 images each\. Received: \[2\]"):
        plotting.strip([noise(2, 8, 8, 1)], ["a", "b", "c"])


def test_strip_is_enlarged_as_far_as_told():
    rows = noise(1, 1, 16, 16, 3)
    small, large = (plotting.strip(rows, ["a"], cell=cell) for cell in (128, 256))
    assert (large.width - small.width, large.height - small.height) == (128, 128)


def test_long_lines_of_a_name_are_shortened_each():
    names = ["x" * 200 + "\n" + "y" * 200, "short"]
    wide = plotting.strip(noise(2, 1, 8, 8, 1), ["a"], names).width
    one_line = plotting.strip(noise(2, 1, 8, 8, 1), ["a"], ["x" * 200, "short"]).width
    assert wide == one_line


def test_rows_of_a_strip_have_at_least_one_image():
    with pytest.raises(ValueError, match="`rows` must have at least one image each"):
        plotting.strip([noise(0, 8, 8, 1)], [])


def test_each_row_of_a_strip_must_be_uint8():
    rows = [noise(2, 8, 8, 1), noise(2, 8, 8, 1) / 255.0]
    with pytest.raises(ValueError, match=r"`rows` must be a uint8 array of shape \[K, .* by 255"):
        plotting.strip(rows, ["a", "b"])


def test_strip_needs_a_label_for_each_row_if_any():
    with pytest.raises(ValueError, match=r"`row_labels` must have 2 labels\. Received: 1"):
        plotting.strip(noise(2, 1, 8, 8, 1), ["a"], ["one"])
