"""`kvae reconstruct`: what a model keeps of an image."""

from __future__ import annotations

from pathlib import Path

import click

from .framing import Framing, framing_options
from .model_choice import ModelChoice, model_options
from .options import images_argument, out_option, overwrite_option
from .outputs import check_files
from .pictures import row_labels, write_picture
from .sheet import Sheet, upscale_option


@click.command(epilog="Example: kvae reconstruct face.jpg --out reconstruction.png")
@images_argument
@framing_options
@model_options
@upscale_option
@out_option("reconstruction.png")
@overwrite_option
def reconstruct(
    images: tuple[Path, ...],
    framing: Framing,
    choice: ModelChoice,
    sheet: Sheet,
    out: Path,
    overwrite: bool,
) -> None:
    """Encode and decode images; show them beside what came back.

    For a model of faces the face of each image is found and aligned as those of CelebA; other
    images are cropped in the middle. The mean squared error of a pixel in [0, 1] is printed for
    each.
    """
    import numpy as np

    check_files([out], overwrite=overwrite)
    model = choice.open()
    sitters = framing.read(images, model)
    originals = np.stack([sitter.pixels for sitter in sitters])
    choice.start()
    results = model.reconstruct(originals)
    rows = [np.stack(pair) for pair in zip(originals, results, strict=True)]
    picture = sheet.strip(rows, ["original", "reconstruction"], row_labels(sitters))
    for sitter, (original, result) in zip(sitters, rows, strict=True):
        error = np.mean((original.astype(float) - result) ** 2) / 255.0**2
        click.echo(f"{sitter.name}: MSE {error:.4f}")
    write_picture(picture, out, overwrite)
