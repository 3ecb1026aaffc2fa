"""Options that contradict each other, and what was typed told again."""

import click
import pytest
from click.testing import CliRunner

from keras_vae.cli.resuming import resuming
from keras_vae.cli.train import LOCAL_OPTIONS, train
from keras_vae.cli.typed import command_line
from keras_vae.inference import registry as runtime


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["morph", "first.jpg", "--attr", "A", "--prior", "gmm"], "--prior needs a seed"),
        (["morph", "first.jpg", "--attr", "A", "--temperature", 1], "--temperature needs a seed"),
        (["morph", "--seed", 1, "--attr", "A", "--face", 2], "--face needs an image"),
        (["morph", "--seed", 1, "--grid", "A=0:1", "B=0:1", "--steps", "0:1"], "--steps is of"),
        (["interpolate", "first.jpg", "second.png", "--prior", "gmm"], "--prior needs a seed"),
        (["interpolate", 1, 2, "--no-align"], "--no-align needs an image"),
        (["traverse", "first.jpg", "--temperature", 0.5], "--temperature needs a seed"),
        (["traverse", "--dims", "0", "--prior", "normal"], "--prior needs a seed"),
        (["traverse", "--dims", "0", "--count", 3], "--count is of --dims auto"),
        (["manifold", "--dims", "0,1", "--prior", "gmm"], "--prior needs a seed"),
        (["manifold", "--directions", "first.jpg"], "--directions needs two --attr"),
        (["models", "show", "colour", "--card", "--json", "-"], "--json is not of --card"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_options_without_a_meaning_are_usage_errors(
    kvae, photo_files, monkeypatch, arguments, told
):
    monkeypatch.setattr(runtime, "load", lambda name: pytest.fail("work was begun"))
    result = kvae(*arguments)
    assert result.exit_code == 2
    assert told in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["interpolate", "first.jpg", 2, "--prior", "gmm", "--no-align", "--steps", 2],
        ["traverse", "--seed", 1, "--dims", "0", "--prior", "gmm"],
        ["traverse", "first.jpg", "--dims", "auto", "--count", 2, "--no-align"],
        ["manifold", "--seed", 1, "--dims", "0,1", "--size", 2, "--temperature", 0.5],
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_options_with_a_meaning_pass(kvae, photo_files, arguments):
    result = kvae(*arguments, "--model", "colour")
    assert result.exit_code == 0, result.output


def told(words, tell):
    """What `tell` makes of a `kvae train` that was typed."""
    seen = []
    command = click.Command(
        "train",
        params=train.params,
        callback=lambda **_: seen.append(tell(click.get_current_context())),
    )
    result = CliRunner().invoke(command, words)
    assert result.exit_code == 0, result.output
    return seen[0]


def test_the_cards_command_has_what_was_chosen_and_no_place():
    words = ["mnist", "--data-dir", "/home/me/data", "--image-size", "8", "--hidden", "16,8"]
    words += ["--no-random-flip", "--models-dir", "mine", "--epochs", "3"]
    command = told(
        words,
        lambda ctx: command_line(ctx, ["mnist"], LOCAL_OPTIONS, {"precision": "mixed_bfloat16"}),
    )
    assert command == (
        "kvae train mnist --data-dir DATA --image-size 8x8 --hidden 16,8 --epochs 3 "
        "--no-random-flip --precision mixed_bfloat16"
    )


def test_the_command_that_goes_on_repeats_what_the_run_does_not_remember(tmp_path):
    words = ["mnist", "--data-dir", "/data", "--epochs", "3", "--run-dir", "a run", "--no-export"]
    words += ["--cache-dir", "my cache", "--name", "tiny", "--models-dir", "$HOME/models"]
    command = told(words, lambda ctx: resuming(ctx, tmp_path / "a run", LOCAL_OPTIONS))
    assert command == (
        f"kvae train --resume '{tmp_path}/a run' --cache-dir 'my cache' --name tiny "
        "--models-dir '$HOME/models' --no-export"
    )


def test_a_resumed_run_that_stops_again_keeps_its_data_folder():
    words = ["--resume", "runs/a", "--epochs", "9", "--data-dir", "moved", "--workers", "a:1,b:1"]
    command = told(words, lambda ctx: resuming(ctx, "runs/a", LOCAL_OPTIONS))
    assert command == "kvae train --resume runs/a --data-dir moved --workers a:1,b:1"
