"""Measure the waiting times of commands.

    python benchmarks/command.py                 # or `make bench`
    python benchmarks/command.py --data-dir ~/celeba

`kvae morph` from a cold start and an import of TensorFlow are measured in turns. `kvae generate
-n 1000` is compared with its decoder alone: the difference is the time of sampling z. With
`--data-dir`, opening a prepared data set is measured, too. Every time is the best of the rounds,
because other work on the machine only increases a time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from heading import heading
from timing import best_of

from keras_vae.cli.data_source import DataSource, data_options
from keras_vae.cli.model_choice import model_option
from keras_vae.cli.progress import progress_bar
from keras_vae.cli.quiet import load_tensorflow

IMAGES = 1000


@click.command(help=__doc__.partition("\n")[0])
@model_option()
@data_options()
@click.option("--rounds", default=5, show_default=True)
def main(name: str, source: DataSource, rounds: int) -> None:
    """Measure all in turns, and print a list."""
    load_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        calls = {**cold_starts(name, Path(folder)), **sampling(name)}
        if source.data_dir is not None:
            calls["prepared"] = opening(source.data_dir, source.cache_dir)
        with progress_bar("Timing", "round") as progress:
            best = best_of(calls, rounds, progress)
    click.echo(f"{heading(name, f'{rounds} rounds')}\n")
    over = best["morph"] - best["import"]
    click.echo(f"- `kvae morph` from cold: {best['morph']:.2f} s, {over:.2f} s over an import")
    for prior in ("normal", "gmm"):
        share = best["decoder"] / best[prior]
        title = f"{IMAGES} images from the prior {prior}"
        click.echo(f"- {title}: {best[prior]:.2f} s, {share:.0%} of the decoder's speed")
    if "prepared" in best:
        click.echo(f"- opening a prepared data set: {best['prepared']:.3f} s")


def cold_starts(model_name: str, folder: Path) -> dict[str, Callable[[], Any]]:
    """Cold processes: an import of TensorFlow, and a morph of a generated face."""
    python = [sys.executable, "-c"]
    kvae = [*python, "from keras_vae.cli.main import run; run()"]
    face, strip = folder / "face.png", folder / "strip.png"
    model = ["--model", model_name, "--overwrite"]
    generate = [*kvae, "generate", "-n", "1", "--out", str(face), *model]
    morph = [*kvae, "morph", str(face), "--attr", "Smiling", "--out", str(strip), *model]
    run(generate)
    return {"import": lambda: run([*python, "import tensorflow"]), "morph": lambda: run(morph)}


def run(command: list[str]) -> None:
    """Run a process; show its output if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(done.stderr)


def sampling(model_name: str) -> dict[str, Callable[[], Any]]:
    """Samples from both priors, and the decoder alone on the same number of latents."""
    from keras_vae.inference import registry as runtime

    model = runtime.load(model_name, runtime="tensorflow")
    _, z = model.generate(range(IMAGES))
    return {
        "normal": lambda: model.generate(range(IMAGES)),
        "gmm": lambda: model.generate(range(IMAGES), prior="gmm"),
        "decoder": lambda: model.decode(z),
    }


def opening(data_dir: Path, cache_dir: Path | None) -> Callable[[], Any]:
    """Open CelebA, which was prepared before."""
    from keras_vae.datasets import load_dataset

    def load() -> Any:
        return load_dataset("celeba", data_dir=data_dir, cache_dir=cache_dir, image_size=(32, 32))

    load()
    return load


if __name__ == "__main__":
    main()
