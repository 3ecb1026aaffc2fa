"""`kvae reconstruct`: images and their reconstructions."""

from __future__ import annotations

import click

from .command import command
from .layout import Layout, upscale_option
from .model_choice import SERVER, ModelChoice, model_options
from .outputs import Outputs, output_options, picture_option
from .sources import ALIGNMENT, Sources, photos_argument, row_labels, source_options


@command(epilog="Example: kvae reconstruct face.jpg --out reconstruction.png")
@source_options(photos_argument("IMG...", required=True), *ALIGNMENT)
@model_options(*SERVER)
@upscale_option
@output_options(picture_option("reconstruction.png"))
def reconstruct(sources: Sources, choice: ModelChoice, layout: Layout, outputs: Outputs) -> None:
    """Encode and decode images; write each original beside its reconstruction.

    For a model of faces, the face in each image is detected and aligned to CelebA's layout; for
    other models, the middle of the image is cropped. For each image the mean squared error per
    pixel is printed, with pixels in [0, 1].
    """
    import numpy as np

    outputs.check()
    model = choice.open()
    photos = sources.read(model)
    originals = np.stack([photo.pixels for photo in photos])
    choice.start(model)
    rows = np.stack([originals, model.reconstruct(originals)], axis=1)
    picture = layout.strip(rows, ["original", "reconstruction"], row_labels(photos))
    for photo, (original, reconstruction) in zip(photos, rows, strict=True):
        error = np.mean((original.astype(float) - reconstruction) ** 2) / 255.0**2
        click.echo(f"{photo.name}: MSE {error:.4f}")
    outputs.write_picture(picture)
