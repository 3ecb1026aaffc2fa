"""`kvae manifold`: a plane of the latent space, decoded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .framing import Framing, framing_options
from .model_choice import ModelChoice, model_options
from .options import (
    directions_option,
    photo_argument,
    prior_option,
    seed_option,
    temperature_option,
)
from .outputs import Outputs, output_options
from .pictures import (
    active_dims,
    activity,
    check_source,
    decode,
    dim_label,
    directions_of,
    give_notice,
    latents_of,
)
from .typed import refuse
from .types import Dimensions

if TYPE_CHECKING:
    import numpy as np

    from keras_vae.inference.model import Model


@click.command(epilog="Example: kvae manifold --model celeba --attr Smiling --attr Male --size 10")
@photo_argument
@seed_option
@click.option(
    "--size",
    type=click.IntRange(2, 100),
    default=20,
    show_default=True,
    help="Images along each axis.",
)
@click.option(
    "--dims",
    type=Dimensions(),
    metavar="auto|I,J",
    default="auto",
    show_default=True,
    help="Two dimensions of z, as 0,1; auto takes those of the largest KL.",
)
@click.option(
    "--attr",
    "attributes",
    multiple=True,
    metavar="NAME",
    help="Attribute along an axis, in place of a dimension; give two.",
)
@directions_option
@framing_options
@model_options
@prior_option
@temperature_option
@output_options("manifold.png")
def manifold(
    photo: Path | None,
    seed: int | None,
    size: int,
    dims: tuple[int, ...],
    attributes: tuple[str, ...],
    directions: Path | None,
    framing: Framing,
    choice: ModelChoice,
    prior: str,
    temperature: float,
    outputs: Outputs,
) -> None:
    """Decode a plane of the latent space at the quantiles of a normal distribution.

    So the points are spread over the plane as the prior's draws are. It is spanned by two
    dimensions of z or by the directions of two attributes, and passes through an image's z_mean, a
    seed's z, or without either through z = 0, the mean of the prior.
    """
    from keras_vae import plotting
    from keras_vae.latent_space import arithmetic as latents

    check_source(photo, seed)
    if not _is_plane(dims, attributes):
        raise click.UsageError("A plane has two --dims, or two --attr.")
    if not attributes:
        refuse(["directions"], "needs two --attr to look up in it.")
    outputs.check()
    model = choice.open()
    known = directions_of(model, directions) if attributes else None
    give_notice(attributes, choice.name)
    source = seed if photo is None else framing.read_one(photo, model)
    choice.start()
    (origin,) = latents_of([source], model, prior, temperature)
    if known:
        u, v = (known.direction(name) for name in attributes)
        names, axes = attributes, [f"n of {name}" for name in attributes]
    else:
        kl = activity(model, source)
        dims = dims or _default_dims(model, kl)
        u, v = _basis(dims, model.latent_dim)
        origin = origin * (1 - u - v)  # so that the axes give z itself
        names = [f"dimension {dim}" for dim in dims]
        axes = [f"{dim_label(dim, kl)}, in prior standard deviations" for dim in dims]
    quantiles = latents.gaussian_quantiles(size)
    points = latents.plane(origin, u, v, quantiles, quantiles)
    picture = plotting.plane(decode(model, points), quantiles, quantiles, axes)
    rows = [
        {names[0]: x, names[1]: y, "z": z}
        for y, line in zip(quantiles, points, strict=True)
        for x, z in zip(quantiles, line, strict=True)
    ]
    outputs.write(picture, rows)


def _default_dims(model: Model, kl: Sequence[float] | None) -> tuple[int, ...]:
    if model.latent_dim < 2:
        raise ValueError(f"Model {model.name!r} has one dimension; a plane needs two.")
    return (0, 1) if model.latent_dim == 2 else active_dims(model, kl, 2)


def _basis(dims: tuple[int, ...], latent_dim: int) -> np.ndarray:
    """Unit vectors of some dimensions, float32 [D, L]."""
    import numpy as np

    from keras_vae.latent_space.arithmetic import check_dims

    check_dims(dims, latent_dim)
    return np.eye(latent_dim, dtype=np.float32)[list(dims)]


def _is_plane(dims: tuple[int, ...], attributes: tuple[str, ...]) -> bool:
    """Whether two different things span it."""
    return (len(dims), len(attributes)) in ((0, 0), (2, 0), (0, 2)) and (
        len({*dims, *attributes}) != 1
    )
