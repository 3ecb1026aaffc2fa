"""`kvae data`: the known data sets, and the prepared ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keras_vae.choices import RESAMPLINGS

from .command import ListGroup, option, section
from .data_source import ALIGN_FACES, CACHE_DIR, DataSource, data_options, quiet_tfds
from .types import IMAGE_SIZE

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.presets import Preset


@click.group(
    cls=ListGroup, epilog="Example: kvae data prepare celeba --data-dir ~/celeba --image-size 64"
)
def data() -> None:
    """List data sets, or prepare one for training."""


@data.command("list", epilog="Example: kvae data list")
@section("Data", CACHE_DIR)
def list_data(cache_dir: Path | None) -> None:
    """List the known data sets, and the prepared ones.

    Args:
        cache_dir: Folder of prepared images.
    """
    from keras_vae.datasets.registry import DATASETS

    click.echo(f"{'name':14} {'images':>8}  {'size':10} {'without --data-dir':22} with --data-dir")
    for known in DATASETS.values():
        source = f"TFDS: {known.tfds_name}" if known.tfds_name else known.embedded_in or "-"
        click.echo(
            f"{known.name:14} {known.images:8,}  {times(known.image_shape):10} {source:22} "
            f"{', '.join(known.files)}"
        )
    click.echo("or tfds:NAME, any other set of images of TensorFlow Datasets")
    click.echo(
        "or the path of a folder or .zip of images, of arrays (.npz, .npy), or of pixels (.csv)\n"
    )
    _list_prepared(cache_dir)


def _list_prepared(cache_dir: Path | None) -> None:
    from keras_vae.datasets.prepared import cache_folder, list_prepared
    from keras_vae.files.naming import printable

    entries = list_prepared(cache_dir)
    click.echo(f"Prepared in {cache_folder(cache_dir)}: {'' if entries else 'nothing yet'}")
    for entry in entries:
        click.echo(
            f"{printable(entry['name']):14} {entry['images']:8,}  {times(entry['image_shape']):10} "
            f"{entry['bytes'] / 1e6:6,.1f} MB  "
            f"from {printable(entry['location'] or entry['source'])}"
        )
        if not entry["usable"]:
            folder = printable(entry["folder"])
            click.echo(f"{folder} is of another version of kvae and is not used: it can be removed")


@data.command(epilog="Example: kvae data prepare mnist --data-dir ~/mnist")
@click.argument("name")
@data_options(
    option(
        "--image-size", IMAGE_SIZE, show_default="size of the data set's preset, or the native size"
    ),
    option("--channels", ["1", "3"], show_default="the data set's"),
    option("--resampling", [*RESAMPLINGS], default="bilinear"),
    ALIGN_FACES,
)
def prepare(
    name: str,
    source: DataSource,
    image_size: tuple[int, int] | None,
    channels: str | None,
    resampling: str,
) -> None:
    """Decode, crop and scale a data set once, for all later trainings.

    Args:
        name: Name that `kvae data list` prints, or path of images: a folder, a .zip, arrays (.npz,
            .npy) or pixels (.csv).
        source: Folders of the data set and of prepared images.
        image_size: Size of the prepared images, as 64 or 64x48 (height x width).
        channels: Grey or RGB.
        resampling: How images are scaled; bicubic keeps more detail of larger ones.
    """
    quiet_tfds(name, source.data_dir)
    _report(
        source.load(
            name,
            image_size or _preset_size(name, source),
            None if not channels else int(channels),
            resampling=resampling,
        )
    )


def _preset_size(name: str, source: DataSource) -> tuple[int, int] | None:
    """Return the size at which `kvae train NAME` reads the data set; None for the native size."""
    from keras_vae.datasets import known_name, native_shape
    from keras_vae.files.photos import ALIGNED_CROP
    from keras_vae.presets import own_size

    preset, _ = default_for(name)
    if preset.adaptive:
        height, width, _ = native_shape(name, source.data_dir, source.max_pixels)
        return own_size(*(2 * [ALIGNED_CROP] if source.align_faces else (height, width)))
    return preset.image_shape[:2] if preset.dataset == known_name(name) else None


def default_for(source: str) -> tuple[Preset, str]:
    """Return the preset that `kvae train SOURCE` takes, and why, if it is not the known set's.

    A name asks for what the book trains; files may be any part of the set.

    Args:
        source: Name or path of a data set.
    """
    from keras_vae.datasets import DATASETS, image_count, known_name
    from keras_vae.files.naming import plain_name
    from keras_vae.presets import DEFAULT_PRESETS, LEAST_IMAGES, default_preset

    known = known_name(source)
    if known not in LEAST_IMAGES or plain_name(source) in DATASETS:
        return default_preset(known), ""
    count, whole = image_count(source), DATASETS[known]
    preset, own = default_preset(known, count), DEFAULT_PRESETS[known]
    if preset.name == own:
        return preset, ""
    title = whole.title.partition(",")[0]
    reason = f"{count:,} of {title}'s {whole.images:,} images: preset {preset.name}"
    return preset, f"{reason}; --preset {own} trains the book's network"


@data.command(epilog="Example: kvae data verify")
@section("Data", CACHE_DIR)
def verify(cache_dir: Path | None) -> None:
    """Read every byte of the prepared data sets, and remove those that are damaged.

    A removed one is prepared again when it is used.

    Args:
        cache_dir: Folder of prepared images.
    """
    from keras_vae.datasets.prepared import verify_prepared
    from keras_vae.files.naming import plural, printable

    harmless = {"": "as it was written", None: "not read: it is of another version of kvae"}
    damaged = removed = 0
    for folder, problem in verify_prepared(cache_dir):
        fate = "cannot be removed" if folder.exists() else "removed"
        result = harmless.get(problem, f"damaged and {fate}: {problem}")
        click.echo(f"{printable(str(folder))}: {result}")
        damaged += bool(problem)
        removed += bool(problem) and not folder.exists()
    if damaged:
        found = plural(damaged, "prepared set")
        raise click.ClickException(f"{found} damaged; {removed:,} removed.")


def _report(dataset: ImageDataset) -> None:
    from keras_vae.datasets.account import Account
    from keras_vae.datasets.splits import counted
    from keras_vae.files.naming import plural, printable

    facts = dataset.provenance
    account = Account.from_json(facts["account"])
    speed = facts["images"] / max(facts["seconds"], 1e-3)
    click.echo(
        f"{printable(facts['title'])}: {plural(facts['images'], 'image')} "
        f"{times(dataset.image_shape)}; licence: {facts['licence']}"
    )
    place = ": ".join(filter(None, [facts["source"], facts["location"]]))
    click.echo(f"  from      {printable(place)}")
    click.echo(f"  taken     {account.taken_line or 'all'}")
    click.echo(f"  left out  {account.left_out_line}")
    click.echo(f"  split     {counted(facts['counts'])} ({facts['split']})")
    click.echo(
        f"  prepared  {printable(facts['prepared'])} in {facts['seconds']:.1f} s, "
        f"{speed:,.0f} images/s"
    )


def report_left_out(dataset: ImageDataset) -> None:
    """Print which images are not in a prepared data set, why, and how pixels were converted."""
    from keras_vae.datasets.account import Account

    account = Account.from_json(dataset.provenance["account"])
    for heading, line in (("Notes", "; ".join(account.notes)), ("Left out", account.left_out_line)):
        if line not in ("", "nothing"):
            click.echo(f"{heading:8} {line}")


def times(shape: Iterable[int]) -> str:
    """Write a shape, such as 64×64×3."""
    return "×".join(map(str, shape))
