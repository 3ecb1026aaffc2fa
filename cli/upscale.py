"""`kvae upscale`: a larger image by super-resolution."""

from __future__ import annotations

from pathlib import Path

import click

from .command import command, option
from .layout import UPSCALER
from .model_choice import model_option
from .outputs import Outputs, output_options, picture_option
from .pixel_limit import PIXEL_LIMIT
from .progress import progress_bar
from .quiet import load_tensorflow
from .types import EXISTING_FILE, Integer


@command(epilog="Example: kvae upscale face.png --factor 3 --out larger.png")
@click.argument("image", metavar="IMG", type=EXISTING_FILE)
@option("--factor", Integer(2), show_default="the model's")
@PIXEL_LIMIT
@model_option(UPSCALER)
@output_options(picture_option("upscaled.png"))
def upscale(image: Path, factor: int | None, max_pixels: int, name: str, outputs: Outputs) -> None:
    """Increase the size of an image, with sharper edges than interpolation gives.

    It works best for images like those it was trained on: small images of faces, reduced but not
    blurred, such as generated ones. Colours are interpolated; the network adds the edges.
    Transparent parts become white.

    Args:
        image: File of the image.
        factor: Scale factor of width and height; 3 for the model shipped with kvae.
        max_pixels: Most pixels of the image; a larger one is refused.
        name: Exported upscaler; `kvae models list` prints the names.
        outputs: The files to write.
    """
    import numpy as np
    from PIL import Image

    from keras_vae.files.photos import open_photo
    from keras_vae.inference.registry import load_upscaler

    outputs.check()
    upscaler = load_upscaler(name)
    if factor is not None:
        upscaler.check_factor(factor)
    photo = open_photo(image, max_pixels)
    width, height = photo.size
    outputs.check_size((width * upscaler.factor, height * upscaler.factor))
    if upscaler.needs_tensorflow:
        load_tensorflow()
    with progress_bar("Upscaling", "part") as progress:
        [pixels] = upscaler.upscale(np.asarray(photo)[None], progress=progress)
    larger = Image.fromarray(pixels)
    larger.info = photo.info  # the colour profile
    outputs.write_picture(larger)
