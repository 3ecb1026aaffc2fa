"""`kvae morph`: images moved along attributes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .options import (
    directions_option,
    images_argument,
    model_option,
    out_option,
    overwrite_option,
)
from .pictures import directions_of, read_photos, row_labels, write_picture
from .quiet import load_tensorflow

MOST_STEPS = 100

NOTICE = (
    "Note: `Attractive` is the raters' taste and the data set's bias, not a fact about a person; "
    "the model card says more: kvae models show {name} --card"
)


class Steps(click.ParamType):
    """Values of n: "-3:3", "-3:3:0.5" or "-2,0,1.5"; gives a tuple."""

    name = "N:N[:STEP]|N,N,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the steps."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = [float(part) for part in value.replace(",", ":").split(":")]
        except ValueError:
            numbers = []
        ranged = ":" in value
        if (
            not numbers
            or not all(map(math.isfinite, numbers))
            or (ranged and ("," in value or len(numbers) > 3))
        ):
            self.fail(f"{value!r} are no steps; write -3:3, -3:3:0.5 or -2,0,1.5.")
        if ranged:
            numbers = self._range(*numbers)
        if len(numbers) > MOST_STEPS:
            self.fail(f"{value!r} are more than {MOST_STEPS} steps.")
        return tuple(numbers)

    def _range(self, start: float, stop: float, step: float | None = None) -> list[float]:
        step = math.copysign(1.0, stop - start) if step is None else step
        if step == 0 or (stop - start) / step < 0:
            self.fail(f"steps of {step:g} do not lead from {start:g} to {stop:g}.")
        count = math.floor(min((stop - start) / step, MOST_STEPS) + 1e-9) + 1
        return [round(start + number * step, 9) for number in range(count)]


class Attribute(click.ParamType):
    """An attribute and its factor, "Smiling" or "Young=-0.5"; gives (name, factor)."""

    name = "NAME[=SCALE]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse name and factor."""
        if isinstance(value, tuple):
            return value
        name, equals, scale = value.partition("=")
        try:
            factor = float(scale) if equals else 1.0
        except ValueError:
            factor = math.nan
        if not name or not math.isfinite(factor):
            self.fail(f"{value!r} is no attribute; write Smiling, or Smiling=0.5.")
        return name, factor


@click.command(epilog="Example: kvae morph face.jpg --attr Smiling --attr Young=-0.5 --steps -3:3")
@images_argument
@click.option(
    "--attr",
    "attributes",
    type=Attribute(),
    multiple=True,
    required=True,
    help="Attribute to move along, as Smiling or Smiling=0.5; several add up.",
)
@click.option(
    "--steps",
    type=Steps(),
    default="-3:3",
    show_default=True,
    help="How far: values of n, as -3:3, -3:3:0.5 or -2,0,1.5.",
)
@model_option
@directions_option
@out_option("morph.png")
@overwrite_option
def morph(
    images: tuple[Path, ...],
    attributes: tuple[tuple[str, float], ...],
    steps: tuple[float, ...],
    model_name: str,
    directions: Path | None,
    out: Path,
    overwrite: bool,
) -> None:
    """Move images along attributes: z' = z + n Δ.

    Writes a strip for each image: the original, then each n. At n = 0 stands the reconstruction:
    what the model keeps of the image, from which all the others depart.
    """
    import numpy as np

    from keras_vae import latents, plotting, runtime
    from keras_vae.files import check_free

    check_free(out, overwrite=overwrite)
    model = runtime.load(model_name)
    known = directions_of(model, directions)
    chosen = np.stack([known.direction(name) for name, _ in attributes])
    scales = np.array([scale for _, scale in attributes])
    originals = read_photos(images, model)
    if any(name == "Attractive" for name, _ in attributes):
        click.echo(NOTICE.format(name=model_name), err=True)
    load_tensorflow()
    steps = steps if 0 in steps else (0.0, *steps)  # every strip shows the reconstruction
    z_mean, _ = model.encode(originals)
    moved = np.stack([latents.morph(z_mean, chosen, n * scales) for n in steps], axis=1)
    frames = model.decode(moved.reshape(-1, model.latent_dim))  # image by image, n by n
    strips = frames.reshape(len(images), len(steps), *model.image_shape)
    rows = np.concatenate([originals[:, np.newaxis], strips], axis=1)
    labels = plotting.morph_labels(steps)
    title = title_of(attributes)
    write_picture(plotting.strip(rows, labels, row_labels(images), title), out, overwrite)


def title_of(attributes: Sequence[tuple[str, float]]) -> str:
    """Write the move as a sum, such as "n × (Smiling − 0.5 Young)"."""
    terms = ""
    for name, scale in attributes:
        sign = "\N{MINUS SIGN}" if scale < 0 else "+"
        factor = "" if abs(scale) == 1 else f"{abs(scale):g} "
        terms += f" {sign} {factor}{name}" if terms or scale < 0 else f"{factor}{name}"
    return f"n × ({terms.strip()})" if len(attributes) > 1 or attributes[0][1] != 1 else terms
