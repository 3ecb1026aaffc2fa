"""`kvae morph`: images moved along attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .framing import Framing, framing_options
from .full_size import edit_files, reduced_edits, write_edits
from .model_choice import ModelChoice, model_options
from .options import (
    directions_option,
    gif_option,
    photos_argument,
    prior_option,
    seed_option,
    temperature_option,
)
from .outputs import Outputs, output_options
from .pictures import (
    Source,
    check_source_options,
    decode,
    directions_of,
    give_notice,
    latents_of,
    row_labels,
    source_name,
)
from .sheet import Sheet, upscale_option
from .typed import refuse
from .types import Attribute, AttributeSteps, Steps

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from keras_vae.inference.model import Model

Factors = Sequence[tuple[str, float]]  # names and factors
Axes = tuple[tuple[str, tuple[float, ...]], ...]  # two names, with their values of n; or none


@click.command(epilog="Example: kvae morph face.jpg --attr Smiling --attr Young=-0.5 --steps -3:3")
@photos_argument
@seed_option
@click.option(
    "--attr",
    "attributes",
    type=Attribute(),
    multiple=True,
    help="Attribute to move along, as Smiling or Smiling=0.5; several add up.",
)
@click.option(
    "--steps",
    type=Steps(),
    default="-3:3",
    show_default=True,
    help="How far --attr goes: values of n, as -3:3, -3:3:0.5 or -2,0,1.5.",
)
@click.option(
    "--grid",
    "axes",
    type=AttributeSteps(),
    nargs=2,
    help="In place of --attr: a table of two attributes, as Smiling=-2:2 Male=-2:2.",
)
@click.option(
    "--full-size",
    is_flag=True,
    help="Edit the photo itself, in its own size; writes a picture for each n.",
)
@framing_options
@model_options
@directions_option
@prior_option
@temperature_option
@upscale_option
@gif_option
@output_options("morph.png")
def morph(
    images: tuple[Path, ...],
    seed: int | None,
    attributes: Factors,
    steps: tuple[float, ...],
    axes: Axes,
    full_size: bool,
    framing: Framing,
    choice: ModelChoice,
    directions: Path | None,
    prior: str,
    temperature: float,
    sheet: Sheet,
    outputs: Outputs,
) -> None:
    """Move images along attributes: z' = z + n Δ.

    Writes a strip for each image: the original, then each n. At n = 0 stands the reconstruction:
    what the model keeps of the image, from which all the others depart. With --grid it is a table
    instead: the first attribute runs to the right, the second downwards.

    For a model of faces the face of each photo is found and aligned as those of CelebA. With
    --full-size only what changes is taken from the model and laid over the photo, which keeps its
    size and detail; at n = 0 it is the photo. OUT gets n added to its name for each of several n.
    """
    import numpy as np

    _check_usage(images, seed, attributes, axes, bool(outputs.gif))
    if full_size:
        _check_full_size(images, axes, bool(outputs.gif), sheet)
    files = edit_files(outputs.picture, images, steps) if full_size else []
    outputs.check(files)
    names, amounts = zip(*(axes or attributes), strict=True)
    model = choice.open()
    known = directions_of(model, directions)
    deltas = np.stack([known.direction(name) for name in names])
    sources = framing.read(images, model) or [seed]
    if axes and len(sources) > 1:
        raise click.UsageError("--grid takes one face.")
    give_notice(names, choice.name)
    choice.start()
    z = latents_of(sources, model, prior, temperature)
    if axes:
        outputs.write(*table(model, z[0], deltas, axes, sheet))
        return
    walk = Walk(model, sources, z, np.array(amounts) @ deltas, sheet)
    if full_size:
        _write_full_size(walk, steps, files, outputs)
    else:
        _write_strip(walk, steps, title_of(attributes), outputs)


def _write_strip(walk: Walk, steps: Sequence[float], title: str, outputs: Outputs) -> None:
    steps = _from_zero(steps)  # every strip shows the reconstruction
    outputs.write(walk.strip(steps, title), walk.numbers(steps))
    if outputs.gif:
        outputs.write_gif(walk.frames(steps, title))


def _write_full_size(
    walk: Walk, steps: Sequence[float], files: Sequence[Path], outputs: Outputs
) -> None:
    from keras_vae.plotting import sweep

    portraits = [sitter.portrait for sitter in walk.sources]
    write_edits(portraits, walk.changes(steps), files, outputs.overwrite)
    outputs.write_numbers(walk.numbers(steps))
    if outputs.gif:
        way = sweep(_from_zero(steps))  # every animation shows the photo as it is, too
        outputs.write_gif(reduced_edits(portraits, walk.changes(way)))


def _from_zero(steps: Sequence[float]) -> Sequence[float]:
    return steps if 0 in steps else (0.0, *steps)


@dataclass(frozen=True)
class Walk:
    """Images on their way along one move.

    Attributes:
        model: What decodes them.
        sources: B faces of photos, or one seed.
        z: Where each sets out, [B, L].
        move: What n = 1 adds, [L].
        sheet: What draws them.
    """

    model: Model
    sources: Sequence[Source]
    z: np.ndarray
    move: np.ndarray
    sheet: Sheet

    def latents(self, steps: Sequence[float]) -> np.ndarray:
        """Look z up at every n, [B, N, L]."""
        import numpy as np

        from keras_vae.latent_space.arithmetic import morph

        return np.stack([morph(self.z, self.move, n) for n in steps], axis=1)

    def changes(self, steps: Sequence[float]) -> np.ndarray:
        """Subtract the decoded image at n = 0 from that at every n: levels, [B, N, H, W, C].

        Each n is decoded once, since a result's last bits depend on its place in the batch: at
        n = 0 nothing changes.
        """
        import numpy as np

        values, places = np.unique([0.0, *steps], return_inverse=True)
        images = decode(self.model, self.latents(values))[:, places].astype(np.float32)
        return images[:, 1:] - images[:, :1]

    def strip(self, steps: Sequence[float], title: str) -> Image:
        """Draw a row for each source: the original, if there is one, then each n."""
        from keras_vae.plotting import step_label

        seeded = isinstance(self.sources[0], int)
        kind = source_name(self.sources[0]) if seeded else "reconstruction"
        labels = [step_label(n, kind) for n in steps]
        return self._draw(decode(self.model, self.latents(steps)), labels, title)

    def frames(self, steps: Sequence[float], title: str) -> list[Image]:
        """Draw the frames of an animation, from the least n to the greatest."""
        from keras_vae.plotting import FRAME_CELL, number_label, sweep

        values = sweep(steps)
        images = decode(self.model, self.latents(values)).swapaxes(0, 1)
        return [
            self._draw(image[:, None], [f"n = {number_label(n, '+.2f')}"], title, cell=FRAME_CELL)
            for n, image in zip(values, images, strict=True)
        ]

    def numbers(self, steps: Sequence[float]) -> list[dict[str, Any]]:
        """List what the strip shows: source, n and z."""
        return [
            {"image": source_name(source), "n": n, "z": z}
            for source, path in zip(self.sources, self.latents(steps), strict=True)
            for n, z in zip(steps, path, strict=True)
        ]

    def _draw(self, images: np.ndarray, labels: list[str], title: str, **options: Any) -> Image:
        import numpy as np

        if not isinstance(self.sources[0], int):
            originals = np.stack([sitter.pixels for sitter in self.sources])
            images = np.concatenate([originals[:, np.newaxis], images], axis=1)
            labels = ["original", *labels]
        return self.sheet.strip(images, labels, row_labels(self.sources), title, **options)


def table(
    model: Model, z: np.ndarray, deltas: np.ndarray, axes: Axes, sheet: Sheet
) -> tuple[Image, list[dict[str, Any]]]:
    """Draw a table of two attributes' steps.

    Args:
        model: What decodes it.
        z: The latent at n = 0, [L].
        deltas: Δ to the right and Δ downwards, [2, L].
        axes: Name and steps of each.
        sheet: What draws it.

    Returns:
        The picture, and the steps and z of each cell.
    """
    from keras_vae import plotting
    from keras_vae.latent_space import arithmetic as latents

    (x_name, xs), (y_name, ys) = axes
    points = latents.plane(z, *deltas, xs, ys)
    columns, rows = ([f"{name} {plotting.number_label(n)}" for n in steps] for name, steps in axes)
    numbers = [
        {x_name: x, y_name: y, "z": point}
        for y, line in zip(ys, points, strict=True)
        for x, point in zip(xs, line, strict=True)
    ]
    return sheet.strip(decode(model, points), columns, rows), numbers


def title_of(attributes: Factors) -> str:
    """Write the move as a sum, such as "n × (Smiling − 0.5 Young)"."""
    terms = ""
    for name, scale in attributes:
        sign = "\N{MINUS SIGN}" if scale < 0 else "+"
        factor = "" if abs(scale) == 1 else f"{abs(scale):g} "
        terms += f" {sign} {factor}{name}" if terms or scale < 0 else f"{factor}{name}"
    return f"n × ({terms.strip()})" if len(attributes) > 1 or attributes[0][1] != 1 else terms


def _check_usage(
    images: tuple[Path, ...], seed: int | None, attributes: Factors, axes: Axes, gif: bool
) -> None:
    if bool(images) == (seed is not None):
        raise click.UsageError("Give images, or --seed in place of them.")
    check_source_options(photos=bool(images), seeds=seed is not None)
    if bool(attributes) == bool(axes):
        raise click.UsageError("Give --attr, or --grid in place of it.")
    if axes:
        refuse(["steps"], "is of --attr: --grid takes steps of its own, as in Smiling=-2:2.")
    if axes and (len(images) > 1 or gif):
        raise click.UsageError("--grid takes one image, and no --gif.")
    if axes and axes[0][0] == axes[1][0]:
        raise click.UsageError("--grid takes two attributes that differ.")


def _check_full_size(images: tuple[Path, ...], axes: Axes, gif: bool, sheet: Sheet) -> None:
    if axes or not images:
        raise click.UsageError("--full-size takes photos and --attr.")
    if sheet.upscaler:
        raise click.UsageError("--full-size keeps the photo's own size: it takes no --upscale.")
    if gif and len(images) > 1:
        raise click.UsageError("--gif with --full-size takes one photo.")
