import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_vae.files import pictures


def noise(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.uint8)


@pytest.mark.parametrize(
    ("count", "columns", "rows"), [(1, 1, 1), (7, 7, 1), (13, 4, 4), (40, 10, 4), (100, 10, 10)]
)
def test_grid_shows_every_image_in_its_place(count, columns, rows):
    images = noise(count, 16, 16, 1)
    picture = np.asarray(pictures.grid(images))
    side, margin = pictures.CELL + pictures.MARGIN, pictures.MARGIN
    assert picture.shape == (rows * side + margin, columns * side + margin, 3)
    for number, image in enumerate(images):
        top, left = (side * place + margin for place in divmod(number, columns))
        cell = picture[top : top + pictures.CELL, left : left + pictures.CELL, 0]
        np.testing.assert_array_equal(cell[4::8, 4::8], image[..., 0])


def test_grid_takes_a_number_of_columns():
    assert pictures.grid(noise(6, 64, 64, 3), columns=3).size == (3 * 132 + 4, 2 * 132 + 4)


def test_huge_grid_is_not_enlarged_without_bound():
    width, height = pictures.grid(noise(4900, 8, 8, 1)).size
    assert max(width, height) <= pictures.LARGEST + pictures.MARGIN


def test_grid_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one image"):
        pictures.grid(noise(0, 8, 8, 1))


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 20, 1), (32, 32, 3), (64, 48, 3), (300, 200, 3)])
def test_enlarging_keeps_colours_and_proportions(shape):
    image = np.full(shape, 77, np.uint8)
    factor = pictures.whole_factor(shape[:2])
    picture = pictures.enlarge(image, factor)
    assert picture.size == (shape[1] * factor, shape[0] * factor)
    assert picture.mode == "RGB"
    assert set(np.unique(picture)) == {77}


def test_saving_keeps_what_is_there(tmp_path):
    path = tmp_path / "new" / "grid.png"
    images = noise(2, 16, 16, 1)
    assert pictures.save_grid(images, path) == path
    with pytest.raises(FileExistsError, match="overwrite=True"):
        pictures.save_grid(images[:1], path)
    assert Image.open(path).size == pictures.grid(images).size
    pictures.save_grid(images[:1], path, overwrite=True)
    assert Image.open(path).size == pictures.grid(images[:1]).size
    assert [file.name for file in path.parent.iterdir()] == ["grid.png"]


def test_failed_saving_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(_, target, *__, **___):
        if isinstance(target, Path):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="No space"):
        pictures.save(Image.new("L", (1, 1)), path, overwrite=True)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_suffix_must_be_a_pictures(tmp_path):
    for name in ("grid", "grid.xyz", "grid.psd", "grid.xbm"):  # Pillow reads, and writes no colours
        with pytest.raises(ValueError, match=r"\.png"):
            pictures.save_grid(noise(1, 8, 8, 1), tmp_path / name)
        with pytest.raises(ValueError, match=r"\.png"):
            pictures.check_picture(tmp_path / name)
    for name in ("grid.PNG", "grid.jpeg", "grid.webp", "grid.gif"):
        pictures.check_picture(tmp_path / name)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_colour_profile_is_saved(tmp_path, suffix):
    picture = Image.fromarray(noise(1, 16, 16, 3)[0])
    for profile in (None, b"of some colours"):
        picture.info = {} if profile is None else {"icc_profile": profile}
        path = pictures.save(picture, tmp_path / f"a{suffix}", overwrite=True)
        with Image.open(path) as saved:
            assert saved.info.get("icc_profile") == profile


def test_jpeg_keeps_fine_colours(tmp_path):
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 200  # a pixel of red, a pixel of blue
    pictures.save(Image.fromarray(stripes), tmp_path / "a.jpg")
    assert np.abs(np.asarray(Image.open(tmp_path / "a.jpg"), int) - stripes).max() < 20


@pytest.mark.parametrize(
    ("images", "received"),
    [
        (noise(2, 8, 8, 1) / 255.0, r"float64 of shape \[2, 8, 8, 1\]; multiply floats of 0 … 1"),
        (noise(2, 8, 8, 3) / 255.0, r"float64 of shape \[2, 8, 8, 3\]; multiply floats of 0 … 1"),
        (noise(2, 8, 8, 3).astype(np.int64), r"int64 of shape \[2, 8, 8, 3\]\.$"),
        (noise(2, 8, 8, 1) > 99, r"bool of shape \[2, 8, 8, 1\]\.$"),
        (noise(2, 8, 8), r"uint8 of shape \[2, 8, 8\]\.$"),
        (noise(2, 8, 8, 2), r"uint8 of shape \[2, 8, 8, 2\]\.$"),
        (noise(2, 8, 8, 4), r"uint8 of shape \[2, 8, 8, 4\]\.$"),
        (noise(2, 0, 8, 1), r"uint8 of shape \[2, 0, 8, 1\]\.$"),
        ([*noise(1, 8, 8, 1), *noise(1, 9, 9, 1)], r"list\.$"),
    ],
)
def test_only_images_that_are_drawn_as_they_are_are_accepted(images, received):
    expected = r"`images` must be a uint8 array of shape \[N, H, W, 1 or 3\]\. Received: "
    with pytest.raises(ValueError, match=expected + received):
        pictures.grid(images)


@pytest.mark.parametrize("columns", [0, -1])
def test_grid_has_at_least_one_column(columns):
    with pytest.raises(ValueError, match=f"`columns` must be at least 1. Received: {columns}"):
        pictures.grid(noise(2, 8, 8, 1), columns)


@pytest.mark.parametrize("suffix", [".ico", ".icns"])
def test_a_format_of_icons_would_reduce_a_picture(suffix, tmp_path):
    with pytest.raises(ValueError, match="must end in a format"):
        pictures.save(Image.new("RGB", (300, 300)), tmp_path / f"a{suffix}")


@pytest.mark.parametrize(
    ("suffix", "kind"), [(".gif", "GIF"), (".webp", "WEBP"), (".jpg", "JPEG"), (".avif", "AVIF")]
)
def test_a_picture_that_a_format_does_not_take_is_refused_by_name(suffix, kind, tmp_path, capfd):
    with pytest.raises(ValueError, match=rf"a{suffix}: {kind} does not take .* 70000×1 pixels"):
        pictures.save(Image.new("RGB", (70_000, 1)), tmp_path / f"a{suffix}")
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")  # libjpeg would write a line of its own


def test_a_size_is_checked_before_there_is_a_picture():
    pictures.check_size("a.webp", "WEBP", (16_383, 16_383))
    pictures.check_size("a.png", "PNG", (70_000, 70_000))
    for size in ((16_384, 1), (1, 16_384)):
        with pytest.raises(ValueError, match=rf"a\.webp: WEBP does .* {size[0]}×{size[1]} pixels"):
            pictures.check_size("a.webp", "WEBP", size)


def test_images_of_one_name_are_all_kept(tmp_path):
    images = noise(4, 8, 8, 1)
    pictures.save_all(images, ["a.jpg", "a.png", "a.png", "a.png"], tmp_path)
    written = sorted(tmp_path.iterdir(), key=lambda file: len(file.name))
    assert [file.name for file in written] == ["a.png"] + [f"a.png{n * '.png'}" for n in (1, 2, 3)]
    for image, file in zip(images, written, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(file)), image[..., 0])


def test_a_full_disk_is_said_with_the_name_of_the_image(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match=r"No space left on device: 'b/a\.jpg'"):
        pictures.save_all(noise(1, 8, 8, 1), ["b/a.jpg"], tmp_path)
