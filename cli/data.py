"""`kvae data`: the data sets that are known, and those that are prepared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import data_options
from .progress import progress_bar
from .quiet import load_tensorflow
from .types import ImageSize

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset


@click.group(
    invoke_without_command=True,
    epilog="Example: kvae data prepare celeba --data-dir ~/celeba --image-size 64",
)
@click.pass_context
def data(ctx: click.Context) -> None:
    """List data sets, or prepare one for training."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_data)


@data.command("list", epilog="Example: kvae data list")
@click.option(
    "--cache-dir",
    type=click.Path(path_type=Path),
    help="Where prepared images are kept.  [default: ~/.cache/keras_vae]",
)
def list_data(cache_dir: Path | None) -> None:
    """List the known data sets, and what is prepared."""
    from keras_vae.datasets.registry import DATASETS

    click.echo(f"{'name':14} {'images':>8}  {'size':10} {'without --data-dir':22} with --data-dir")
    for known in DATASETS.values():
        source = f"TFDS: {known.tfds_name}" if known.tfds_name else known.embedded_in or "-"
        click.echo(
            f"{known.name:14} {known.images:8,}  {_times(known.image_shape):10} {source:22} "
            f"{', '.join(known.files)}"
        )
    click.echo("or the path of an .npz file or of a folder of images\n")
    _list_prepared(cache_dir)


def _list_prepared(cache_dir: Path | None) -> None:
    from keras_vae.datasets.prepared import cache_folder, list_prepared

    entries = list_prepared(cache_dir)
    click.echo(f"Prepared in {cache_folder(cache_dir)}: {'' if entries else 'nothing yet'}")
    for entry in entries:
        click.echo(
            f"{entry['name']:14} {entry['images']:8,}  {_times(entry['image_shape']):10} "
            f"{_megabytes(entry['bytes']):>9}  from {entry['location'] or entry['source']}"
        )


@data.command(epilog="Example: kvae data prepare mnist --data-dir ~/mnist")
@click.argument("name")
@data_options
@click.option(
    "--image-size",
    type=ImageSize(),
    help="Size to prepare, as 64 or 64x48 (height x width).  "
    "[default: what the set's own preset takes, or the native size]",
)
@click.option(
    "--channels", type=click.Choice(["1", "3"]), help="Grey or RGB.  [default: the set's own]"
)
def prepare(
    name: str,
    data_dir: Path | None,
    cache_dir: Path | None,
    image_size: tuple[int, int] | None,
    channels: str | None,
) -> None:
    """Decode, crop and scale a data set once, for all trainings to come.

    NAME is one of the names of `kvae data list`, or the path of an .npz file or a folder of images.
    """
    from keras_vae.datasets import DATASETS, load_dataset
    from keras_vae.files.naming import plain_name

    known = DATASETS.get(plain_name(name))
    if data_dir is None and known is not None and known.tfds_name is not None:
        load_tensorflow()  # TensorFlow Datasets will; here it is quiet
    with progress_bar(f"Preparing {name}") as progress:
        dataset = load_dataset(
            name,
            data_dir=data_dir,
            image_size=image_size or _preset_size(name),
            channels=None if channels is None else int(channels),
            cache_dir=cache_dir,
            progress=progress,
        )
    _report(dataset)


def _preset_size(name: str) -> tuple[int, int] | None:
    """Return the size at which `kvae train NAME` would read the set; None for the native one."""
    from keras_vae.files.naming import plain_name
    from keras_vae.presets import default_preset

    preset = default_preset(name)
    return preset.image_shape[:2] if preset.dataset == plain_name(name) else None


def _report(dataset: ImageDataset) -> None:
    facts = dataset.provenance
    speed = facts["images"] / max(facts["seconds"], 1e-3)
    click.echo(f"{facts['title']}: {facts['images']:,} images {_times(dataset.image_shape)}")
    click.echo("  from      " + ": ".join(filter(None, [facts["source"], facts["location"]])))
    click.echo(
        f"  prepared  {facts['prepared']} in {facts['seconds']:.1f} s, {speed:,.0f} images/s"
    )
    counts = ", ".join(f"{count:,} {split}" for split, count in facts["counts"].items())
    click.echo(f"  split     {counts} ({facts['split']})")
    click.echo(f"  licence   {facts['licence']}")
    report_gaps(dataset)


def report_gaps(dataset: ImageDataset) -> None:
    """Say which images are not in a prepared set, and why."""
    facts = dataset.provenance
    if facts["missing"]:
        click.echo(f"  missing   {facts['missing']:,} images that the lists name are not there")
    if facts["unlisted"]:
        click.echo(f"  unlisted  {facts['unlisted']:,} images that no list names were left out")
    for corrupt in facts["corrupt"]:
        click.echo(f"  corrupt   {corrupt} cannot be decoded and was left out")


def _times(shape: tuple[int, ...] | list[int]) -> str:
    return "×".join(map(str, shape))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
