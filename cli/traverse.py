"""`kvae traverse`: one latent dimension at a time."""

from __future__ import annotations

from pathlib import Path

import click

from .framing import Framing, framing_options
from .model_choice import ModelChoice, model_options
from .options import gif_option, photo_argument, prior_option, seed_option, temperature_option
from .outputs import Outputs, output_options
from .pictures import (
    active_dims,
    activity,
    check_source,
    decode,
    dim_label,
    latents_of,
    source_name,
)
from .typed import refuse
from .types import Dimensions, Steps


@click.command(epilog="Example: kvae traverse face.jpg --dims auto --range -3:3")
@photo_argument
@seed_option
@click.option(
    "--dims",
    type=Dimensions(),
    metavar="auto|K,K,…",
    default="auto",
    show_default=True,
    help="Dimensions of z, as 0,5,7; auto takes those of the largest KL.",
)
@click.option(
    "--count",
    type=click.IntRange(1, 100),
    default=10,
    show_default=True,
    help="How many dimensions auto takes.",
)
@click.option(
    "--range",
    "values",
    type=Steps(),
    default="-3:3",
    show_default=True,
    help="Values of z, in standard deviations of the prior: -3:3, -3:3:0.5 or -2,0,1.5.",
)
@framing_options
@model_options
@prior_option
@temperature_option
@gif_option
@output_options("traverse.png")
def traverse(
    photo: Path | None,
    seed: int | None,
    dims: tuple[int, ...],
    count: int,
    values: tuple[float, ...],
    framing: Framing,
    choice: ModelChoice,
    prior: str,
    temperature: float,
    outputs: Outputs,
) -> None:
    """Set one dimension of z at a time, the others kept; a row for each.

    The start is an image's z_mean, a seed's z, or without either z = 0, the mean of the prior. A
    row tells the dimension's KL: its mean over the validation split where the model knows that,
    otherwise that of the image.
    """
    from keras_vae import plotting
    from keras_vae.latent_space import arithmetic as latents

    check_source(photo, seed)
    if dims:
        refuse(["count"], "is of --dims auto: these are counted.")
    outputs.check()
    model = choice.open()
    source = seed if photo is None else framing.read_one(photo, model)
    choice.start()
    kl = activity(model, source)
    dims = dims or active_dims(model, kl, count)
    (start,) = latents_of([source], model, prior, temperature)
    points = latents.traverse(start, dims, values)
    labels = [dim_label(dim, kl) for dim in dims]
    picture = plotting.strip(
        decode(model, points),
        [plotting.number_label(value) for value in values],
        labels,
        f"{source_name(source)}: one z at a time, in standard deviations of the prior",
    )
    rows = [
        {"dimension": dim, "kl": None if kl is None else kl[dim], "value": value, "z": z}
        for dim, row in zip(dims, points, strict=True)
        for value, z in zip(values, row, strict=True)
    ]
    outputs.write(picture, rows)
    if outputs.gif:
        finer = plotting.sweep(values)
        images = decode(model, latents.traverse(start, dims, finer))
        labels = [label.replace(" · ", "\n") for label in labels]
        outputs.write_gif(
            [
                plotting.strip(
                    [column], labels, title=f"z = {plotting.number_label(value, '+.2f')}"
                )
                for value, column in zip(finer, images.swapaxes(0, 1), strict=True)
            ]
        )
