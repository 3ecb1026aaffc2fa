"""`kvae feature-maps`: what each convolution makes of an image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .framing import Framing, framing_options
from .model_choice import ModelChoice, model_options
from .numbers import numbers_options, write_numbers
from .options import overwrite_option
from .outputs import check_files
from .pictures import write_picture

if TYPE_CHECKING:
    import numpy as np

OVERVIEW = "overview"


@click.command("feature-maps", epilog="Example: kvae feature-maps face.jpg --top 16 --out maps")
@click.argument(
    "image", metavar="IMG", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--layer", metavar="NAME", help="Only this convolution, without the overview.")
@click.option(
    "--top",
    type=click.IntRange(1),
    help="Only so many channels of a layer: those of the largest variance over the image.  "
    "[default: all; 16 in the overview]",
)
@click.option(
    "--scale",
    type=click.Choice(["shared", "channel"]),
    default="shared",
    show_default=True,
    help="Black and white are the extremes of the layer, or of each channel.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="feature-maps",
    show_default=True,
    help="Folder to write the pictures to.",
)
@framing_options
@model_options
@numbers_options
@overwrite_option
def feature_maps(
    image: Path,
    layer: str | None,
    top: int | None,
    scale: str,
    out: Path,
    framing: Framing,
    choice: ModelChoice,
    csv_file: Path | None,
    json_file: Path | None,
    overwrite: bool,
) -> None:
    """Show what each convolution of the encoder and of the decoder makes of an image.

    The folder receives overview.png, and for each layer a sheet of its channels, numbered from 0:
    encoder_conv_1.png and so on. The decoder is given the image's z_mean. Shown is what a
    convolution returns, before normalisation and activation. The numbers behind it are minimum,
    maximum, mean and variance of each channel over the image.
    """
    from keras_vae import plotting

    def check(names: Iterable[str]) -> None:
        pictures = [out / f"{name}.png" for name in names]
        check_files(pictures, [csv_file, json_file], overwrite=overwrite)

    check([layer or OVERVIEW])
    model = choice.open()
    pixels = framing.read_one(image, model).pixels[None]
    choice.start()
    layers = {name: maps[0] for name, maps in model.feature_maps(pixels).items()}
    shown = layers if layer is None else _only(layers, layer)
    check(shown if layer else [OVERVIEW, *shown])
    if layer is None:
        options = {} if top is None else {"top": top}
        overview = plotting.feature_overview(layers, pixels[0], scale=scale, **options)
        write_picture(overview, out / f"{OVERVIEW}.png", overwrite)
    for name, maps in shown.items():
        sheet = plotting.feature_grid(name, maps, top=top, scale=scale)
        write_picture(sheet, out / f"{name}.png", overwrite)
    write_numbers(_rows(shown), csv=csv_file, json=json_file, overwrite=overwrite)


def _only(layers: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    from keras_vae.files.naming import near_names

    if name not in layers:
        raise ValueError(f"No convolution is called {name!r}. {near_names(name, list(layers))}")
    return {name: layers[name]}


def _rows(layers: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """A row for each channel of each layer."""
    from keras_vae.plotting.channels import statistics

    rows = []
    for layer, maps in layers.items():
        summary = statistics(maps)
        for channel in range(maps.shape[2]):
            values = {name: value[channel] for name, value in summary.items()}
            rows.append({"layer": layer, "channel": channel, **values})
    return rows
