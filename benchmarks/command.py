"""How long does a user wait for the command, beside what cannot be avoided?

    python benchmarks/command.py                 # or `make bench`
    python benchmarks/command.py --data-dir ~/celeba

`kvae morph` from a cold start is timed beside an import of TensorFlow, in turns. `kvae generate
-n 1000` is held against its decoder alone: what `generate` adds are draws. With a data set at hand,
opening its prepared copy is timed as well. Every time is the best of the rounds: other work on the
machine only ever adds to it.
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

from keras_vae.cli.options import data_options, model_option
from keras_vae.cli.progress import progress_bar
from keras_vae.cli.quiet import load_tensorflow

IMAGES = 1000


@click.command(help=__doc__.partition("\n")[0])
@model_option
@data_options
@click.option("--rounds", default=5, show_default=True)
def main(model_name: str, data_dir: Path | None, cache_dir: Path | None, rounds: int) -> None:
    """Time each in turn, and print a list."""
    load_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        calls = {**cold_starts(model_name, Path(folder)), **draws(model_name)}
        if data_dir is not None:
            calls["prepared"] = opening(data_dir, cache_dir)
        with progress_bar("Timing", "round") as progress:
            best = best_of(calls, rounds, progress)
    click.echo(f"{heading(model_name, f'{rounds} rounds')}\n")
    over = best["morph"] - best["import"]
    click.echo(f"- `kvae morph` from cold: {best['morph']:.2f} s, {over:.2f} s over an import")
    for prior in ("normal", "gmm"):
        share = best["decoder"] / best[prior]
        told = f"{IMAGES} images from the prior {prior}"
        click.echo(f"- {told}: {best[prior]:.2f} s, {share:.0%} of the decoder's speed")
    if "prepared" in best:
        click.echo(f"- opening a prepared data set: {best['prepared']:.3f} s")


def cold_starts(model_name: str, folder: Path) -> dict[str, Callable[[], Any]]:
    """Processes from nothing: TensorFlow's import, and a morph of a generated face."""
    python = [sys.executable, "-c"]
    kvae = [*python, "from keras_vae.cli.main import run; run()"]
    face, strip = folder / "face.png", folder / "strip.png"
    model = ["--model", model_name, "--overwrite"]
    generate = [*kvae, "generate", "-n", "1", "--out", str(face), *model]
    morph = [*kvae, "morph", str(face), "--attr", "Smiling", "--out", str(strip), *model]
    run(generate)
    return {"import": lambda: run([*python, "import tensorflow"]), "morph": lambda: run(morph)}


def run(command: list[str]) -> None:
    """Run a process; what it says is shown if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(done.stderr)


def draws(model_name: str) -> dict[str, Callable[[], Any]]:
    """Draws from both priors, and the decoder alone on latents of the same number."""
    from keras_vae.inference import registry as runtime

    model = runtime.load(model_name)
    _, z = model.generate(range(IMAGES))
    return {
        "normal": lambda: model.generate(range(IMAGES)),
        "gmm": lambda: model.generate(range(IMAGES), prior="gmm"),
        "decoder": lambda: model.decode(z),
    }


def opening(data_dir: Path, cache_dir: Path | None) -> Callable[[], Any]:
    """Opening CelebA, prepared beforehand."""
    from keras_vae.datasets import load_dataset

    def load() -> Any:
        return load_dataset("celeba", data_dir=data_dir, cache_dir=cache_dir, image_size=(32, 32))

    load()
    return load


if __name__ == "__main__":
    main()
