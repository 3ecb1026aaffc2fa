from pathlib import Path

import click
import pytest

from keras_vae.cli import types
from keras_vae.cli.serve import LABEL
from keras_vae.cli.train import train
from keras_vae.datasets.splits import SPLITS
from keras_vae.presets import Annealing


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
    assert parsed(types.STEPS, text) == steps


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
        "1e300",
        "-1000001",
        "1:2:1e-9",
        ",",
    ],
)
def test_invalid_steps_are_refused(text):
    with pytest.raises(click.BadParameter):
        parsed(types.STEPS, text)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (types.IMAGE_SIZE, (64, 48)),
        (types.INTEGERS, (512,)),
        (types.STEPS, (-1.0, 0.5)),
        (types.ATTRIBUTE, ("Smiling", 0.5)),
        (types.ATTRIBUTE_STEPS, ("Smiling", (0.0, 1.0))),
        (types.DIMENSIONS, ()),
        (types.PHOTO_OR_SEED, 7),
        (types.NAMES, ("Male",)),
        (types.FACE_CHOICE, 2),
        (LABEL, ("celeba", "stable", 1)),
    ],
)
def test_values_other_than_texts_are_unchanged(kind, value):
    assert parsed(kind, value) is value


def test_copied_names_are_those_of_the_library():
    (annealing,) = (each for each in train.params if each.name == "annealing")
    assert [*annealing.type.choices] == [*Annealing.kinds]
    assert [*types.SPLIT.choices] == [*SPLITS]


def test_a_number_is_finite_and_in_its_range():
    assert parsed(types.Number(0), "1e3") == 1000.0
    for text in ("nan", "inf", "-inf", "1e999", "-1", "one"):
        with pytest.raises(click.BadParameter):
            parsed(types.Number(0), text)


@pytest.mark.parametrize("text", ["1_0", "٣", "0x10", "１", "1e"])
def test_numbers_are_written_in_plain_digits(text):
    number = [types.Integer(0), types.Number(0), types.INTEGERS, types.STEPS, types.SEED]
    for kind in (*number, types.IMAGE_SIZE, types.DIMENSIONS, types.RANDOM_SEED):
        with pytest.raises(click.BadParameter):
            parsed(kind, text)


def test_numbers_may_have_a_sign_a_point_and_an_exponent():
    assert [parsed(types.Number(), text) for text in ("+.5", "5.", "-1E+2")] == [0.5, 5.0, -100.0]
    assert parsed(types.Integer(), " -3 ") == -3


@pytest.mark.parametrize("kind", [types.NAME, types.NAMES, types.TEXT])
def test_empty_texts_are_refused(kind):
    for text in ("", " "):
        with pytest.raises(click.BadParameter):
            parsed(kind, text)
    with pytest.raises(click.BadParameter):
        parsed(types.NAMES, " ,")


def test_a_seed_is_one_that_every_library_takes():
    assert parsed(types.RANDOM_SEED, str(2**32 - 1)) == 2**32 - 1
    for text in ("-1", str(2**32)):
        with pytest.raises(click.BadParameter):
            parsed(types.RANDOM_SEED, text)


def test_sizes_lists_and_names_are_read():
    assert parsed(types.IMAGE_SIZE, "64") == (64, 64)
    assert parsed(types.IMAGE_SIZE, "64×48") == parsed(types.IMAGE_SIZE, "64X48") == (64, 48)
    assert parsed(types.INTEGERS, "512, 256") == (512, 256)
    assert parsed(types.NAMES, "Male, Young,") == ("Male", "Young")
    for kind, text in (
        (types.IMAGE_SIZE, "1x2x3"),
        (types.IMAGE_SIZE, "0x8"),
        (types.INTEGERS, "512,0"),
        (types.INTEGERS, "512;256"),
    ):
        with pytest.raises(click.BadParameter):
            parsed(kind, text)


def test_attributes_are_read():
    assert parsed(types.ATTRIBUTE, "Smiling") == ("Smiling", 1.0)
    assert parsed(types.ATTRIBUTE, "5_o_Clock_Shadow=-0.5") == ("5_o_Clock_Shadow", -0.5)
    for text in ("", "=1", "Smiling=", "Smiling=much", "Smiling=nan", "Smiling=1e300"):
        with pytest.raises(click.BadParameter):
            parsed(types.ATTRIBUTE, text)


def test_attributes_with_steps_are_read():
    assert parsed(types.ATTRIBUTE_STEPS, "Smiling=-1:1") == ("Smiling", (-1, 0, 1))
    for text in ("Smiling", "=1:2", "Smiling=", "Smiling=a:b", "Smiling=1e300"):
        with pytest.raises(click.BadParameter):
            parsed(types.ATTRIBUTE_STEPS, text)


def test_dimensions_are_read_and_auto_is_empty():
    assert parsed(types.DIMENSIONS, "0,5, 17") == (0, 5, 17)
    assert parsed(types.DIMENSIONS, "auto") == ()
    for text in ("", "a", "1,,2", "-1", "1.5", "1:3"):
        with pytest.raises(click.BadParameter):
            parsed(types.DIMENSIONS, text)


@pytest.mark.parametrize(
    "kind", [types.PATH, types.EXISTING_PATH, types.FOLDER, types.FILE, types.EXISTING_FILE]
)
def test_a_path_may_begin_with_the_home_folder(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("HOME", str(tmp_path))
    name = "file" if kind in (types.FILE, types.EXISTING_FILE) else "folder"
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    assert parsed(kind, f"~/{name}") == tmp_path / name
    assert parsed(types.NAME_OR_PATH, f"~/{name}") == str(tmp_path / name)
    assert parsed(kind, str(tmp_path / name)) == tmp_path / name


def test_other_texts_are_no_home_folder():
    assert parsed(types.FILE, "-") == Path("-")
    assert parsed(types.PATH, "a~/b") == Path("a~/b")
    assert parsed(types.NAME_OR_PATH, "celeba64") == "celeba64"


def test_a_file_takes_precedence_over_a_seed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parsed(types.PHOTO_OR_SEED, "7") == 7
    file = tmp_path / "7"
    file.write_bytes(b"")
    assert parsed(types.PHOTO_OR_SEED, "7") == file.relative_to(tmp_path)
    for text in ("-1", "8.5", "missing.jpg", str(2**63), str(tmp_path)):
        with pytest.raises(click.BadParameter):
            parsed(types.PHOTO_OR_SEED, text)
