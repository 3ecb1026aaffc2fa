import os
import subprocess
import sys

import click
import numpy as np
import pytest
from PIL import Image

from keras_vae import plotting
from keras_vae.cli.morph import Attribute, Steps, title_of
from keras_vae.photos import open_photo, prepare

MORPH = [sys.executable, "-m", "keras_vae.cli.main", "morph", "--model", "colour"]


def parsed(kind, value):
    return kind.convert(value, None, None)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("-3:3", (-3, -2, -1, 0, 1, 2, 3)),
        ("-1:1:0.5", (-1, -0.5, 0, 0.5, 1)),
        ("0:0.3:0.1", (0, 0.1, 0.2, 0.3)),
        ("-2,0,1.5", (-2, 0, 1.5)),
        ("2:-1", (2, 1, 0, -1)),
        ("2", (2,)),
        ("-2", (-2,)),
        ("1:2:5", (1,)),
        ("4:4", (4,)),
    ],
)
def test_steps_are_read(text, steps):
    assert parsed(Steps(), text) == steps


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1:",
        "1:2:3:4",
        "1:2,3",
        "0:3:0",
        "0:3:-1",
        "nan",
        "0:inf",
        "0:1e9",
        "1:2:1e-9",
        ",",
    ],
)
def test_steps_that_make_no_sense_are_refused(text):
    with pytest.raises(click.BadParameter):
        parsed(Steps(), text)


def test_attributes_are_read():
    assert parsed(Attribute(), "Smiling") == ("Smiling", 1.0)
    assert parsed(Attribute(), "5_o_Clock_Shadow=-0.5") == ("5_o_Clock_Shadow", -0.5)
    for text in ("", "=1", "Smiling=", "Smiling=much", "Smiling=nan"):
        with pytest.raises(click.BadParameter):
            parsed(Attribute(), text)


def test_title_is_the_sum():
    assert title_of([("Smiling", 1.0)]) == "Smiling"
    minus = "\N{MINUS SIGN}"
    assert title_of([("A", -1.0), ("B", 0.5)]) == f"n × ({minus} A + 0.5 B)"
    assert title_of([("A", 2.0), ("B", -1.0)]) == f"n × (2 A {minus} B)"


@pytest.fixture
def expected_strip(colour_model, directions, photo_files):
    """The strip that a morph must write, put together by hand."""

    def build(move, steps, title):
        originals = np.stack([prepare(open_photo(file), (32, 32)) for file in photo_files])
        z_mean, _ = colour_model.encode(originals)
        frames = [colour_model.decode(z_mean + n * move) for n in steps]
        rows = np.stack([originals, *frames], axis=1)
        labels = plotting.morph_labels(steps)
        return plotting.strip(rows, labels, [file.name for file in photo_files], title)

    return build


def test_strip_shows_original_reconstruction_and_each_n(
    kvae, photo_files, directions, expected_strip, tmp_path
):
    result = kvae(
        "morph", *photo_files, "--model", "colour", "--attr", "Smiling", "--steps", "-3:3"
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["morph.png"]
    assert result.stderr == ""
    strip = expected_strip(directions.direction("Smiling"), range(-3, 4), "Smiling")
    np.testing.assert_array_equal(Image.open(tmp_path / "morph.png"), strip)


def test_several_attributes_add_up(kvae, photo_files, directions, expected_strip, tmp_path):
    result = kvae(
        *("morph", *photo_files, "--model", "colour", "--out", "sum.png"),
        *("--attr", "Smiling", "--attr", "Young=-0.5", "--steps=-2,0,1.5"),
    )
    assert result.exit_code == 0, result.output
    move = directions.direction("Smiling") - 0.5 * directions.direction("Young")
    title = "n × (Smiling \N{MINUS SIGN} 0.5 Young)"
    strip = expected_strip(move, (-2, 0, 1.5), title)
    np.testing.assert_array_equal(Image.open(tmp_path / "sum.png"), strip)


def test_strip_without_0_still_shows_the_reconstruction(
    kvae, photo_files, directions, expected_strip, tmp_path
):
    result = kvae("morph", *photo_files, "--model=colour", "--attr=Young", "--steps", "-2,2")
    assert result.exit_code == 0, result.output
    strip = expected_strip(directions.direction("Young"), (0, -2, 2), "Young")
    np.testing.assert_array_equal(Image.open(tmp_path / "morph.png"), strip)


def test_attractive_comes_with_a_notice(kvae, photo_files):
    result = kvae("morph", photo_files[0], "--model", "colour", "--attr", "Attractive=2")
    assert result.exit_code == 0, result.output
    (line,) = result.stderr.splitlines()
    assert "not a fact about a person" in line
    assert "kvae models show colour --card" in line


def test_wrong_attribute_is_answered_with_near_ones(kvae, photo_files, tmp_path):
    result = kvae("morph", photo_files[0], "--model", "colour", "--attr", "smile")
    assert result.exit_code == 1
    assert "Did you mean 'Smiling'" in str(result.exception)
    assert not (tmp_path / "morph.png").exists()


def test_model_without_attributes_says_how_to_get_some(kvae, photo_files):
    result = kvae("morph", photo_files[0], "--model", "grey", "--attr", "Smiling")
    assert result.exit_code == 1
    assert "kvae attributes fit" in str(result.exception)


def test_directions_come_from_a_file(kvae, photo_files, expected_strip, tmp_path):
    from keras_vae.attributes import Attributes

    delta = np.full((1, 6), 0.7, np.float32)
    Attributes(("Own",), delta).save(tmp_path / "own.npz")
    options = ("--model", "colour", "--directions", "own.npz", "--steps", "-1:1")
    result = kvae("morph", *photo_files, *options, "--attr", "Own")
    assert result.exit_code == 0, result.output
    strip = expected_strip(delta[0], (-1, 0, 1), "Own")
    np.testing.assert_array_equal(Image.open(tmp_path / "morph.png"), strip)
    Attributes(("Own",), delta[:, :5]).save(tmp_path / "own.npz", overwrite=True)
    result = kvae("morph", *photo_files, *options, "--attr", "Own", "--overwrite")
    assert "was fitted to another model" in str(result.exception)


def test_attribute_is_required(kvae, photo_files):
    result = kvae("morph", photo_files[0], "--model", "colour")
    assert result.exit_code == 2
    assert "--attr" in result.output


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (["first.jpg", "--attr", "Smilin"], 1, "Did you mean 'Smiling'?"),
        (["notes.txt", "--attr", "Smiling"], 1, "notes.txt is not an image that can be read."),
        (["first.jpg", "--attr", "Smiling", "--steps", "a:b"], 2, "'a:b' are no steps"),
    ],
)
def test_process_fails_with_one_line(photo_files, tmp_path, models_dir, arguments, status, reason):
    (tmp_path / "notes.txt").write_text("no image")
    done = subprocess.run(
        [*MORPH, *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "KVAE_MODELS": str(models_dir)},
    )
    assert done.returncode == status
    assert reason in done.stderr
    assert done.stdout == ""
    assert status == 2 or len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_process_is_quiet(photo_files, tmp_path, models_dir):
    done = subprocess.run(
        [*MORPH, "first.jpg", "--attr", "Smiling", "--steps", "-3:3"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "KVAE_MODELS": str(models_dir)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "morph.png\n", "")
