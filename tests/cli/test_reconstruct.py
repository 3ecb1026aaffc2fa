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


def test_what_is_no_image_is_named(kvae, photo_files, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    result = kvae("reconstruct", photo_files[0], "notes.txt", "--model", "colour")
    assert result.exit_code == 1
    assert str(result.exception) == "notes.txt is not an image that can be read."
    assert not (tmp_path / "reconstruction.png").exists()


def test_missing_file_is_a_usage_error(kvae):
    result = kvae("reconstruct", "none.jpg", "--model", "colour")
    assert result.exit_code == 2
    assert "none.jpg" in result.output
    assert kvae("reconstruct", "--model", "colour").exit_code == 2
