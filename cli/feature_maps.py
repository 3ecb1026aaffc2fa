"""`kvae feature-maps`: the feature maps of each convolution for an image."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command import command, option
from .model_choice import SERVER, ModelChoice, model_options
from .outputs import NUMBERS, Outputs, output_options
from .quiet import load_tensorflow
from .sources import ALIGNMENT, Sources, photos_argument, source_options
from .types import FOLDER, NAME, Integer

if TYPE_CHECKING:
    import numpy as np

OVERVIEW = "overview"


@command("feature-maps", epilog="Example: kvae feature-maps face.jpg --top 16 --out maps")
@option("--layer", NAME)
@option("--top", Integer(1), show_default="all; 16 in the overview")
@option("--scale", ["shared", "channel"], "shared")
@source_options(photos_argument("IMG", 1, required=True), *ALIGNMENT)
@model_options(*SERVER)
@output_options(option("--out", FOLDER, "feature-maps"), *NUMBERS)
def feature_maps(
    layer: str | None,
    top: int | None,
    scale: str,
    sources: Sources,
    choice: ModelChoice,
    out: Path,
    outputs: Outputs,
) -> None:
    """Plot the feature maps of each convolution of the encoder and the decoder for an image.

    The folder receives overview.png, and for each layer an image grid of its channels, numbered
    from 0: encoder_conv_1.png and so on. The decoder's input is the image's z_mean. The values are
    those before normalization and activation. The numbers are minimum, maximum, mean and variance
    of each channel over the image.

    Args:
        layer: The only convolution to plot, without the overview.
        top: Number of channels per layer: those of the largest variance over the image.
        scale: Black and white are the extremes of the layer (shared) or of each channel.
        sources: The image.
        photos: File of an image.
        choice: The model.
        out: Folder of the pictures.
        outputs: The files to write.
    """
    from keras_vae import plotting

    def file(name: str) -> Path:
        return out / f"{name}.png"

    outputs.check([file(layer or OVERVIEW)])
    model = choice.open()
    pixels = sources.read_one(model).pixels[None]
    if choice.server is None:
        load_tensorflow()  # LiteRT has no feature maps
    layers = {name: maps[0] for name, maps in model.feature_maps(pixels).items()}
    shown = layers if layer is None else _only(layers, layer)
    outputs.check([file(name) for name in (shown if layer else [OVERVIEW, *shown])])
    if layer is None:
        _note_of_overview(layers, top)
        options = {} if top is None else {"top": top}
        overview = plotting.feature_overview(layers, pixels[0], scale=scale, **options)
        outputs.write_picture(overview, file(OVERVIEW))
    for name, maps in shown.items():
        channels = plotting.feature_grid(name, maps, top=top, scale=scale)
        outputs.write_picture(channels, file(name))
    outputs.write_numbers(_rows(shown))


def _note_of_overview(layers: Mapping[str, np.ndarray], top: int | None) -> None:
    """Print that the overview shows fewer channels than were asked for."""
    from keras_vae.plotting.feature_grids import OVERVIEW as MOST

    wanted = min(top or MOST, max(maps.shape[2] for maps in layers.values()))
    if wanted > MOST:
        click.echo(f"Note: {OVERVIEW}.png shows {MOST} channels of a layer, not {top}.", err=True)


def _only(layers: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    from keras_vae.files.naming import near_names

    if name not in layers:
        raise ValueError(f"No convolution is called {name!r}. {near_names(name, list(layers))}")
    return {name: layers[name]}


def _rows(layers: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return a row for each channel of each layer."""
    from keras_vae.plotting.channels import statistics

    rows = []
    for layer, maps in layers.items():
        summary = statistics(maps)
        for channel in range(maps.shape[2]):
            values = {name: value[channel] for name, value in summary.items()}
            rows.append({"layer": layer, "channel": channel, **values})
    return rows
