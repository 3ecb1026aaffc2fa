from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_vae import plotting
from keras_vae.latent_space.attributes import Contribution


def noise(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.uint8)


def border(picture):
    """The outermost pixels of a picture: ink there means that something is cut off."""
    pixels = np.asarray(picture.convert("L"))
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


@pytest.mark.parametrize(
    ("count", "columns", "rows"), [(1, 1, 1), (7, 7, 1), (13, 4, 4), (40, 10, 4), (100, 10, 10)]
)
def test_grid_shows_every_image_in_its_place(count, columns, rows):
    images = noise(count, 16, 16, 1)
    picture = np.asarray(plotting.grid(images))
    side, margin = plotting.CELL + plotting.MARGIN, plotting.MARGIN
    assert picture.shape == (rows * side + margin, columns * side + margin, 3)
    for number, image in enumerate(images):
        top, left = (side * place + margin for place in divmod(number, columns))
        cell = picture[top : top + plotting.CELL, left : left + plotting.CELL, 0]
        np.testing.assert_array_equal(cell[4::8, 4::8], image[..., 0])


def test_grid_takes_a_number_of_columns():
    assert plotting.grid(noise(6, 64, 64, 3), columns=3).size == (3 * 132 + 4, 2 * 132 + 4)


def test_huge_grid_is_not_enlarged_without_bound():
    width, height = plotting.grid(noise(4900, 8, 8, 1)).size
    assert max(width, height) <= plotting.LARGEST + plotting.MARGIN


def test_grid_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one image"):
        plotting.grid(noise(0, 8, 8, 1))


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 20, 1), (32, 32, 3), (64, 48, 3), (300, 200, 3)])
def test_enlarging_keeps_colours_and_proportions(shape):
    image = np.full(shape, 77, np.uint8)
    factor = plotting.whole_factor(shape[:2])
    picture = plotting.enlarge(image, factor)
    assert picture.size == (shape[1] * factor, shape[0] * factor)
    assert picture.mode == "RGB"
    assert set(np.unique(picture)) == {77}


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
    assert np.sort(gaps)[-2:].min() >= 2 * plotting.MARGIN
    assert np.sort(gaps)[-3] < 2 * plotting.MARGIN  # within a label


def test_strip_shows_rows_and_columns_in_order():
    rows = noise(2, 3, 16, 16, 1)
    labels = ["original", "n = 0\n(reconstruction)", "n = 1"]
    picture = np.asarray(plotting.strip(rows, labels))[..., 0]
    cell, pitch = plotting.CELL, plotting.CELL + 2 * plotting.MARGIN
    top = picture.shape[0] - 2 * pitch
    for row in range(2):
        for column in range(3):
            y, x = top + row * pitch, column * pitch + plotting.MARGIN
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


def test_steps_are_labelled_and_0_is_the_reconstruction():
    labels = [plotting.step_label(n) for n in (-3.0, 0.0, 0.5)]
    assert labels == ["n = \N{MINUS SIGN}3", "n = 0\n(reconstruction)", "n = 0.5"]
    assert plotting.step_label(0, "seed 7") == "n = 0\n(seed 7)"
    assert plotting.number_label(-0.5, "+.2f") == "\N{MINUS SIGN}0.50"


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


def test_saving_keeps_what_is_there(tmp_path):
    path = tmp_path / "new" / "grid.png"
    images = noise(2, 16, 16, 1)
    assert plotting.save_grid(images, path) == path
    with pytest.raises(FileExistsError, match="--overwrite"):
        plotting.save_grid(images[:1], path)
    assert Image.open(path).size == plotting.grid(images).size
    plotting.save_grid(images[:1], path, overwrite=True)
    assert Image.open(path).size == plotting.grid(images[:1]).size
    assert [file.name for file in path.parent.iterdir()] == ["grid.png"]


def test_failed_saving_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(_, target, *__, **___):
        if isinstance(target, Path):
            raise OSError("No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="No space"):
        plotting.save(Image.new("L", (1, 1)), path, overwrite=True)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_suffix_must_be_a_pictures(tmp_path):
    for name in ("grid", "grid.xyz", "grid.psd", "grid.xbm"):  # Pillow reads, and writes no colours
        with pytest.raises(ValueError, match=r"\.png"):
            plotting.save_grid(noise(1, 8, 8, 1), tmp_path / name)
        with pytest.raises(ValueError, match=r"\.png"):
            plotting.check_picture(tmp_path / name)
    for name in ("grid.PNG", "grid.jpeg", "grid.webp", "grid.gif"):
        plotting.check_picture(tmp_path / name)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_colour_profile_is_saved(tmp_path, suffix):
    picture = Image.fromarray(noise(1, 16, 16, 3)[0])
    for profile in (None, b"of some colours"):
        picture.info = {} if profile is None else {"icc_profile": profile}
        path = plotting.save(picture, tmp_path / f"a{suffix}", overwrite=True)
        with Image.open(path) as saved:
            assert saved.info.get("icc_profile") == profile


def test_jpeg_keeps_fine_colours(tmp_path):
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 200  # a pixel of red, a pixel of blue
    plotting.save(Image.fromarray(stripes), tmp_path / "a.jpg")
    assert np.abs(np.asarray(Image.open(tmp_path / "a.jpg"), int) - stripes).max() < 20
