"""Measure the waiting times of commands, on LiteRT and on TensorFlow.

    python benchmarks/command.py                 # or `make bench`
    python benchmarks/command.py --data-dir ~/celeba

Every command runs from a cold start, in turns with `python -c "import tensorflow"`, whose time is
the unit: the ratio is to the import of the same round. Times and ratios are medians of the rounds.
With `--data-dir`, opening a prepared data set is measured, too.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click
from heading import heading
from processes import Cost, python, run, save_photo

from keras_vae.cli.data_source import DataSource, data_options
from keras_vae.cli.model_choice import model_option
from keras_vae.cli.progress import progress_bar

IMPORT = "import tensorflow"
RUNTIMES = ("lite", "tensorflow")
KVAE = python("from keras_vae.cli.main import run; run()")
SIDES = {"1 megapixel": 1000, "12 megapixels": 3464}
OPEN = """
from keras_vae.datasets import load_dataset
load_dataset("celeba", data_dir={!r}, cache_dir={!r}, image_size=(32, 32))
"""


@click.command(help=__doc__.partition("\n")[0])
@model_option()
@data_options()
@click.option("--rounds", default=7, show_default=True)
def main(name: str, source: DataSource, rounds: int) -> None:
    """Measure all in turns, and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        processes = {IMPORT: python(IMPORT), **commands(name, Path(folder))}
        if source.data_dir is not None:
            places = (str(source.data_dir), source.cache_dir and str(source.cache_dir))
            processes["open a prepared data set"] = python(OPEN.format(*places))
            run(processes["open a prepared data set"])  # prepares it
        with progress_bar("Timing", "round") as progress:
            measured: dict[str, list[Cost]] = {key: [] for key in processes}
            for number in range(rounds):
                for key, process in processes.items():
                    measured[key].append(run(process))
                progress(number + 1, rounds)
    click.echo(f"{heading(name, f'medians of {rounds} rounds')}\n")
    report(measured)


def commands(model: str, folder: Path) -> dict[str, list[str]]:
    """The commands by what they do and the runtime."""
    photos = {title: save_photo(folder / f"{side}.jpg", side) for title, side in SIDES.items()}
    morph = ["--attr", "Smiling", "--out", str(folder / "strip.png")]
    generate = ["generate", "-n", "1000", "--out", str(folder / "grid.png")]
    kinds = {
        "morph --seed 14": ["morph", "--seed", "14", *morph],
        **{f"morph, {title}": ["morph", str(photo), *morph] for title, photo in photos.items()},
        "generate -n 1000": generate,
        "generate -n 1000 --prior gmm": [*generate, "--prior", "gmm"],
    }
    return {
        f"{title} ({runtime})": [
            *KVAE, *arguments, "--model", model, "--runtime", runtime, "--overwrite"
        ]
        for title, arguments in kinds.items()
        for runtime in RUNTIMES
    }  # fmt: skip


def report(measured: Mapping[str, list[Cost]]) -> None:
    """Print the medians: seconds, ratio to the import of the same round, peak memory."""
    imports = [cost.seconds for cost in measured[IMPORT]]
    click.echo("| process | seconds | ratio | peak MB |\n|---|---:|---:|---:|")
    for title, rounds in measured.items():
        seconds = [cost.seconds for cost in rounds]
        ratios = [each / unit for each, unit in zip(seconds, imports, strict=True)]
        peak = statistics.median(cost.peak for cost in rounds)
        row = f"{statistics.median(seconds):.2f} | {statistics.median(ratios):.2f} | {peak:.0f}"
        click.echo(f"| {title} | {row} |")


if __name__ == "__main__":
    main()
