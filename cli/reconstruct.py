"""`kvae reconstruct`: what a model keeps of an image."""

from __future__ import annotations

from pathlib import Path

import click

from .options import images_argument, model_option, out_option, overwrite_option
from .pictures import read_photos, row_labels, write_picture
from .quiet import load_tensorflow


@click.command(epilog="Example: kvae reconstruct face.jpg --out reconstruction.png")
@images_argument
@model_option
@out_option("reconstruction.png")
@overwrite_option
def reconstruct(images: tuple[Path, ...], model_name: str, out: Path, overwrite: bool) -> None:
    """Encode and decode images; show them beside what came back.

    Images of any size and kind are cropped in the middle and scaled to the model's size. The mean
    squared error of a pixel in [0, 1] is printed for each.
    """
    import numpy as np

    from keras_vae import plotting, runtime
    from keras_vae.files import check_free

    check_free(out, overwrite=overwrite)
    model = runtime.load(model_name)
    originals = read_photos(images, model)
    load_tensorflow()
    results = model.reconstruct(originals)
    rows = [np.stack(pair) for pair in zip(originals, results, strict=True)]
    picture = plotting.strip(rows, ["original", "reconstruction"], row_labels(images))
    for path, (original, result) in zip(images, rows, strict=True):
        error = np.mean((original.astype(float) - result) ** 2) / 255.0**2
        click.echo(f"{path}: MSE {error:.4f}")
    write_picture(picture, out, overwrite)
