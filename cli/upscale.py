"""`kvae upscale`: an image made larger."""

from __future__ import annotations

from pathlib import Path

import click

from .options import out_option, overwrite_option
from .outputs import check_files
from .pictures import write_picture
from .progress import progress_bar
from .quiet import load_tensorflow
from .sheet import UPSCALER


@click.command(epilog="Example: kvae upscale face.png --factor 3 --out larger.png")
@click.argument(
    "image", metavar="IMG", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--factor",
    type=click.IntRange(2),
    help="How much larger, 3 for the model that comes with kvae.  [default: the model's]",
)
@click.option(
    "--model",
    "model_name",
    default=UPSCALER,
    show_default=True,
    metavar="NAME|PATH",
    help="An upscaler: see `kvae models list`.",
)
@out_option("upscaled.png")
@overwrite_option
def upscale(image: Path, factor: int | None, model_name: str, out: Path, overwrite: bool) -> None:
    """Make an image of any size larger, and sharper than by interpolation.

    It does best what it was trained for: small pictures of faces, shrunk and not blurred, such as
    the models here draw. Its colours are interpolated, its edges are the network's. Transparent
    parts are laid on white.
    """
    import numpy as np
    from PIL import Image

    from keras_vae.files.photos import open_photo
    from keras_vae.inference.registry import load_upscaler

    check_files([out], overwrite=overwrite)
    upscaler = load_upscaler(model_name)
    if factor is not None:
        upscaler.check_factor(factor)
    photo = open_photo(image)
    load_tensorflow()
    with progress_bar("Upscaling", "part") as progress:
        [pixels] = upscaler.upscale(np.asarray(photo)[None], progress=progress)
    larger = Image.fromarray(pixels)
    larger.info = photo.info  # the colour profile
    write_picture(larger, out, overwrite)
