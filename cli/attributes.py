"""`kvae attributes`: list, fit and compare attribute directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .images import load_for_model, note_of_binarization, seen_by
from .options import (
    data_options,
    directions_option,
    json_option,
    model_option,
    out_option,
    overwrite_option,
)
from .outputs import Outputs, check_files, output_options
from .pictures import directions_of, write_picture
from .progress import progress_bar
from .quiet import load_tensorflow
from .standard_output import write_json
from .types import Names

if TYPE_CHECKING:
    from keras_vae.latent_space.attributes import Attributes, Contribution

SCORES = ("AUC", "accuracy", "balanced")  # the columns of `Attributes.scores`


@click.group(epilog="Example: kvae attributes contributions --to Attractive")
def attributes() -> None:
    """List, fit and compare attribute directions.

    A direction Δ is the mean latent of the images that have an attribute minus that of those that
    lack it, unless `fit` made it otherwise; `kvae morph` moves along it.
    """


@attributes.command("list", epilog="Example: kvae attributes list --model celeba")
@model_option
@directions_option
@json_option("JSON in place of the table")
@overwrite_option
def list_attributes(
    model_name: str, directions: Path | None, json_file: Path | None, overwrite: bool
) -> None:
    """List the attributes that a model can be moved along.

    Beside each name: the length of Δ; on how many images with and without the attribute it was
    fitted; and, where that is known, how well it tells held-out images apart.
    """
    from keras_vae.inference import registry as runtime

    check_files(others=[json_file], overwrite=overwrite)
    known = directions_of(runtime.load(model_name), directions)
    if json_file:
        write_json(_rows(known), json_file, overwrite)
    else:
        click.echo(_table(known))


@attributes.command(epilog="Example: kvae attributes fit celeba --data-dir ~/celeba --out my.npz")
@click.argument("data")
@model_option
@data_options
@click.option("--limit", type=click.IntRange(2), help="Use at most so many training images.")
@click.option(
    "--method",
    type=click.Choice(["mean", "logistic"]),
    default="mean",
    show_default=True,
    help="Difference of the mean latents, or normal of a logistic regression.",
)
@click.option(
    "--balance",
    type=Names(),
    default=(),
    help="Weigh images so that these are equally frequent with and without each attribute.",
)
@out_option("directions.npz", "File of directions to write.")
@overwrite_option
def fit(
    data: str,
    model_name: str,
    data_dir: Path | None,
    cache_dir: Path | None,
    limit: int | None,
    method: str,
    balance: tuple[str, ...],
    out: Path,
    overwrite: bool,
) -> None:
    """Fit directions to the labelled images of DATA: its training split, encoded by a model.

    DATA is a data set's name or an .npz with images and attributes. The table says how well z·Δ
    tells the images of the validation split apart. The model itself stays as it is, since its graph
    holds the directions that it was exported with; the file goes to the --directions of `kvae
    morph` and `kvae attributes`.

    --balance Male takes Δ within men and within women, and averages the two: what Male alone
    changes is then no part of another attribute's Δ.
    """
    from keras_vae.files.atomic import check_free
    from keras_vae.inference import registry as runtime
    from keras_vae.inference.fitting import fit_attributes

    if out.suffix != ".npz":
        raise click.BadParameter("must end in .npz.", param_hint="--out")
    check_free(out, overwrite=overwrite)
    load_tensorflow()
    model = runtime.load(model_name)
    dataset = load_for_model(model, data, data_dir=data_dir, cache_dir=cache_dir, limit=limit)
    fitted = fit_attributes(
        model,
        seen_by(model, dataset),
        method=method,
        balance=balance,
        stages=progress_bar,
    )
    fitted.save(out, overwrite=overwrite)
    click.echo(_table(fitted))
    left_out = [name for name in dataset.attribute_names if name not in fitted.names]
    if left_out:
        click.echo(f"Left out, as no image is in one of their groups: {', '.join(left_out)}.")
    images = f"{dataset.count('train')} images{note_of_binarization(model)}"
    click.echo(f"{len(fitted.names)} directions, from {images}: {out}")


@attributes.command(epilog="Example: kvae attributes contributions --to Attractive --out bars.png")
@click.option("--to", required=True, help="The attribute that the others may contribute to.")
@model_option
@directions_option
@json_option("JSON in place of the table")
@out_option(None, "Bar chart to write.")
@overwrite_option
def contributions(
    to: str,
    model_name: str,
    directions: Path | None,
    json_file: Path | None,
    out: Path | None,
    overwrite: bool,
) -> None:
    """Say how far each attribute points along another (Jiang 2024, section 5.4).

    The dot product grows with the lengths of both directions, and rare attributes have long ones;
    the cosine does not. In brackets stand 95 % bootstrap intervals, where the directions were
    fitted with them.
    """
    from keras_vae import plotting
    from keras_vae.inference import registry as runtime
    from keras_vae.latent_space.attributes import contributions as compare

    check_files([out], [json_file], overwrite=overwrite)
    known = directions_of(runtime.load(model_name), directions)
    table = compare(known.directions, known.names, to, known.standard_errors)
    if json_file:
        write_json([asdict(entry) for entry in table], json_file, overwrite)
    else:
        click.echo(_contribution_table(table, to))
    if out is not None:
        write_picture(plotting.contribution_chart(table, to), out, overwrite)


@attributes.command(epilog="Example: kvae attributes similarity --model celeba --csv cosines.csv")
@model_option
@directions_option
@output_options("similarity.png")
def similarity(model_name: str, directions: Path | None, outputs: Outputs) -> None:
    """Draw the cosines of all directions with one another, alike ones side by side."""
    from keras_vae import plotting
    from keras_vae.inference import registry as runtime
    from keras_vae.latent_space.attributes import cluster_order, cosines

    outputs.check()
    model = runtime.load(model_name)
    known = directions_of(model, directions)
    matrix = cosines(known.directions)
    order = cluster_order(matrix)
    names, matrix = [known.names[index] for index in order], matrix[order][:, order]
    title = f"Attribute directions of {model.name}: cosines"
    rows = [
        {"attribute": name, **dict(zip(names, row, strict=True))}
        for name, row in zip(names, matrix, strict=True)
    ]
    outputs.write(plotting.similarity_chart(matrix, names, title), rows)


def _rows(known: Attributes) -> list[dict[str, str | float | int | None]]:
    """What is known of each direction, ready for JSON."""
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
            told = (None if np.isnan(score) else round(score, 4) for score in scores)
            row |= zip(SCORES, told, strict=True)
    return rows


def _table(known: Attributes) -> str:
    """Set directions out as text."""
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
    """Set contributions out as text."""
    width = max((len(entry.name) for entry in table), default=0)
    lines = [f"{'to ' + to:{width}}       dot{'':20}  cosine".rstrip()]
    for entry in table:
        dot = f"{entry.dot:+8.3f} {_interval(entry.dot_interval):20}"
        cosine = f"{entry.cosine:+6.3f} {_interval(entry.cosine_interval)}"
        lines.append(f"{entry.name:{width}}  {dot} {cosine}".rstrip())
    return "\n".join(lines)


def _interval(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else "[{:+.3f}, {:+.3f}]".format(*interval)
