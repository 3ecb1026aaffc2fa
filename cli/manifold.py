"""`kvae manifold`: a decoded plane of the latent space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .command import command, option
from .command_line import refuse
from .latents import active_dims, decode, kl_of
from .model_choice import DIRECTIONS, SERVER, ModelChoice, model_options
from .outputs import NUMBERS, Outputs, output_options, picture_option
from .sources import ALIGNMENT, PRIOR, Sources, photos_argument, seed_option, source_options
from .types import DIMENSIONS, NAME, Integer

if TYPE_CHECKING:
    import numpy as np

    from keras_vae.inference.model import Model


@command(epilog="Example: kvae manifold --model celeba --attr Smiling --attr Male --size 10")
@option("--size", Integer(2, 100), 20)
@option("--dims", DIMENSIONS, "auto", metavar="auto|I,J")
@option("--attr attributes", NAME, multiple=True)
@source_options(photos_argument("[IMG]", 1), seed_option(), *PRIOR, *ALIGNMENT)
@model_options(*SERVER, DIRECTIONS)
@output_options(picture_option("manifold.png"), *NUMBERS)
def manifold(
    size: int,
    dims: tuple[int, ...],
    attributes: tuple[str, ...],
    sources: Sources,
    choice: ModelChoice,
    outputs: Outputs,
) -> None:
    """Decode a plane of the latent space at the quantiles of a normal distribution.

    The points have the density of samples from the prior. Two dimensions of z or the directions of
    two attributes span the plane. It contains an image's z_mean or a seed's z; without either, it
    contains z = 0, the mean of the prior.

    Args:
        size: Number of images along each axis.
        dims: Two dimensions of z, as 0,1; auto: those of the largest KL.
        attributes: Attribute of an axis, instead of a dimension; to be given twice.
        sources: The image or the seed.
        photos: File of an image.
        choice: The model.
        outputs: The files to write.
    """
    from keras_vae import plotting
    from keras_vae.latent_space import arithmetic
    from keras_vae.latent_space.labels import dimension_label

    sources.check()
    if not _is_plane(dims, attributes):
        raise click.UsageError("A plane needs two different --dims, or two different --attr.")
    if not attributes:
        refuse(["directions"], "has no effect without two --attr.")
    outputs.check()
    outputs.check_columns(attributes, ["z"])
    model = choice.open()
    directions = choice.load_directions(model) if attributes else None
    choice.print_notice(attributes)
    source = sources.read_one(model)
    choice.start(model)
    (origin,) = sources.latents([source], model)
    if directions:
        u, v = (directions.direction(name) for name in attributes)
        names, axes = attributes, [f"n of {name}" for name in attributes]
    else:
        kl = kl_of(model, source)
        dims = dims or _default_dims(model, kl)
        u, v = _basis(dims, model.latent_dim)
        origin = origin * (1 - u - v)  # so that the axes show z itself
        names = [f"dimension {dim}" for dim in dims]
        axes = [f"{dimension_label(dim, kl)}, in prior standard deviations" for dim in dims]
    quantiles = arithmetic.gaussian_quantiles(size)
    points = arithmetic.plane(origin, u, v, quantiles, quantiles)
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
    """Return the unit vectors of some dimensions, float32 [D, L]."""
    import numpy as np

    from keras_vae.latent_space.arithmetic import check_dims

    check_dims(dims, latent_dim)
    return np.eye(latent_dim, dtype=np.float32)[list(dims)]


def _is_plane(dims: tuple[int, ...], attributes: tuple[str, ...]) -> bool:
    """Return whether two different dimensions or two different attributes are given, or nothing."""
    counts = len({*dims}), len({*attributes})
    return counts in ((0, 0), (2, 0), (0, 2)) and sum(counts) == len(dims) + len(attributes)
