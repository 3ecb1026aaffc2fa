"""Options that override a preset's numbers."""

from __future__ import annotations

import click

from .options import Command
from .types import BINARIZATION, ImageSize, IntegerList

POSITIVE = click.FloatRange(0, min_open=True)

# Options that change a preset's number, each passed on by its name.
PRESET_OPTIONS = [
    click.option("--latent", "latent_dim", type=click.IntRange(1), help="Latent dimensions."),
    click.option("--image-size", type=ImageSize(), help="Height and width, as 64 or 64x48."),
    click.option("--hidden", type=IntegerList(), help="Widths of the dense layers."),
    click.option("--filters", type=IntegerList(), help="Filters of the convolutions."),
    click.option("--kernels", type=IntegerList(), help="Kernel sides of the convolutions."),
    click.option("--strides", type=IntegerList(), help="Strides of the convolutions."),
    click.option("--activation", help="Keras name of the activation."),
    click.option("--normalization", type=click.Choice(["none", "batch", "instance"])),
    click.option("--upsampling", type=click.Choice(["transposed", "nearest"])),
    click.option("--objective", "likelihood", help="Reconstruction term: see `kvae presets`."),
    click.option("--variance", type=POSITIVE, help="c of gaussian and squared_error."),
    click.option("--mse-weight", "weight", type=POSITIVE, help="Of mean_squared_error."),
    click.option("--beta", type=click.FloatRange(0), help="Weight of the KL divergence (λ)."),
    click.option("--annealing", type=click.Choice(["constant", "linear", "cyclical"])),
    click.option("--annealing-steps", type=click.IntRange(1), help="Steps to β, or of a cycle."),
    click.option("--free-bits", type=click.FloatRange(0), help="Nats a dimension has for free."),
    click.option("--importance-samples", type=click.IntRange(1), help="k of the IWAE bound."),
    click.option(
        "--perceptual-weight",
        type=click.FloatRange(0),
        help="Of the distance that a classifier of the data set's attributes or labels sees.",
    ),
    click.option(
        "--distillation-weight",
        type=click.FloatRange(0),
        help="Of a linear reading of z_mean's cross-entropy with that classifier's answers.",
    ),
    click.option(
        "--mmd-weight",
        type=click.FloatRange(0),
        help="Of the distance of all images' draws of z from N(0, I).",
    ),
    click.option("--stochastic/--autoencoder", default=None, help="Draw z, or pass z_mean on."),
    click.option("--learning-rate", type=POSITIVE, help="Adam's, at the start."),
    click.option("--decay", type=click.Choice(["constant", "cosine"]), help="Of the rate."),
    click.option("--warmup-steps", type=click.IntRange(0), help="In which the rate grows from 0."),
    click.option("--batch-size", type=click.IntRange(1), help="Images in a batch."),
    click.option("--epochs", type=click.IntRange(1), help="Passes over the training split."),
    click.option("--random-flip/--no-random-flip", default=None, help="Mirror at random."),
    click.option(
        "--binarization",
        type=BINARIZATION,
        help="How grey pixels become black or white.",
    ),
]


def preset_options(command: Command) -> Command:
    """Add the options that override a preset."""
    for option in reversed(PRESET_OPTIONS):
        command = option(command)
    return command
