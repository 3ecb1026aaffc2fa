"""`kvae traverse`: one latent dimension at a time."""

from __future__ import annotations

from .command import command, option
from .command_line import refuse
from .latents import active_dims, decode, kl_of
from .model_choice import SERVER, ModelChoice, model_options
from .outputs import GIF, NUMBERS, Outputs, output_options, picture_option
from .sources import (
    ALIGNMENT,
    PRIOR,
    Sources,
    photos_argument,
    seed_option,
    source_name,
    source_options,
)
from .types import DIMENSIONS, STEPS, Integer


@command(epilog="Example: kvae traverse face.jpg --dims auto --range -3:3")
@option("--dims", DIMENSIONS, "auto")
@option("--count", Integer(1, 100), 10)
@option("--range values", STEPS, "-3:3")
@source_options(photos_argument("[IMG]", 1), seed_option(), *PRIOR, *ALIGNMENT)
@model_options(*SERVER)
@output_options(picture_option("traverse.png"), *NUMBERS, GIF)
def traverse(
    dims: tuple[int, ...],
    count: int,
    values: tuple[float, ...],
    sources: Sources,
    choice: ModelChoice,
    outputs: Outputs,
) -> None:
    """Change one dimension of z at a time and keep the others; write a row for each dimension.

    The other dimensions are those of an image's z_mean or of a seed's z; without either they are 0,
    the mean of the prior. Each row is labelled with the dimension's KL: the mean over the
    validation split if the model stores it, otherwise the KL of the image.

    Args:
        dims: Dimensions of z, as 0,5,7; auto: those of the largest KL.
        count: Number of dimensions with --dims auto.
        values: Values of z, in standard deviations of the prior, as -3:3, -3:3:0.5 or -2,0,1.5.
        sources: The image or the seed.
        photos: File of an image.
        choice: The model.
        outputs: The files to write.
    """
    from keras_vae import plotting
    from keras_vae.latent_space import arithmetic
    from keras_vae.latent_space.labels import dimension_label

    sources.check()
    if dims:
        refuse(["count"], "has no effect unless --dims is auto.")
    outputs.check()
    model = choice.open()
    source = sources.read_one(model)
    choice.start(model)
    kl = kl_of(model, source)
    dims = dims or active_dims(model, kl, count)
    (start,) = sources.latents([source], model)
    points = arithmetic.traverse(start, dims, values)
    labels = [dimension_label(dim, kl) for dim in dims]
    picture = plotting.strip(
        decode(model, points),
        plotting.step_labels(values, "z"),
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
        images = decode(model, arithmetic.traverse(start, dims, finer)).swapaxes(0, 1)
        labels = [label.replace(" (", "\n(") for label in labels]
        frames = [
            plotting.strip([column], labels, title=step)
            for step, column in zip(plotting.step_labels(finer, "z"), images, strict=True)
        ]
        outputs.write_gif(frames)
