"""Measure the speed of training steps of kvae and of other libraries.

    python benchmarks/train_step.py          # or `make bench`; '.[bench]' installs the others

Every contender trains the same network, with the same batch size, on the same generated images, in
a separate process; one works while the others wait. They take turns, so that other work on the
machine affects all of them. The rate of each is the median of its rounds. The share of the peak is
the speed of the network's arithmetic, divided by that of the matrix products that this machine
reaches in the same rounds. On a processor that only emulates bfloat16, bfloat16 is left out: it
would take hours.
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
REPEATS = {"celeba": 1, "mnist": 16}  # of the images, so that a pass is long enough
# TensorFlow's defaults of the variables that `import keras_vae` sets: all contenders import it.
TENSORFLOWS_OWN = {"TF_CPU_ALLOCATOR_USE_BFC": "0", "TF_ENABLE_ONEDNN_OPTS": ""}
NEEDS = {"pytorch": "torch", "pythae_trainer": "pythae"}


@dataclass(frozen=True)
class Contender:
    """A library that trains, in one variant.

    Attributes:
        name: Its module in `contenders`.
        variant: Argument of its `prepare`.
    """

    name: str
    variant: str

    @property
    def title(self) -> str:
        """Name in the table."""
        return f"{self.name.removesuffix('_trainer').replace('_', ' ')}, {self.variant}"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of its process: plain Keras has TensorFlow's defaults."""
        return {**os.environ, **(TENSORFLOWS_OWN if self.name == "plain_keras" else {})}

    @property
    def precision(self) -> str:
        """Precision of the peak that it is compared with."""
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
@click.option("--seconds", default=4.0, show_default=True, help="Duration of a turn.")
def main(presets: Sequence[str], rounds: int, seconds: float) -> None:
    """Measure all contenders in turns, and print a table for each network."""
    load_tensorflow()
    present = [one for one in CONTENDERS if find_spec(NEEDS.get(one.name, "keras_vae"))]
    precisions = worthwhile_precisions()
    asked = [one for one in [*PEAKS, PIPELINE, *present] if one.precision in precisions]
    duration = f"{rounds} rounds of {seconds:g} seconds"
    click.echo(heading(duration, packages=tuple(NEEDS.values())))
    for preset in presets:
        task = Task(preset, generated_images(preset))
        click.echo(table(task, measure(task, asked, rounds, seconds)))
    for name in dict.fromkeys(one.name for one in CONTENDERS if one not in present):
        click.echo(f"{name} is not installed: pip install '.[bench]'")
    if "bfloat16" not in precisions:
        click.echo("bfloat16 is left out: this processor is not faster in it.")


def worthwhile_precisions() -> set[str]:
    """Return float32 and the precision that `kvae train --precision auto` would choose."""
    from keras_vae.training.precision import fastest_precision

    return {"float32", fastest_precision().removeprefix("mixed_")}


def generated_images(preset: str) -> np.ndarray:
    """Generate images with the shipped model of the same name."""
    from keras_vae.inference import registry as runtime

    images, _ = runtime.load(preset, runtime="tensorflow").sample(range(IMAGES), prior="gmm")
    return np.concatenate([images] * REPEATS[preset])


def measure(
    task: Task, contenders: Sequence[Contender], rounds: int, seconds: float
) -> dict[Contender, list[float]]:
    """Measure the rate of each, per second, in every round."""
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
    with tempfile.TemporaryFile("w+") as log:  # a full pipe would block the process
        process = subprocess.Popen(
            [*command, one.variant],
            cwd=FOLDER,
            env=one.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            if process.stdout.readline().strip() != "ready":
                process.wait()
                log.seek(0)
                raise click.ClickException(f"{one.title} failed:\n{log.read()}")
            yield process
        finally:
            process.kill()


def turn(process: subprocess.Popen[str], seconds: float) -> float:
    """Let a contender train; return its rate per second."""
    print(seconds, file=process.stdin, flush=True)
    done, taken = map(float, process.stdout.readline().split())
    return done / taken


def table(task: Task, rates: dict[Contender, list[float]]) -> str:
    """Format the rates, the share of the peak, and the ratio of kvae's best rate to each."""
    typical = {one: statistics.median(values) for one, values in rates.items()}
    peaks = {one.variant: typical[one] for one in PEAKS if one in typical}
    best = max(rate for one, rate in typical.items() if one.name == "kvae")
    lines = [
        f"\n## `{task.name}`: {'×'.join(map(str, task.preset.image_shape))}, z = "
        f"{task.preset.latent_dim}, batch {BATCH}, {task.operations / 1e9:.3g} GFLOP an image\n",
        "| | images/s | range | share of the peak | kvae's best ÷ this |",
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
    reached = ", ".join(f"{name} {rate / 1e9:.0f} GFLOP/s" for name, rate in peaks.items())
    return "\n".join(
        [
            *lines,
            f"\nPeak of products of 2,048 × 2,048: {reached}.",
            f"kvae's input pipeline alone: {typical[PIPELINE]:,.0f} images/s, "
            f"{typical[PIPELINE] / best:.0f} × the rate of its best step.",
        ]
    )


if __name__ == "__main__":
    main()
