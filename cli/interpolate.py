"""`kvae interpolate`: from one image to the next."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from .command import command, option
from .latents import decode
from .model_choice import SERVER, ModelChoice, model_options
from .outputs import GIF, NUMBERS, Outputs, output_options, picture_option
from .sources import ALIGNMENT, PRIOR, Photo, Source, Sources, source_name, source_options
from .types import PHOTO_OR_SEED, Integer

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from keras_vae.inference.model import Model

SOURCES = click.argument("photos", metavar="A B [C…]", nargs=-1, required=True, type=PHOTO_OR_SEED)


@command(epilog="Example: kvae interpolate face.jpg 7 --steps 10 --method spherical")
@option("--steps", Integer(2, 100), 10)
@option("--method", ["linear", "spherical"], "linear")
@source_options(SOURCES, *PRIOR, *ALIGNMENT)
@model_options(*SERVER)
@output_options(picture_option("interpolate.png"), *NUMBERS, GIF)
def interpolate(
    steps: int, method: str, sources: Sources, choice: ModelChoice, outputs: Outputs
) -> None:
    """Interpolate between images: from A to B, then from B to C, in STEPS images each.

    Each of them is an image file or a seed of `kvae generate`. If there is a file with the name 7,
    then 7 is that file. At t = 0 and t = 1 a row shows the two reconstructions; beside them are the
    two photos.

    Args:
        steps: Number of images from A to B, both included.
        method: Interpolation; spherical turns z at constant speed and keeps its length, as samples
            of the prior have it.
        sources: The images, and how z is computed from them.
        photos: Files of images, or seeds.
        choice: The model.
        outputs: The files to write.
    """
    import numpy as np

    from keras_vae import plotting
    from keras_vae.latent_space import arithmetic

    if len(sources.inputs) < 2:
        raise click.UsageError("Give at least two images or seeds.")
    sources.check()
    outputs.check()
    model = choice.open()
    ends = sources.read(model, single=True)
    choice.start(model)
    z = sources.latents(ends, model)
    paths = np.stack([arithmetic.interpolate(a, b, steps, method) for a, b in pairwise(z)])
    names = [*pairwise(map(source_name, ends))]
    parts = np.linspace(0, 1, steps)
    picture = _strip(
        decode(model, paths),
        plotting.step_labels(parts, "t"),
        [*pairwise(ends)],
        _sides(ends),
        row_labels=[f"{a}\n→ {b}" for a, b in names],
    )
    rows = [
        {"from": a, "to": b, "t": t, "z": point}
        for (a, b), path in zip(names, paths, strict=True)
        for t, point in zip(parts, path, strict=True)
    ]
    outputs.write(picture, rows)
    if outputs.gif:
        outputs.write_gif(_frames(model, ends, z, len(plotting.sweep(parts)), method))


def _strip(
    images: np.ndarray,
    labels: Sequence[str],
    ends: Sequence[tuple[Source, Source]],
    sides: Sequence[int],
    **options: Any,
) -> Image:
    """Draw rows of images [R, K, H, W, C], each between the photos that it leads from and to.

    Photos are drawn on those sides, 0 and 1, where one of the rows has any; a seed has none.
    """
    import numpy as np

    from keras_vae import plotting

    empty = np.full(images.shape[2:], 255, np.uint8)
    columns, names = [images], list(labels)
    for side in sides:
        photos = [pair[side].pixels if isinstance(pair[side], Photo) else empty for pair in ends]
        columns.insert(len(columns) * side, np.array(photos)[:, np.newaxis])
        names.insert(len(names) * side, "original")
    return plotting.strip(np.concatenate(columns, axis=1), names, **options)


def _sides(ends: Sequence[Source]) -> list[int]:
    """The sides of the rows, 0 left and 1 right, on which there is a photo."""
    pairs = [*pairwise(ends)]
    return [side for side in (0, 1) if any(isinstance(pair[side], Photo) for pair in pairs)]


def _frames(
    model: Model, ends: Sequence[Source], z: np.ndarray, steps: int, method: str
) -> list[Image]:
    """Draw the frames of all parts; t counts the images that were reached."""
    import numpy as np

    from keras_vae import plotting
    from keras_vae.latent_space import arithmetic

    legs = [arithmetic.interpolate(a, b, steps, method) for a, b in pairwise(z)]
    path = np.concatenate([z[:1], *(leg[1:] for leg in legs)])
    labels = plotting.step_labels(np.linspace(0, len(legs), len(path)), "t")
    pairs = [pair for pair in pairwise(ends) for _ in range(steps - 1)]
    sides = _sides(ends)
    return [
        _strip(image[np.newaxis, np.newaxis], [label], [pair], sides, cell=plotting.FRAME_CELL)
        for label, image, pair in zip(labels, decode(model, path), [*pairs, pairs[-1]], strict=True)
    ]
