import numpy as np
import pytest
from PIL import Image

from keras_vae.files import pictures


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


def test_grid_holds_the_seeds_images(kvae, colour_model, tmp_path):
    result = kvae("generate", "--model", "colour", "-n", 12, "--seed", 5, "--out", "grid.png")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["grid.png"]
    images, _ = colour_model.sample(range(5, 17))
    np.testing.assert_array_equal(pixels(tmp_path / "grid.png"), pictures.grid(images))


def test_one_image_is_bare_and_can_be_morphed(kvae, colour_model, tmp_path):
    assert kvae("generate", "--model", "colour", "-n", 1, "--seed", 7).exit_code == 0
    picture = Image.open(tmp_path / "generated.png")
    assert picture.size == (128, 128)
    images, _ = colour_model.sample([7])
    np.testing.assert_array_equal(
        pixels(tmp_path / "generated.png"), pictures.enlarge(images[0], 4)
    )
    again = kvae("morph", "generated.png", "--model", "colour", "--attr", "Smiling")
    assert again.exit_code == 0, again.output


def test_a_folder_gets_a_file_for_each_seed(kvae, colour_model, tmp_path, monkeypatch):
    from keras_vae.files import jobs

    monkeypatch.setattr(jobs, "BATCH", 64)
    options = ("--model", "colour", "--prior", "gmm", "--temperature", 0.5)
    result = kvae("generate", *options, "-n", 70, "--seed", 50, "--out", "faces")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["faces: 70 images"]
    files = sorted((tmp_path / "faces").iterdir())
    assert [file.name for file in files] == [f"seed_{seed:03}.png" for seed in range(50, 120)]
    images, _ = colour_model.sample(range(50, 120), 0.5, prior="gmm")
    np.testing.assert_array_equal(np.stack([pixels(file) for file in files]), images)


def test_files_of_grey_images_are_grey(kvae, tmp_path):
    assert kvae("generate", "--model", "grey", "-n", 2, "--out", "digits").exit_code == 0
    with Image.open(tmp_path / "digits" / "seed_1.png") as image:
        assert (image.mode, image.size) == ("L", (8, 8))


def test_files_may_be_upscaled(kvae, colour_model, upscaler, upscalers_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("KVAE_MODELS", f"{colour_model.path.parents[1]}:{upscalers_dir}")
    result = kvae("generate", "--model", "colour", "-n", 2, "--upscale", "--out", "large")
    assert result.exit_code == 0, result.output
    images, _ = colour_model.sample(range(2))
    for seed, expected in enumerate(upscaler.upscale(images)):
        np.testing.assert_array_equal(pixels(tmp_path / "large" / f"seed_{seed}.png"), expected)


def test_nothing_is_left_after_an_interrupt(kvae, tmp_path, monkeypatch):
    from keras_vae.files import pictures

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(pictures, "to_picture", interrupt)
    assert kvae("generate", "--model", "grey", "-n", 2, "--out", "digits").exit_code != 0
    assert list(tmp_path.iterdir()) == []


def test_a_picture_shows_at_most_ten_thousand_images(kvae):
    result = kvae("generate", "--model", "grey", "-n", 10_001)
    assert result.exit_code == 2
    assert "Use --out FOLDER for more" in result.output


def test_temperature_0_gives_one_image_for_all_seeds(kvae, tmp_path):
    kvae("generate", "--model", "grey", "-n", 3, "--temperature", 0)
    grid = pixels(tmp_path / "generated.png")
    side = pictures.CELL + pictures.MARGIN
    first, last = grid[:, :side], grid[:, 2 * side : 3 * side]
    np.testing.assert_array_equal(first, last)
    assert np.ptp(first) > 0


def test_the_fitted_prior_is_drawn_from(kvae, colour_model, tmp_path):
    kvae("generate", "--model", "colour", "-n", 6, "--prior", "gmm", "--temperature", 0.5)
    images, _ = colour_model.sample(range(6), 0.5, prior="gmm")
    np.testing.assert_array_equal(pixels(tmp_path / "generated.png"), pictures.grid(images))
    assert not np.array_equal(images, colour_model.sample(range(6), 0.5, "normal").images)


def test_a_model_without_a_fitted_prior_says_what_to_do(kvae, tmp_path):
    result = kvae("generate", "--model", "grey", "--prior", "gmm")
    assert result.exit_code == 1
    assert str(result.exception) == (
        "Model 'grey' cannot sample from the prior 'gmm': it was exported without a fitted prior, "
        "or by an older kvae. Export its run again: `kvae export RUN`."
    )
    assert not (tmp_path / "generated.png").exists()


def test_nothing_is_overwritten_unless_told(kvae, tmp_path):
    (tmp_path / "generated.png").write_bytes(b"precious")
    result = kvae("generate", "--model", "grey")
    assert result.exit_code == 1
    assert "--overwrite" in str(result.exception)
    assert (tmp_path / "generated.png").read_bytes() == b"precious"
    assert kvae("generate", "--model", "grey", "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    "option",
    [("-n", 0), ("--seed", -1), ("--temperature", -1), ("--temperature", "hot"), ("--prior", "x")],
)
def test_wrong_numbers_are_usage_errors(kvae, option):
    assert kvae("generate", "--model", "grey", *option).exit_code == 2


def test_unknown_model_is_answered_with_near_ones(kvae):
    result = kvae("generate", "--model", "color")
    assert result.exit_code == 1
    assert "Did you mean 'colour'" in str(result.exception)
