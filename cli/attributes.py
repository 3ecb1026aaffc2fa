"""`kvae attributes`: list, fit and compare attribute directions."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from .options import (
    data_options,
    directions_option,
    json_option,
    model_option,
    out_option,
    overwrite_option,
)
from .pictures import directions_of, write_picture
from .progress import progress_bar
from .quiet import load_tensorflow


@click.group(epilog="Example: kvae attributes contributions --to Attractive")
def attributes() -> None:
    """List, fit and compare attribute directions.

    A direction Δ is the mean latent of the images that have an attribute minus that of those that
    lack it; `kvae morph` moves along it.
    """


@attributes.command("list", epilog="Example: kvae attributes list --model celeba")
@model_option
@directions_option
@json_option
def list_attributes(model_name: str, directions: Path | None, as_json: bool) -> None:
    """List the attributes that a model can be moved along.

    Beside each name: the length of Δ, and on how many images with and without the attribute it was
    fitted.
    """
    import numpy as np

    from keras_vae import runtime

    known = directions_of(runtime.load(model_name), directions)
    lengths = np.linalg.norm(known.directions, axis=1)
    counts = [(None, None)] * len(known.names) if known.counts is None else known.counts.tolist()
    rows = [
        {"name": name, "length": round(float(length), 4), "with": having, "without": lacking}
        for name, length, (having, lacking) in zip(known.names, lengths, counts, strict=True)
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    width = max(map(len, known.names), default=0)
    click.echo(f"{'attribute':{width}}  length     with  without")
    for row in rows:
        having, lacking = (f"{row[key] or '?':>7}" for key in ("with", "without"))
        click.echo(f"{row['name']:{width}}  {row['length']:6.2f}  {having}  {lacking}")


@attributes.command(epilog="Example: kvae attributes fit celeba --data-dir ~/celeba --out my.npz")
@click.argument("data")
@model_option
@data_options
@click.option("--limit", type=click.IntRange(2), help="Use at most so many training images.")
@out_option("directions.npz", "File of directions to write.")
@overwrite_option
def fit(
    data: str,
    model_name: str,
    data_dir: Path | None,
    cache_dir: Path | None,
    limit: int | None,
    out: Path,
    overwrite: bool,
) -> None:
    """Fit directions to the labelled images of DATA: its training split, encoded by a model.

    DATA is a data set's name or an .npz with images and attributes. The model itself stays as it
    is, since its graph holds the directions that it was exported with; the file goes to the
    --directions of `kvae morph` and `kvae attributes`.
    """
    from keras_vae import runtime
    from keras_vae.datasets import load_dataset
    from keras_vae.files import check_free

    if out.suffix != ".npz":
        raise click.BadParameter("must end in .npz.", param_hint="--out")
    check_free(out, overwrite=overwrite)
    load_tensorflow()
    model = runtime.load(model_name)
    height, width, channels = model.image_shape
    with progress_bar("Preparing") as progress:
        dataset = load_dataset(
            data,
            data_dir=data_dir,
            cache_dir=cache_dir,
            image_size=(height, width),
            channels=channels,
            limit=limit,
            progress=progress,
        )
    with progress_bar("Encoding") as progress:
        fitted = runtime.fit_attributes(model, dataset, progress=progress)
    fitted.save(out, overwrite=overwrite)
    click.echo(f"{len(fitted.names)} directions, from {dataset.count('train')} images: {out}")


@attributes.command(epilog="Example: kvae attributes contributions --to Attractive --out bars.png")
@click.option("--to", required=True, help="The attribute that the others may contribute to.")
@model_option
@directions_option
@json_option
@out_option(None, "Bar chart to write.")
@overwrite_option
def contributions(
    to: str,
    model_name: str,
    directions: Path | None,
    as_json: bool,
    out: Path | None,
    overwrite: bool,
) -> None:
    """Say how far each attribute points along another (Jiang 2024, section 5.4).

    The dot product grows with the lengths of both directions, and rare attributes have long ones;
    the cosine does not.
    """
    from keras_vae import plotting, runtime
    from keras_vae.attributes import contributions as compare
    from keras_vae.files import check_free

    if out is not None:
        check_free(out, overwrite=overwrite)
    known = directions_of(runtime.load(model_name), directions)
    table = compare(known.directions, known.names, to)
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in table], indent=2))
    else:
        width = max((len(entry.name) for entry in table), default=0)
        click.echo(f"{'to ' + to:{width}}       dot  cosine")
        for entry in table:
            click.echo(f"{entry.name:{width}}  {entry.dot:+8.3f}  {entry.cosine:+6.3f}")
    if out is not None:
        write_picture(plotting.contribution_chart(table, to), out, overwrite)
