"""--upscale of the commands that draw a model's images."""

import os

import numpy as np
import pytest
from PIL import Image

from keras_vae import plotting
from keras_vae.cli.layout import UPSCALED_CELL
from keras_vae.files import pictures
from keras_vae.files.photos import open_photo, prepare
from keras_vae.inference import registry as runtime
from keras_vae.latent_space.arithmetic import morph


@pytest.fixture
def kvae(kvae, models_dir, upscalers_dir, monkeypatch):
    """`kvae` with upscalers beside the models."""
    monkeypatch.setenv("KVAE_MODELS", f"{models_dir}{os.pathsep}{upscalers_dir}")
    return kvae


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.mark.parametrize("model", ["colour", "grey"])
def test_each_generated_image_is_upscaled(kvae, upscaler, models_dir, model, tmp_path):
    result = kvae("generate", "--model", model, "-n", 5, "--upscale")
    assert result.exit_code == 0, result.output
    images, _ = runtime.load(models_dir / model).sample(range(5))
    expected = pictures.grid(upscaler.upscale(images), cell=UPSCALED_CELL)
    np.testing.assert_array_equal(pixels(tmp_path / "generated.png"), expected)


def test_one_upscaled_image_is_bare(kvae, upscaler, colour_model, tmp_path):
    assert kvae("generate", "--model", "colour", "-n", 1, "--seed", 7, "--upscale").exit_code == 0
    images, _ = colour_model.sample([7])
    np.testing.assert_array_equal(pixels(tmp_path / "generated.png"), upscaler.upscale(images)[0])


def test_originals_are_upscaled_as_well(kvae, upscaler, colour_model, photo_files, tmp_path):
    plain = kvae("reconstruct", photo_files[0], "--model", "colour", "--out", "plain.png")
    result = kvae("reconstruct", photo_files[0], "--model", "colour", "--upscale")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == plain.stdout.splitlines()[0]  # the error is the model's
    original = prepare(open_photo(photo_files[0]), (32, 32))[None]
    row = upscaler.upscale(np.concatenate([original, colour_model.reconstruct(original)]))
    expected = plotting.strip([row], ["original", "reconstruction"], cell=UPSCALED_CELL)
    np.testing.assert_array_equal(pixels(tmp_path / "reconstruction.png"), expected)


def test_a_morph_its_animation_and_a_table_are_upscaled(
    kvae, upscaler, colour_model, gif_frames, tmp_path
):
    options = ("--seed", 3, "--model", "colour", "--upscale")
    result = kvae("morph", *options, "--attr", "Smiling", "--steps", "0:1", "--gif", "m.gif")
    assert result.exit_code == 0, result.output
    _, z = colour_model.sample([3])
    smile = colour_model.direction("Smiling")

    def drawn(n):
        return upscaler.upscale(colour_model.decode(morph(z, smile, n)))

    row = np.concatenate([drawn(0), drawn(1)])
    labels = ["n = 0\n(seed 3)", "n = 1"]
    expected = plotting.strip([row], labels, None, "Smiling", cell=UPSCALED_CELL)
    np.testing.assert_array_equal(pixels(tmp_path / "morph.png"), expected)
    sweep = plotting.sweep([0, 1])
    frames = [
        plotting.strip(
            [drawn(n)],
            [label],
            None,
            "Smiling",
            cell=plotting.FRAME_CELL,
        )
        for n, label in zip(sweep, plotting.step_labels(sweep), strict=True)
    ]
    gif_frames("m.gif", plotting.there_and_back(frames))
    table = kvae("morph", *options, "--grid", "Smiling=0:1", "Young=0:1", "--out", "t.png")
    assert table.exit_code == 0, table.output
    assert Image.open(tmp_path / "t.png").width > 2 * UPSCALED_CELL


def test_full_size_takes_no_upscaling(kvae, photo_files):
    result = kvae(
        "morph",
        photo_files[0],
        "--model",
        "colour",
        "--attr",
        "Smiling",
        "--full-size",
        "--upscale",
    )
    assert result.exit_code == 2
    assert "takes no --upscale" in result.output
