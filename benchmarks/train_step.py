"""How fast does kvae train, beside what one would use instead?

    python benchmarks/train_step.py          # or `make bench`; peers come with '.[bench]'

Every contender trains the same network, with the same batch, on the same generated images, in a
process of its own; one works while the others wait. They take turns, round after round, so that
whatever else the machine does meets them all; each one's rate is the median of its rounds. The
last columns set the network's arithmetic against the matrix products that this machine reaches in
the same rounds. A processor that only emulates bfloat16 is not asked for it: hours would tell what
seconds do.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np
from contenders.task import BATCH, Task
from heading import heading

from keras_vae.cli.progress import progress_bar
from keras_vae.cli.quiet import load_tensorflow

FOLDER = Path(__file__).parent
IMAGES = 16 * BATCH
REPEATS = {"celeba": 1, "mnist": 16}  # of the images, so that a pass takes long enough to be timed
# What `import keras_vae` would set, and all import its presets.
TENSORFLOWS_OWN = {"TF_CPU_ALLOCATOR_USE_BFC": "0", "TF_ENABLE_ONEDNN_OPTS": ""}
NEEDS = {"pytorch": "torch", "pythae_trainer": "pythae"}


@dataclass(frozen=True)
class Contender:
    """One way to train.

    Attributes:
        name: Its module in `contenders`.
        variant: What its `prepare` is given.
    """

    name: str
    variant: str

    @property
    def title(self) -> str:
        """What the table calls it."""
        return f"{self.name.removesuffix('_trainer').replace('_', ' ')}, {self.variant}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables of its process: a notebook leaves TensorFlow to its own choices."""
        return {**os.environ, **(TENSORFLOWS_OWN if self.name == "plain_keras" else {})}

    @property
    def precision(self) -> str:
        """Which peak it is held against."""
        return "bfloat16" if "bfloat16" in self.variant else "float32"


PEAKS = [Contender("peak", "float32"), Contender("peak", "bfloat16")]
PIPELINE = Contender("pipeline", "alone")
CONTENDERS = [
    Contender("kvae", "float32"),
    Contender("kvae", "mixed_bfloat16"),
    Contender("plain_keras", "float32"),
    Contender("pytorch", "float32"),
    Contender("pytorch", "bfloat16"),
    Contender("pytorch", "float32 compiled"),
    Contender("pytorch", "bfloat16 compiled"),
    Contender("pythae_trainer", "float32"),
]


@click.command(help=__doc__.partition("\n")[0])
@click.option("--preset", "presets", multiple=True, default=["celeba", "mnist"], show_default=True)
@click.option("--rounds", default=7, show_default=True)
@click.option("--seconds", default=4.0, show_default=True, help="Of a contender's turn.")
def main(presets: Sequence[str], rounds: int, seconds: float) -> None:
    """Let them take turns, and print a table for each network."""
    load_tensorflow()
    present = [one for one in CONTENDERS if find_spec(NEEDS.get(one.name, "keras_vae"))]
    precisions = worthwhile_precisions()
    asked = [one for one in [*PEAKS, PIPELINE, *present] if one.precision in precisions]
    told = f"{rounds} rounds of {seconds:g} seconds"
    click.echo(heading(told, packages=tuple(NEEDS.values())))
    for preset in presets:
        task = Task(preset, generated_images(preset))
        click.echo(table(task, measure(task, asked, rounds, seconds)))
    for name in dict.fromkeys(one.name for one in CONTENDERS if one not in present):
        click.echo(f"{name} is not here: pip install '.[bench]'")
    if "bfloat16" not in precisions:
        click.echo("bfloat16 is left out: this processor is no faster in it.")


def worthwhile_precisions() -> set[str]:
    """Say what this machine has arithmetic for, as `kvae train --precision auto` finds it."""
    from keras_vae.training.precision import fastest_precision

    return {"float32", fastest_precision().removeprefix("mixed_")}


def generated_images(preset: str) -> np.ndarray:
    """Let the shipped model of that name draw images."""
    from keras_vae.inference import registry as runtime

    images, _ = runtime.load(preset).generate(range(IMAGES), prior="gmm")
    return np.concatenate([images] * REPEATS[preset])


def measure(
    task: Task, contenders: Sequence[Contender], rounds: int, seconds: float
) -> dict[Contender, list[float]]:
    """Measure what each does in a second, in every round."""
    rates: dict[Contender, list[float]] = {one: [] for one in contenders}
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images.npy"
        np.save(images, task.images)
        workers = {one: stack.enter_context(working(one, task, images)) for one in contenders}
        progress = stack.enter_context(progress_bar(f"Training {task.name}", "turn"))
        for number in range(rounds * len(workers)):
            one = contenders[number % len(workers)]
            rates[one].append(turn(workers[one], seconds))
            progress(number + 1, rounds * len(workers))
    return rates


@contextmanager
def working(one: Contender, task: Task, images: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a contender's process, and wait until it is warm."""
    command = [sys.executable, "-m", "contenders.worker", one.name, task.name, str(images)]
    with tempfile.TemporaryFile("w+") as said:  # a pipe would fill up, and hold the process
        process = subprocess.Popen(
            [*command, one.variant],
            cwd=FOLDER,
            env=one.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            if process.stdout.readline().strip() != "ready":
                process.wait()
                said.seek(0)
                raise click.ClickException(f"{one.title} failed:\n{said.read()}")
            yield process
        finally:
            process.kill()


def turn(process: subprocess.Popen[str], seconds: float) -> float:
    """Let a contender train; return what it did in a second."""
    print(seconds, file=process.stdin, flush=True)
    done, taken = map(float, process.stdout.readline().split())
    return done / taken


def table(task: Task, rates: dict[Contender, list[float]]) -> str:
    """Set the rates out, with each one's share of the peak and what kvae is to it."""
    typical = {one: statistics.median(values) for one, values in rates.items()}
    peaks = {one.variant: typical[one] for one in PEAKS if one in typical}
    best = max(rate for one, rate in typical.items() if one.name == "kvae")
    lines = [
        f"\n## `{task.name}`: {'×'.join(map(str, task.preset.image_shape))}, z = "
        f"{task.preset.latent_dim}, batch {BATCH}, {task.operations / 1e9:.3g} GFLOP an image\n",
        "| | images/s | range | share of the peak | kvae's best is |",
        "|---|---:|---:|---:|---:|",
    ]
    for one, rate in typical.items():
        if one not in CONTENDERS:
            continue
        low, high = min(rates[one]), max(rates[one])
        share = rate * task.operations / peaks[one.precision]
        lines.append(
            f"| {one.title} | {rate:,.0f} | {low:,.0f} – {high:,.0f} | {share:.0%} "
            f"| {best / rate:.2f} × |"
        )
    told = ", ".join(f"{name} {rate / 1e9:.0f} GFLOP/s" for name, rate in peaks.items())
    return "\n".join(
        [
            *lines,
            f"\nPeak of products of 2,048 × 2,048: {told}.",
            f"kvae's input pipeline alone: {typical[PIPELINE]:,.0f} images/s, "
            f"{typical[PIPELINE] / best:.0f} × what its best step takes.",
        ]
    )


if __name__ == "__main__":
    main()
