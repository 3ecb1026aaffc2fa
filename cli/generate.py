"""`kvae generate`: new images, each from its own seed."""

from __future__ import annotations

from pathlib import Path

import click

from .model_choice import ModelChoice, model_options
from .options import (
    out_option,
    overwrite_option,
    prior_option,
    temperature_option,
)
from .outputs import check_files
from .pictures import write_picture
from .sheet import Sheet, upscale_option


@click.command(epilog="Example: kvae generate -n 40 --seed 7 --prior gmm --out faces.png")
@model_options
@click.option("-n", "--count", type=click.IntRange(1, 10_000), default=40, show_default=True)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**62),
    default=0,
    show_default=True,
    help="Of the first image; the next take SEED + 1, SEED + 2, …",
)
@prior_option
@temperature_option
@upscale_option
@out_option("generated.png")
@overwrite_option
def generate(
    choice: ModelChoice,
    count: int,
    seed: int,
    prior: str,
    temperature: float,
    sheet: Sheet,
    out: Path,
    overwrite: bool,
) -> None:
    """Draw new images from a prior.

    A seed gives the same image in any batch and on any machine. Several images are laid out as a
    grid; a single one is written bare, without margins, so that `kvae morph` can take it.
    """
    check_files([out], overwrite=overwrite)
    model = choice.open()
    choice.start()
    images, _ = model.generate(range(seed, seed + count), temperature, prior)
    picture = sheet.bare(images[0]) if count == 1 else sheet.grid(images)
    write_picture(picture, out, overwrite)
