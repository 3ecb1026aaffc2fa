"""Options without effect are refused; the command line is written again."""

import click
import pytest
from click.testing import CliRunner

from keras_vae.cli.train import train
from keras_vae.cli.training import card_command, resume_command
from keras_vae.inference import registry as runtime


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["morph", "first.jpg", "--attr", "A", "--prior", "gmm"], "--prior needs a seed"),
        (["morph", "first.jpg", "--attr", "A", "--temperature", 1], "--temperature needs a seed"),
        (["morph", "--seed", 1, "--attr", "A", "--face", 2], "--face needs an image"),
        (
            ["morph", "--seed", 1, "--grid", "A=0:1", "B=0:1", "--steps", "0:1"],
            "--steps has no effect with --grid",
        ),
        (["interpolate", "first.jpg", "second.png", "--prior", "gmm"], "--prior needs a seed"),
        (["interpolate", 1, 2, "--no-align"], "--no-align needs an image"),
        *(
            ([*command, "--max-pixels", 9], "--max-pixels needs an image")
            for command in (
                ["morph", "--seed", 1, "--attr", "A"],
                ["interpolate", 1, 2],
                ["traverse", "--dims", "0"],
                ["manifold", "--seed", 1],
            )
        ),
        (["traverse", "first.jpg", "--temperature", 0.5], "--temperature needs a seed"),
        (["traverse", "--dims", "0", "--prior", "normal"], "--prior needs a seed"),
        (["traverse", "--dims", "0", "--count", 3], "--count has no effect unless --dims"),
        (["manifold", "--dims", "0,1", "--prior", "gmm"], "--prior needs a seed"),
        (["manifold", "--directions", "first.jpg"], "--directions has no effect"),
        (["models", "show", "colour", "--card", "--json", "-"], "--json has no effect with"),
        (["train", "digits", "--no-export", "--models-dir", "m"], "--models-dir has no effect"),
        (
            ["train", "digits", "--no-export", "--run-dir", "r", "--name", "n"],
            "--name has no effect with --no-export",
        ),
        (
            ["train", "--resume", "r", "--no-export", "--name", "n"],
            "--name has no effect with --no-export",
        ),
        (
            ["train", "--resume", "r", "--no-export", "--overwrite"],
            "--overwrite has no effect with --no-export",
        ),
        (["train", "digits", "--autoencoder", "--beta", 2], "--beta has no effect on an autoenc"),
        (
            ["train", "digits", "--autoencoder", "--annealing", "linear", "--annealing-steps", 9],
            "--annealing has no effect on an autoencoder",
        ),
        (
            ["train", "digits", "--autoencoder", "--free-bits", 0.1],
            "--free-bits has no effect on an autoencoder",
        ),
        *(
            ([name, "digits", "--print-config", *option], f"{option[0]} has no effect with --print")
            for name in ("train", "train-upscaler")
            for option in (
                ("--name", "n"),
                ("--run-dir", "r"),
                ("--models-dir", "m"),
                ("--cache-dir", "c"),
                ("--save-minutes", 1),
                ("--overwrite",),
            )
        ),
        (["train", "digits", "--print-config", "--no-export"], "--no-export has no effect with"),
        *(
            (["export", "--lite", "colour", *option], f"{option[0]} has no effect with --lite")
            for option in (
                ("--name", "n"),
                ("--models-dir", "m"),
                ("--data-dir", "d"),
                ("--cache-dir", "c"),
                ("--max-pixels", 9),
            )
        ),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_options_without_effect_are_usage_errors(
    kvae, photo_files, monkeypatch, arguments, message
):
    monkeypatch.setattr(runtime, "load", lambda name, **_: pytest.fail("work was begun"))
    result = kvae(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


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
def test_options_with_an_effect_pass(kvae, photo_files, arguments):
    result = kvae(*arguments, "--model", "colour")
    assert result.exit_code == 0, result.output


def within(words, function):
    """Call a function within a `kvae train` that was typed, and return its result."""
    seen = []
    command = click.Command(
        "train",
        params=train.params,
        callback=lambda **_: seen.append(function()),
    )
    result = CliRunner().invoke(command, words)
    assert result.exit_code == 0, result.output
    return seen[0]


def test_the_cards_command_has_the_chosen_values_and_no_folders():
    words = ["mnist", "--data-dir", "/home/me/data", "--image-size", "8", "--hidden", "16,8"]
    words += ["--no-random-flip", "--models-dir", "mine", "--epochs", "3"]
    command = within(words, lambda: card_command("mnist", "mixed_bfloat16"))
    assert command == (
        "kvae train mnist --data-dir DATA --image-size 8x8 --no-random-flip --hidden 16,8 "
        "--epochs 3 --precision mixed_bfloat16"
    )


def test_the_command_that_resumes_repeats_options_that_the_run_does_not_store(tmp_path):
    words = ["mnist", "--data-dir", "/data", "--epochs", "3", "--run-dir", "a run", "--overwrite"]
    words += ["--cache-dir", "my cache", "--name", "tiny", "--models-dir", "$HOME/models"]
    command = within(words, lambda: resume_command(tmp_path / "a run"))
    assert command == (
        f"kvae train --resume '{tmp_path}/a run' --cache-dir 'my cache' --name tiny "
        "--models-dir '$HOME/models' --overwrite"
    )
    words = ["mnist", "--name", "tiny", "--save-minutes", "1", "--overwrite", "--no-export"]
    command = within(words, lambda: resume_command("runs/tiny"))
    assert command == "kvae train --resume runs/tiny --save-minutes 1.0 --no-export"


def test_a_resumed_run_that_is_interrupted_again_keeps_its_data_folder():
    words = ["--resume", "runs/a", "--epochs", "9", "--data-dir", "moved", "--workers", "a:1,b:1"]
    command = within(words, lambda: resume_command("runs/a"))
    assert command == "kvae train --resume runs/a --data-dir moved --epochs 9 --workers a:1,b:1"


def test_a_resumed_run_that_is_interrupted_before_its_first_step_keeps_what_was_changed():
    words = ["--resume", "runs/a", "--epochs", "20", "--strategy", "single", "--no-export"]
    command = within(words, lambda: resume_command("runs/a"))
    options = "--epochs 20 --strategy single --no-export"
    assert command == f"kvae train --resume runs/a {options}"
