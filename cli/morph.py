"""`kvae morph`: images moved along attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command import command, option
from .command_line import refuse
from .full_size import edit_files, reduced_edits, write_edits
from .latents import decode
from .layout import Layout, upscale_option
from .model_choice import DIRECTIONS, SERVER, ModelChoice, model_options
from .outputs import GIF, NUMBERS, Outputs, output_options, picture_option
from .sources import (
    ALIGNMENT,
    PRIOR,
    Photo,
    Source,
    Sources,
    photos_argument,
    photos_from,
    row_labels,
    seed_option,
    source_name,
    source_options,
)
from .types import ATTRIBUTE, ATTRIBUTE_STEPS, EXISTING_PATH, STEPS
from .whole_set import run

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from keras_vae.datasets.source import Payload
    from keras_vae.files.jobs import Batch, Row
    from keras_vae.inference.model import Model

Factors = Sequence[tuple[str, float]]  # names and factors
Axes = tuple[tuple[str, tuple[float, ...]], ...]  # two names, with their values of n; or none


@command(epilog="Example: kvae morph face.jpg --attr Smiling --attr Young=-0.5 --steps -3:3")
@option("--attr attributes", ATTRIBUTE, multiple=True)
@option("--steps", STEPS, "-3:3")
@option("--grid axes", ATTRIBUTE_STEPS, nargs=2)
@option("--full-size", is_flag=True)
@source_options(
    photos_argument("[IMG|FOLDER...]", kind=EXISTING_PATH), seed_option(), *PRIOR, *ALIGNMENT
)
@model_options(*SERVER, DIRECTIONS)
@upscale_option
@output_options(picture_option("morph.png"), *NUMBERS, GIF)
def morph(
    attributes: Factors,
    steps: tuple[float, ...],
    axes: Axes,
    full_size: bool,
    sources: Sources,
    choice: ModelChoice,
    layout: Layout,
    outputs: Outputs,
) -> None:
    """Move images along attributes: z' = z + n Δ.

    Writes a strip for each image: the original, then the image at each n. At n = 0 it is the
    reconstruction. With --grid the picture is a table: the first attribute changes to the right,
    the second downwards.

    For a model of faces, the face in each photo is detected and aligned to CelebA's layout. With
    --full-size only the change is taken from the model and blended into the photo, which keeps its
    size and detail; at n = 0 it is the photo. If there are several n, OUT gets n added to its name.
    Photos that cannot be used are left out and listed.

    Args:
        attributes: Attribute to change, as Smiling or Smiling=0.5; several are added.
        steps: Values of n, as -3:3, -3:3:0.5 or -2,0,1.5.
        axes: Two attributes and their values of n, as Smiling=-2:2 Male=-2:2, instead of --attr.
        full_size: Edit the photo itself in its own size; write a picture for each n.
        sources: The images, and how z is computed from them.
        choice: The model.
        layout: Layout of the images.
        outputs: The files to write.
    """
    import numpy as np

    _check_usage(sources, attributes, axes, bool(outputs.gif))
    if full_size:
        _check_full_size(sources.files, axes, bool(outputs.gif), layout)
    else:
        sources.check_rows()
    files = edit_files(outputs.picture, sources.files, steps) if full_size else None
    outputs.check(files)
    names, amounts = zip(*(axes or attributes), strict=True)
    if axes:
        outputs.check_columns(names, ["z"])
    model = choice.open()
    directions = choice.load_directions(model)
    deltas = np.stack([directions.direction(name) for name in names])
    if full_size:
        choice.print_notice(names)
        choice.start(model)
        _write_full_size(sources, model, np.array(amounts) @ deltas, steps, layout, outputs)
        return
    starts = sources.read_all(model)
    if axes and len(starts) > 1:
        raise click.UsageError("--grid takes one face.")
    choice.print_notice(names)
    choice.start(model)
    z = sources.latents(starts, model)
    if axes:
        outputs.write(*table(model, z[0], deltas, axes, layout))
        return
    walk = Walk(model, starts, z, np.array(amounts) @ deltas, layout)
    _write_strip(walk, steps, title_of(attributes), outputs)


def _write_strip(walk: Walk, steps: Sequence[float], title: str, outputs: Outputs) -> None:
    steps = _with_zero(steps)  # every strip shows the reconstruction
    outputs.write(walk.strip(steps, title), walk.numbers(steps))
    if outputs.gif:
        outputs.write_gif(walk.frames(steps, title))


def _write_full_size(
    sources: Sources,
    model: Model,
    move: np.ndarray,
    steps: Sequence[float],
    layout: Layout,
    outputs: Outputs,
) -> None:
    """Edit photo after photo: only a few are in memory."""
    from keras_vae.plotting import sweep

    files = edit_files(outputs.picture, sources.files, steps)
    starts = range(0, len(files), len(steps))
    files_of = {
        photo.stem: files[start : start + len(steps)]  # `edit_files` refuses photos of one stem
        for photo, start in zip(sources.files, starts, strict=True)
    }
    numbers = []

    def read(name: str, payload: Payload) -> list[Row]:
        crops = sources.crops(payload, model)
        outputs.check_size(crops[0].photo.size)
        return [{"name": name, "crops": crops}]

    def write(batch: Batch) -> None:
        (name,), (crops,) = batch["name"], batch["crops"]
        faces = photos_from(name, crops)
        walk = Walk(model, faces, sources.latents(faces, model), move, layout)
        write_edits(crops, walk.changes(steps), files_of[Path(name).stem], outputs)
        numbers.extend(walk.numbers(steps))
        if outputs.gif:
            frames = sweep(_with_zero(steps))  # every animation also shows the unchanged photo
            outputs.write_gif(reduced_edits(crops, walk.changes(frames)))

    sources.print_note(model)
    run("Editing", sources.photo_files, read, write, batch=1)
    outputs.write_numbers(numbers)


def _with_zero(steps: Sequence[float]) -> Sequence[float]:
    return steps if 0 in steps else (0.0, *steps)


@dataclass(frozen=True)
class Walk:
    """Images that move along one direction.

    Attributes:
        model: The model that decodes them.
        sources: B faces of photos, or one seed.
        z: z of each at n = 0, [B, L].
        move: The difference between z at n = 1 and at n = 0, [L].
        layout: The layout of the images.
    """

    model: Model
    sources: Sequence[Source]
    z: np.ndarray
    move: np.ndarray
    layout: Layout

    def latents(self, steps: Sequence[float]) -> np.ndarray:
        """Compute z at every n, [B, N, L]."""
        import numpy as np

        from keras_vae.latent_space.arithmetic import morph

        return np.stack([morph(self.z, self.move, n) for n in steps], axis=1)

    def changes(self, steps: Sequence[float]) -> np.ndarray:
        """Subtract the decoded image at n = 0 from that at every n: levels, [B, N, H, W, C].

        Each n is decoded once, since a result's last bits depend on its position in the batch: at
        n = 0 the difference is exactly 0.
        """
        import numpy as np

        values, positions = np.unique([0.0, *steps], return_inverse=True)
        images = decode(self.model, self.latents(values))[:, positions].astype(np.float32)
        return images[:, 1:] - images[:, :1]

    def strip(self, steps: Sequence[float], title: str) -> Image:
        """Draw a row for each source: the original, if there is one, then each n."""
        from keras_vae.plotting import step_labels

        first = self.sources[0]
        start = "reconstruction" if isinstance(first, Photo) else source_name(first)
        labels = step_labels(steps, notes={0: start})
        return self._draw(decode(self.model, self.latents(steps)), labels, title)

    def frames(self, steps: Sequence[float], title: str) -> list[Image]:
        """Draw the frames of an animation, from the smallest n to the largest."""
        from keras_vae.plotting import FRAME_CELL, step_labels, sweep

        values = sweep(steps)
        images = decode(self.model, self.latents(values)).swapaxes(0, 1)
        return [
            self._draw(image[:, None], [label], title, cell=FRAME_CELL)
            for label, image in zip(step_labels(values), images, strict=True)
        ]

    def numbers(self, steps: Sequence[float]) -> list[dict[str, Any]]:
        """Return the numbers of the strip: source, n and z."""
        return [
            {"image": source_name(source), "n": n, "z": z}
            for source, path in zip(self.sources, self.latents(steps), strict=True)
            for n, z in zip(steps, path, strict=True)
        ]

    def _draw(self, images: np.ndarray, labels: list[str], title: str, **options: Any) -> Image:
        import numpy as np

        if isinstance(self.sources[0], Photo):
            originals = np.stack([photo.pixels for photo in self.sources])
            images = np.concatenate([originals[:, np.newaxis], images], axis=1)
            labels = ["original", *labels]
        return self.layout.strip(images, labels, row_labels(self.sources), title, **options)


def table(
    model: Model, z: np.ndarray, deltas: np.ndarray, axes: Axes, layout: Layout
) -> tuple[Image, list[dict[str, Any]]]:
    """Draw a table of two attributes' steps.

    Args:
        model: The model that decodes the images.
        z: The latent at n = 0, [L].
        deltas: Δ to the right and Δ downwards, [2, L].
        axes: Name and values of n of each.
        layout: The layout of the images.

    Returns:
        The picture, and the steps and z of each cell.
    """
    from keras_vae import plotting
    from keras_vae.latent_space.arithmetic import plane

    (x_name, xs), (y_name, ys) = axes
    points = plane(z, *deltas, xs, ys)
    columns, rows = (
        [f"{name}\n{label}" for label in plotting.step_labels(steps)] for name, steps in axes
    )
    numbers = [
        {x_name: x, y_name: y, "z": point}
        for y, line in zip(ys, points, strict=True)
        for x, point in zip(xs, line, strict=True)
    ]
    return layout.strip(decode(model, points), columns, rows), numbers


def title_of(attributes: Factors) -> str:
    """Write the move as a sum, such as "n × (Smiling − 0.5 Young)"."""
    terms = ""
    for name, scale in attributes:
        sign = "\N{MINUS SIGN}" if scale < 0 else "+"
        factor = "" if abs(scale) == 1 else f"{abs(scale):g} "
        terms += f" {sign} {factor}{name}" if terms or scale < 0 else f"{factor}{name}"
    return f"n × ({terms.strip()})" if len(attributes) > 1 or attributes[0][1] != 1 else terms


def _check_usage(sources: Sources, attributes: Factors, axes: Axes, gif: bool) -> None:
    sources.check()
    if not sources.inputs:
        raise click.UsageError("Give images, or --seed instead of them.")
    if bool(attributes) == bool(axes):
        raise click.UsageError("Give --attr, or --grid instead of it.")
    if axes:
        refuse(["steps"], "has no effect with --grid, which has its own steps: Smiling=-2:2.")
    if axes and (len(sources.inputs) > 1 or gif):
        raise click.UsageError("--grid takes one image, and no --gif.")
    if axes and axes[0][0] == axes[1][0]:
        raise click.UsageError("--grid takes two different attributes.")


def _check_full_size(photos: Sequence[Path], axes: Axes, gif: bool, layout: Layout) -> None:
    if axes or not photos:
        raise click.UsageError("--full-size takes photos and --attr.")
    if layout.upscale:
        raise click.UsageError("--full-size keeps the photo's own size: it takes no --upscale.")
    if gif and len(photos) > 1:
        raise click.UsageError("--gif with --full-size takes one photo.")
