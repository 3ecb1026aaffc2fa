"""`kvae interpolate`: from one image to the next."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .framing import Framing, framing_options
from .model_choice import ModelChoice, model_options
from .options import gif_option, prior_option, temperature_option
from .outputs import Outputs, output_options
from .pictures import check_source_options, decode, latents_of, source_name
from .types import PhotoOrSeed

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from keras_vae.inference.model import Model


@click.command(epilog="Example: kvae interpolate face.jpg 7 --steps 10 --method spherical")
@click.argument("sources", metavar="A B [C…]", nargs=-1, required=True, type=PhotoOrSeed())
@click.option("--steps", type=click.IntRange(2, 100), default=10, show_default=True)
@click.option(
    "--method",
    type=click.Choice(["linear", "spherical"]),
    default="linear",
    show_default=True,
    help="Spherical turns z at constant speed and keeps its length, as draws from the prior do.",
)
@framing_options
@model_options
@prior_option
@temperature_option
@gif_option
@output_options("interpolate.png")
def interpolate(
    sources: tuple[Path | int, ...],
    steps: int,
    method: str,
    framing: Framing,
    choice: ModelChoice,
    prior: str,
    temperature: float,
    outputs: Outputs,
) -> None:
    """Interpolate between images: from A to B, then on to C, in STEPS images each.

    Each is an image file or a seed of `kvae generate`; where a file is called 7, that file is
    meant. The first and last image of a row are the two reconstructions.
    """
    import numpy as np

    from keras_vae import plotting
    from keras_vae.latent_space import arithmetic as latents

    if len(sources) < 2:
        raise click.UsageError("Give at least two images or seeds.")
    photos = [isinstance(source, Path) for source in sources]
    check_source_options(photos=any(photos), seeds=not all(photos))
    outputs.check()
    model = choice.open()
    sources = [
        framing.read_one(source, model) if isinstance(source, Path) else source
        for source in sources
    ]
    choice.start()
    z = latents_of(sources, model, prior, temperature)
    paths = np.stack([latents.interpolate(a, b, steps, method) for a, b in pairwise(z)])
    names = [source_name(source) for source in sources]
    parts = np.linspace(0, 1, steps)
    picture = plotting.strip(
        decode(model, paths),
        [f"t = {t:.2g}" for t in parts],
        [f"{a}\n→ {b}" for a, b in pairwise(names)],
    )
    rows = [
        {"from": a, "to": b, "t": t, "z": point}
        for (a, b), path in zip(pairwise(names), paths, strict=True)
        for t, point in zip(parts, path, strict=True)
    ]
    outputs.write(picture, rows)
    if outputs.gif:
        outputs.write_gif(_frames(model, z, len(plotting.sweep(parts)), method))


def _frames(model: Model, z: np.ndarray, steps: int, method: str) -> list[Image]:
    """Draw the frames of the whole way, with t counting the images that were passed."""
    import numpy as np

    from keras_vae import plotting
    from keras_vae.latent_space import arithmetic as latents

    legs = [latents.interpolate(a, b, steps, method) for a, b in pairwise(z)]
    path = np.concatenate([z[:1], *(leg[1:] for leg in legs)])
    return [
        plotting.strip([image[np.newaxis]], [f"t = {t:.2f}"], cell=plotting.FRAME_CELL)
        for t, image in zip(np.linspace(0, len(legs), len(path)), decode(model, path), strict=True)
    ]
