"""`kvae attributes`: list, fit and compare attribute directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keras_vae.files.naming import printable

from .command import Group, option
from .data_source import DataSource, binarization_note, binarized_for, data_options
from .model_choice import DIRECTIONS, ModelChoice, model_options
from .outputs import NUMBERS, Outputs, echo, json_option, output_options, picture_option
from .progress import progress_bar
from .types import FILE, NAME, NAMES, Integer

if TYPE_CHECKING:
    from keras_vae.latent_space.attributes import Attributes, Contribution

SCORES = ("AUC", "accuracy", "balanced")  # the columns of `Attributes.scores`


@click.group(cls=Group, epilog="Example: kvae attributes contributions --to Attractive")
def attributes() -> None:
    """List, fit and compare attribute directions.

    The direction Δ of an attribute is the mean latent of the images that have it minus the mean
    latent of those that lack it, unless `fit` computed it otherwise. `kvae morph` adds it to z.
    """


@attributes.command("list", epilog="Example: kvae attributes list --model celeba")
@model_options(DIRECTIONS)
@output_options(json_option("JSON instead of the table"))
def list_attributes(choice: ModelChoice, outputs: Outputs) -> None:
    """List the attributes that a model has directions for.

    For each: the length of Δ; the number of images with and without the attribute that it was
    fitted to; and, if stored, how well it separates held-out images.
    """
    outputs.check()
    directions = choice.load_directions(choice.open())
    if outputs.json:
        outputs.write_json(_rows(directions))
    else:
        click.echo(_table(directions))


@attributes.command(epilog="Example: kvae attributes fit celeba --data-dir ~/celeba --out my.npz")
@click.argument("data")
@option("--method", ["mean", "logistic"], "mean")
@option("--balance", NAMES, ())
@model_options()
@data_options(option("--limit", Integer(2)))
@output_options(option("--out", FILE, "directions.npz"))
def fit(
    data: str,
    method: str,
    balance: tuple[str, ...],
    choice: ModelChoice,
    source: DataSource,
    limit: int | None,
    out: Path,
    outputs: Outputs,
) -> None:
    """Fit directions to the labelled images of DATA's training split, encoded by a model.

    The table shows how well z·Δ separates the images of the validation split. The model is
    unchanged, since its graph contains the directions that it was exported with; `kvae morph` and
    `kvae attributes` take the file with --directions.

    --balance Male computes Δ among men and among women, and averages the two. The effect of Male
    is then no part of another attribute's Δ.

    Args:
        data: Name of a data set, or path of an .npz with images and attributes.
        method: Difference of the mean latents, or normal vector of a logistic regression.
        balance: Attributes to balance: weights make them equally frequent in the images with and
            without each other attribute.
        choice: The model.
        source: Folders of the data set and of prepared images.
        limit: Maximum number of training images.
        out: File of the directions, .npz.
        outputs: The files to write.
    """
    from keras_vae.inference.fitting import fit_attributes

    if out.suffix != ".npz":
        raise click.BadParameter("must end in .npz.", param_hint="--out")
    outputs.check(others=[out])
    model = choice.open()
    choice.start(model)
    dataset = source.load_for_model(model, data, limit)
    images = binarized_for(model, dataset)
    fitted = fit_attributes(model, images, method=method, balance=balance, stages=progress_bar)
    fitted.save(out, overwrite=outputs.overwrite)
    click.echo(_table(fitted))
    left_out = [name for name in dataset.attribute_names if name not in fitted.names]
    if left_out:
        click.echo(f"Left out, because one of their groups has no image: {', '.join(left_out)}.")
    count = f"{dataset.count('train')} images{binarization_note(model)}"
    click.echo(f"{len(fitted.names)} directions, from {count}: {printable(out)}")


@attributes.command(epilog="Example: kvae attributes contributions --to Attractive --out bars.png")
@option("--to", NAME, required=True)
@model_options(DIRECTIONS)
@output_options(
    picture_option(None, "File of a bar chart."), json_option("JSON instead of the table")
)
def contributions(to: str, choice: ModelChoice, outputs: Outputs) -> None:
    """Print how far each attribute's direction points along another's (Jiang 2024, section 5.4).

    The dot product increases with the lengths of both directions, which are large for rare
    attributes; the cosine does not. The 95 % bootstrap intervals are in brackets, if the directions
    were fitted with them.

    Args:
        to: Attribute that others contribute to.
        choice: The model.
        outputs: The files to write.
    """
    from keras_vae import plotting
    from keras_vae.latent_space.attributes import contributions as compare

    outputs.check()
    known = choice.load_directions(choice.open())
    table = compare(known, to)
    if outputs.json:
        outputs.write_json([asdict(entry) for entry in table])
    else:
        echo(_contribution_table(table, to))
    if outputs.picture:
        outputs.write_picture(plotting.contribution_chart(table, to))


@attributes.command(epilog="Example: kvae attributes similarity --model celeba --csv cosines.csv")
@model_options(DIRECTIONS)
@output_options(picture_option("similarity.png"), *NUMBERS)
def similarity(choice: ModelChoice, outputs: Outputs) -> None:
    """Plot the cosine similarities of all directions, similar ones next to each other."""
    from keras_vae import plotting
    from keras_vae.latent_space.attributes import cluster_order, cosines

    outputs.check()
    model = choice.open()
    known = choice.load_directions(model)
    matrix = cosines(known.directions)
    order = cluster_order(matrix)
    outputs.check_columns(["attribute", *known.names])
    names, matrix = [known.names[index] for index in order], matrix[order][:, order]
    title = f"Attribute directions of {model.name}: cosines"
    rows = [
        {"attribute": name, **dict(zip(names, row, strict=True))}
        for name, row in zip(names, matrix, strict=True)
    ]
    outputs.write(plotting.similarity_chart(matrix, names, title), rows)


def _rows(known: Attributes) -> list[dict[str, str | float | int | None]]:
    """Return the facts of each direction, ready for JSON."""
    import numpy as np

    size = len(known.names)
    counts = np.full((size, 2), None) if known.counts is None else known.counts
    rows = [
        {"name": name, "length": round(float(length), 4), "with": having, "without": lacking}
        for name, length, (having, lacking) in zip(
            known.names, np.linalg.norm(known.directions, axis=1), counts.tolist(), strict=True
        )
    ]
    if known.scores is not None:
        for row, scores in zip(rows, known.scores.tolist(), strict=True):
            rounded = (None if np.isnan(score) else round(score, 4) for score in scores)
            row |= zip(SCORES, rounded, strict=True)
    return rows


def _table(known: Attributes) -> str:
    """Format directions as a table."""
    width = max(map(len, known.names), default=0)
    columns = () if known.scores is None else SCORES
    heads = "".join(f"  {head:>8}" for head in columns)
    lines = [f"{'attribute':{width}}  length     with  without{heads}"]
    for row in _rows(known):
        counts = "  ".join(f"{row[key] or '?':>7}" for key in ("with", "without"))
        scores = ("?" if row[key] is None else f"{row[key]:.3f}" for key in columns)
        cells = "".join(f"  {score:>8}" for score in scores)
        lines.append(f"{row['name']:{width}}  {row['length']:6.2f}  {counts}{cells}")
    return "\n".join(lines)


def _contribution_table(table: Sequence[Contribution], to: str) -> str:
    """Format contributions as a table."""
    width = max((len(entry.name) for entry in table), default=0)
    lines = [f"{'to ' + to:{width}}       dot{'':20}  cosine".rstrip()]
    for entry in table:
        dot = f"{entry.dot:+8.3f} {_interval(entry.dot_interval):20}"
        cosine = f"{entry.cosine:+6.3f} {_interval(entry.cosine_interval)}"
        lines.append(f"{entry.name:{width}}  {dot} {cosine}".rstrip())
    return "\n".join(lines)


def _interval(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else "[{:+.3f}, {:+.3f}]".format(*interval)
