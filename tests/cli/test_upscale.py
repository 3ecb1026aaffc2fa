import os

import numpy as np
import pytest
from PIL import Image

from keras_vae.files.photos import open_photo


@pytest.fixture
def kvae(kvae, models_dir, upscalers_dir, monkeypatch):
    """`kvae` with upscalers beside the models."""
    monkeypatch.setenv("KVAE_MODELS", f"{models_dir}{os.pathsep}{upscalers_dir}")
    return kvae


def pixels(path):
    return np.asarray(Image.open(path))


def test_a_photo_of_odd_size_is_enlarged(kvae, upscaler, photo_files, tmp_path):
    for file in photo_files:
        result = kvae("upscale", file, "--factor", 3, "--out", "larger.png", "--overwrite")
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines() == ["larger.png"]
        expected = upscaler.upscale(np.asarray(open_photo(file))[None])[0]
        np.testing.assert_array_equal(pixels(tmp_path / "larger.png"), expected)


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "I;16"])
def test_any_mode_works(kvae, mode, photo_files, tmp_path):
    grey = Image.open(photo_files[1]).convert("L")
    image = Image.fromarray(np.asarray(grey).astype(np.uint16) << 8) if mode == "I;16" else grey
    image.convert(mode).save(tmp_path / "photo.tiff")
    result = kvae("upscale", "photo.tiff")
    assert result.exit_code == 0, result.output
    larger = pixels(tmp_path / "upscaled.png")
    assert larger.shape == (99, 150, 3)
    if mode != "CMYK":
        assert (larger == larger[..., :1]).all()


def test_a_model_of_another_factor(kvae, photo_files, tmp_path):
    assert kvae("upscale", photo_files[0], "--model", "twice").exit_code == 0
    assert Image.open(tmp_path / "upscaled.png").size == (356, 436)
    result = kvae("upscale", photo_files[0], "--model", "twice", "--factor", 3, "--overwrite")
    assert result.exit_code == 1
    assert "`--factor` must be 2" in str(result.exception)


def test_a_colour_profile_stays(kvae, photo_files, tmp_path):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.open(photo_files[0]).save(tmp_path / "profiled.jpg", icc_profile=profile)
    kvae("upscale", "profiled.jpg")
    assert Image.open(tmp_path / "upscaled.png").info["icc_profile"] == profile


def test_nothing_is_overwritten_unless_told(kvae, photo_files, tmp_path):
    (tmp_path / "upscaled.png").write_bytes(b"precious")
    result = kvae("upscale", photo_files[0])
    assert result.exit_code == 1
    assert "--overwrite" in str(result.exception)
    assert (tmp_path / "upscaled.png").read_bytes() == b"precious"


@pytest.mark.parametrize(("size", "out"), [((6000, 1), "a.webp"), ((1, 22_000), "a.jpg")])
def test_a_result_that_is_too_large_for_its_format_is_refused_before_the_work(
    kvae, monkeypatch, size, out
):
    from keras_vae.inference.upscaler import Upscaler

    Image.new("RGB", size).save("long.png")
    monkeypatch.setattr(Upscaler, "upscale", lambda *_, **__: pytest.fail("work was begun"))
    result = kvae("upscale", "long.png", "--out", out)
    width, height = np.multiply(size, 3)
    assert f"{out}: " in str(result.exception)
    assert f"does not take a picture of {width}×{height} pixels" in str(result.exception)


def test_an_autoencoder_is_refused(kvae, photo_files):
    result = kvae("upscale", photo_files[0], "--model", "grey")
    assert result.exit_code == 1
    assert "'grey' is an autoencoder" in str(result.exception)


def test_an_upscaler_is_refused_elsewhere(kvae, photo_files):
    for command in (
        ("morph", photo_files[0], "--attr", "Smiling"),
        ("generate",),
        ("reconstruct", photo_files[0]),
        ("attributes", "list"),
    ):
        result = kvae(*command, "--model", "vdsr")
        assert result.exit_code == 1, command
        assert "kvae upscale IMG --model vdsr" in str(result.exception), command


def test_what_is_no_image_is_named(kvae, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    result = kvae("upscale", "notes.txt")
    assert result.exit_code == 1
    assert str(result.exception).startswith("notes.txt is not an image that can be read: ")


@pytest.mark.parametrize("factor", [0, 1, "x"])
def test_wrong_factors_are_usage_errors(kvae, photo_files, factor):
    assert kvae("upscale", photo_files[0], "--factor", factor).exit_code == 2


def test_models_lists_and_shows_upscalers(kvae, upscalers_dir):
    import json

    lines = kvae("models", "list").stdout.splitlines()
    [line] = [line for line in lines if line.startswith("vdsr ")]
    assert "upscaler ×3" in line
    assert str(upscalers_dir / "vdsr" / "1") in line
    rows = {row["name"]: row for row in json.loads(kvae("models", "list", "--json", "-").stdout)}
    assert rows["twice"]["factor"] == 2
    assert rows["grey"]["kind"] == "autoencoder"
    shown = kvae("models", "show", "vdsr").stdout
    assert "upscaler" in shown
    assert "depth 3" in shown
