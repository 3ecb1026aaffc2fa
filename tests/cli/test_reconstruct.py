import shutil

import numpy as np
import pytest
from PIL import Image

from keras_vae import plotting
from keras_vae.files.photos import open_photo, prepare


def test_originals_stand_beside_what_came_back(kvae, colour_model, photo_files, tmp_path):
    result = kvae("reconstruct", *photo_files, "--model", "colour", "--out", "r.png")
    assert result.exit_code == 0, result.output
    originals = np.stack([prepare(open_photo(file), (32, 32)) for file in photo_files])
    rows = np.stack([originals, colour_model.reconstruct(originals)], axis=1)
    expected = plotting.strip(rows, ["original", "reconstruction"], ["first.jpg", "second.png"])
    np.testing.assert_array_equal(Image.open(tmp_path / "r.png"), expected)
    errors = np.mean((rows[:, 0].astype(float) - rows[:, 1]) ** 2, axis=(1, 2, 3)) / 255**2
    first, second, path = result.stdout.splitlines()
    assert first.endswith(f"first.jpg: MSE {errors[0]:.4f}")
    assert second.endswith(f"second.png: MSE {errors[1]:.4f}")
    assert path == "r.png"


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "CMYK"])
def test_any_mode_works(kvae, mode, photo_files, tmp_path):
    Image.open(photo_files[0]).convert(mode).save(tmp_path / "photo.tiff")
    for model in ("colour", "grey"):
        result = kvae("reconstruct", "photo.tiff", "--model", model, "--overwrite")
        assert result.exit_code == 0, result.output


def test_what_is_no_image_is_named(kvae, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    result = kvae("reconstruct", "notes.txt", "--model", "colour")
    assert result.exit_code == 1
    assert str(result.exception).startswith("notes.txt is not an image that can be read: ")
    assert not (tmp_path / "reconstruction.png").exists()


def test_one_bad_file_among_many_is_listed_and_the_others_go_on(kvae, photo_files, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    result = kvae("reconstruct", photo_files[0], "notes.txt", photo_files[1], "--model", "colour")
    assert result.exit_code == 0, result.output
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == [
        *("first.jpg", "second.png", "reconstruction.png")
    ]
    assert result.stderr.splitlines() == [
        "1 of 3 images was left out:",
        "  notes.txt is not an image that can be read: formats that are read: JPEG, PNG, WEBP, "
        "AVIF, GIF, BMP, TIFF, PPM.",
    ]


@pytest.fixture
def album(tmp_path, photos):
    """Five photos in a folder and its subfolder, two of them with the same stem; and a bad one."""
    (tmp_path / "album" / "deep").mkdir(parents=True)
    for name, tile in zip(
        ("a.png", "a.bmp", "b.png", "deep/a.png", "deep/c.png"), photos[90:], strict=False
    ):
        Image.fromarray(tile).save(tmp_path / "album" / name)
    (tmp_path / "album" / "bad.jpg").write_bytes(b"no image")
    return tmp_path / "album"


def test_a_folder_is_reconstructed_file_by_file(kvae, colour_model, album, photos, tmp_path):
    result = kvae("reconstruct", "album", "--model", "colour", "--out", "new/out")
    assert result.exit_code == 0, result.output
    # In the order of the names: a.bmp comes before a.png.
    written = {"a.png": 91, "a.png.png": 90, "b.png": 92, "deep/a.png": 93, "deep/c.png": 94}
    out = tmp_path / "new" / "out"
    assert {str(file.relative_to(out)) for file in out.rglob("*.png")} == set(written)
    expected = colour_model.reconstruct(photos[[91, 90, 92, 93, 94]])
    for name, image in zip(written, expected, strict=True):
        np.testing.assert_array_equal(Image.open(out / name), image)
    mse = np.mean((photos[90:95] - colour_model.reconstruct(photos[90:95]).astype(float)) ** 2)
    assert result.stdout.splitlines() == ["new/out: 5 images", f"mean MSE {mse / 255**2:.4f}"]
    assert result.stderr.splitlines()[0] == "1 of 6 images was left out:"
    assert "bad.jpg" in result.stderr.splitlines()[1]


def test_a_folder_with_files_is_filled_only_with_overwrite(kvae, album, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("precious")
    arguments = ("reconstruct", "album", "--model", "colour", "--out", "out")
    result = kvae(*arguments)
    assert result.exit_code == 1
    assert str(result.exception) == (
        "out holds files. Use `--overwrite` to overwrite those of the same names."
    )
    assert kvae(*arguments, "--overwrite").exit_code == 0
    assert (tmp_path / "out" / "mine.txt").read_text() == "precious"


def test_a_picture_of_many_images_is_refused(kvae, tmp_path, photos):
    (tmp_path / "many").mkdir()
    for number in range(101):
        Image.fromarray(photos[number]).save(tmp_path / "many" / f"{number}.bmp")
    result = kvae("reconstruct", "many", "--model", "colour")
    assert result.exit_code == 2
    assert "A picture shows at most 100 images, not 101. Use --out FOLDER" in result.output
    (tmp_path / "empty").mkdir()
    result = kvae("reconstruct", "empty", "--model", "colour", "--out", "out")
    assert str(result.exception) == "empty holds no images. It holds: nothing."


def test_missing_file_is_a_usage_error(kvae):
    result = kvae("reconstruct", "none.jpg", "--model", "colour")
    assert result.exit_code == 2
    assert "none.jpg" in result.output
    assert kvae("reconstruct", "--model", "colour").exit_code == 2


def test_a_photo_of_too_many_pixels_is_refused_before_it_is_decoded(kvae, photo_files):
    options = ("--model", "colour", "--max-pixels", "1000")
    result = kvae("reconstruct", photo_files[0], *options)
    assert result.exit_code == 1
    assert "too large: " in str(result.exception)
    assert str(result.exception).endswith("pixels are more than `--max-pixels 1000`.")


@pytest.mark.parametrize("out", ["out.png", "out"])
def test_names_with_control_characters_do_not_reach_the_terminal(kvae, photo_files, tmp_path, out):
    names = [f"\x1b]0;{letter}.jpg" for letter in "abc"]
    for name in names[:2]:
        (tmp_path / name).write_text("no image")
    shutil.copy(photo_files[0], tmp_path / names[2])
    result = kvae("reconstruct", *names, "--model", "colour", "--out", out)
    assert result.exit_code == 0, result.output
    assert "�]0;b.jpg" in result.stderr
    assert "\x1b" not in result.output
