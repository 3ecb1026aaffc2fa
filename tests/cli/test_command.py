"""Help from docstrings, headings, and option names in errors."""

import re
from dataclasses import dataclass

import click
import pytest
from click.testing import CliRunner

from keras_vae.cli.command import collected, command, named_options, option, section
from keras_vae.cli.main import COMMANDS, kvae
from keras_vae.cli.types import Integer


@dataclass(frozen=True)
class Place:
    """A place.

    Attributes:
        folder: Folder of
            the files.
        depth: Depth in metres.
    """

    folder: str
    depth: int = 1


@command()
@click.argument("name")
@collected(Place, "place", "Place", option("--folder"), option("--depth", Integer(1), 2))
@section("Work", option("--early-stop", Integer(1)), option("--export/--no-export", default=True))
@option("--samples", Integer(0))
@option("--no-samples", is_flag=True)
@option("--mse-weight weight", float)
@option("--overwrite", is_flag=True)
def work(name, place, **options):
    """Do some work.

    Args:
        name: Name of the work.
        place: Where it is done.
        depth: Depth of this work in metres.
        **options: Further options:
        early_stop: Number of epochs.
    """
    click.echo(place)


def commands(group=kvae, words=()):
    """Every command with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        each = group.get_command(context, name)
        yield (*words, name), each
        if isinstance(each, click.Group):
            yield from commands(each, (*words, name))


def test_help_has_headings_and_the_texts_of_docstrings():
    text = CliRunner().invoke(work, ["--help"]).output
    assert "Args" not in text
    assert re.search(r"Positional arguments:\n  NAME  Name of the work\.\n", text)
    place, rest = text.split("\nPlace:\n")[1].split("\n\n", 1)
    assert re.search(r"--folder TEXT +Folder of the files\.", place)
    assert re.search(r"--depth N +Depth of this work in metres\.  \[default: 2; x>=1\]", place)
    assert re.search(r"Work:\n  --early-stop N +Number of epochs\.", rest)


def test_options_reach_the_command_as_one_object():
    result = CliRunner().invoke(work, ["a", "--folder", "b"])
    assert result.output == "Place(folder='b', depth=2)\n"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("`early_stop` must be positive.", "`--early-stop` must be positive."),
        ("`weight`, `early_stop`: no such", "`--mse-weight`, `--early-stop`: no such"),
        ("a.png exists. Use overwrite=True.", "a.png exists. Use --overwrite."),
        ("Use `overwrite=True` to overwrite it.", "Use `--overwrite` to overwrite it."),
        ("Use `samples=0`.", "Use `--no-samples`."),
        ("Use `export=False`.", "Use `--no-export`."),
        ("Use `early_stop=5`.", "Use `--early-stop 5`."),
        ("`image_shape` and early_stop, x=1", "`image_shape` and early_stop, x=1"),
    ],
)
def test_an_error_names_options(message, expected):
    assert named_options(message, work) == expected


@pytest.mark.parametrize(
    ("error", "code"),
    [(FileExistsError("Use overwrite=True."), 1), (click.UsageError("Use overwrite=True."), 2)],
)
def test_a_commands_error_names_options_and_keeps_its_type(error, code):
    def fail(**_):
        raise error

    failing = type(work)("work", params=work.params, callback=fail)
    result = CliRunner().invoke(failing, ["a", "--folder", "b"])
    assert result.exit_code == code
    assert "Use --overwrite." in result.output + str(result.exception)
    if code == 1:
        assert result.exception is error


def test_every_argument_and_option_of_every_command_has_a_help():
    for words, each in commands():
        for parameter in each.params:
            if parameter.name != "help":
                assert (parameter.help or "").endswith((".", "…")), (*words, parameter.name)


def test_every_weight_is_the_weight_of_something():
    weights = {
        parameter.name: parameter.help
        for _, each in commands()
        for parameter in each.params
        if parameter.name.endswith(("weight", "beta"))  # not `export --weights`, the variables
    }
    assert {"beta", "identity_weight", "adversarial_weight"} < set(weights)
    assert all(text.startswith("Weight of the ") for text in weights.values()), weights


def test_training_options_have_six_headings():
    text = CliRunner().invoke(kvae, ["train", "--help"]).output
    headings = re.findall(r"^(\w[\w ]+):$", text, re.MULTILINE)
    expected = ["Data", "Network", "Objective", "Optimization", "Devices", "Run"]
    assert [each for each in headings if each in expected] == expected


def test_every_command_is_imported_under_its_name():
    assert [words[0] for words, _ in commands() if len(words) == 1] == list(COMMANDS)


def test_an_override_that_the_preset_does_not_have_is_a_usage_error(tmp_path):
    words = ("train", "digits", "--mse-weight", 5, "--variance", 3, "--annealing-steps", 7)
    result = CliRunner().invoke(kvae, [*map(str, words), "--run-dir", str(tmp_path / "run")])
    assert result.exit_code == 2
    for name in ("--mse-weight", "--variance", "--annealing-steps"):
        assert name in result.output
    assert not (tmp_path / "run").exists()
