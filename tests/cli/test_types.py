import click
import pytest

from keras_vae.cli import types
from keras_vae.cli.framing import FaceChoice
from keras_vae.cli.serve import VersionLabel
from keras_vae.cli.types import Attribute, AttributeSteps, Dimensions, PhotoOrSeed, Steps


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


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (types.ImageSize, (64, 48)),
        (types.IntegerList, (512,)),
        (Steps, (-1.0, 0.5)),
        (Attribute, ("Smiling", 0.5)),
        (AttributeSteps, ("Smiling", (0.0, 1.0))),
        (Dimensions, ()),
        (PhotoOrSeed, 7),
        (types.Names, ("Male",)),
        (FaceChoice, 2),
        (VersionLabel, ("celeba", "stable", 1)),
    ],
)
def test_what_is_no_text_stays_as_it_is(kind, value):
    assert parsed(kind(), value) is value


def test_sizes_lists_and_names_are_read():
    assert parsed(types.ImageSize(), "64") == (64, 64)
    assert parsed(types.ImageSize(), "64×48") == parsed(types.ImageSize(), "64X48") == (64, 48)
    assert parsed(types.IntegerList(), "512, 256") == (512, 256)
    assert parsed(types.Names(), "Male, Young,") == ("Male", "Young")
    for kind, text in (
        (types.ImageSize, "1x2x3"),
        (types.ImageSize, "0x8"),
        (types.IntegerList, "512,0"),
        (types.IntegerList, "512;256"),
    ):
        with pytest.raises(click.BadParameter):
            parsed(kind(), text)


def test_attributes_are_read():
    assert parsed(Attribute(), "Smiling") == ("Smiling", 1.0)
    assert parsed(Attribute(), "5_o_Clock_Shadow=-0.5") == ("5_o_Clock_Shadow", -0.5)
    for text in ("", "=1", "Smiling=", "Smiling=much", "Smiling=nan"):
        with pytest.raises(click.BadParameter):
            parsed(Attribute(), text)


def test_attributes_with_steps_are_read():
    assert parsed(AttributeSteps(), "Smiling=-1:1") == ("Smiling", (-1, 0, 1))
    for text in ("Smiling", "=1:2", "Smiling=", "Smiling=a:b"):
        with pytest.raises(click.BadParameter):
            parsed(AttributeSteps(), text)


def test_dimensions_are_read_and_auto_is_none_of_them():
    assert parsed(Dimensions(), "0,5, 17") == (0, 5, 17)
    assert parsed(Dimensions(), "auto") == ()
    for text in ("", "a", "1,,2", "-1", "1.5", "1:3"):
        with pytest.raises(click.BadParameter):
            parsed(Dimensions(), text)


def test_a_file_comes_before_the_seed_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parsed(PhotoOrSeed(), "7") == 7
    file = tmp_path / "7"
    file.write_bytes(b"")
    assert parsed(PhotoOrSeed(), "7") == file.relative_to(tmp_path)
    for text in ("-1", "8.5", "missing.jpg", str(2**63), str(tmp_path)):
        with pytest.raises(click.BadParameter):
            parsed(PhotoOrSeed(), text)
