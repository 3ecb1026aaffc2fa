"""Whole-set jobs: images of folders and data sets, a progress bar, and the list of the left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from keras_vae.files.naming import plural, printable

from .outputs import Outputs, echo
from .progress import progress_bar

if TYPE_CHECKING:
    from keras_vae.datasets.source import Payload
    from keras_vae.files.jobs import Batch, LeftOut, Row

T = TypeVar("T")
reason_of = attrgetter("reason")


@dataclass(frozen=True)
class Inputs:
    """Named inputs of a job.

    Attributes:
        items: Names and inputs.
        count: Their number.
        files: The files, where the inputs are those of photos.
    """

    items: Iterable[tuple[str, Any]]
    count: int
    files: Sequence[Path] = ()


def photos_of(paths: Sequence[Path], max_pixels: int) -> Inputs:
    """List image files, and those in folders, with their names: in a folder the path within it.

    Images of a folder that are not of 8 bits are converted by the range of all in it.

    Args:
        paths: Files and folders.
        max_pixels: Most pixels of an image; larger ones are not converted.

    Raises:
        ValueError: If a folder holds no images.
    """
    photos = [(path, _photos_of(path)) for path in paths]
    files = [file for _, part in photos for _, file in part]
    items = chain.from_iterable(_in_bytes(*part, max_pixels) for part in photos)
    return Inputs(items, len(files), files)


def _in_bytes(
    path: Path, photos: Sequence[tuple[str, Path]], max_pixels: int
) -> Iterable[tuple[str, Payload]]:
    """Convert the images of a folder that are not of 8 bits, one after another."""
    if not path.is_dir():
        return photos
    from keras_vae.datasets.decoding import in_bytes
    from keras_vae.datasets.source import Source

    names, files = zip(*photos, strict=True)
    source = in_bytes(Source(len(files), lambda: iter(files)), str(path), max_pixels)
    return zip(names, source.payloads(), strict=True)


def _photos_of(path: Path) -> list[tuple[str, Path]]:
    if not path.is_dir():
        return [(path.name, path)]
    from keras_vae.datasets.tree import FolderTree

    tree = FolderTree(path)
    account = tree.account(tree.images)
    if not tree.images:
        raise ValueError(f"{path} holds no images. It holds: {account.left_out_line}.")
    if account.left_out:
        click.echo(f"{printable(path)}: left out {account.left_out_line}", err=True)
    return list(zip(tree.images, tree.payloads(tree.images), strict=True))


def numbered(name: str, values: Sequence[T]) -> list[tuple[str, T]]:
    """Name the values of an input: by its name, or NAME_1, NAME_2, … if there are several."""
    if len(values) == 1:
        return [(name, values[0])]
    path = Path(name)
    return [
        (str(path.with_stem(f"{path.stem}_{number}")), value)
        for number, value in enumerate(values, start=1)
    ]


def run(
    description: str,
    inputs: Inputs,
    read: Callable[[str, Any], Iterable[Row]],
    write: Callable[[Batch], Any],
    **options: Any,
) -> None:
    """Run a job under a progress bar, and list the inputs that were left out on stderr.

    Args:
        description: What the bar shows.
        inputs: See `jobs.run_job`, as for the others.
        read: See there.
        write: See there.
        **options: `compute` and `batch`, see there.
    """
    from keras_vae.files.jobs import run_job

    with progress_bar(description) as progress:
        left_out = run_job(
            inputs.items, read, write, total=inputs.count, progress=progress, **options
        )
    _report(left_out, inputs.count)


def _report(left_out: Sequence[LeftOut], count: int) -> None:
    if not left_out:
        return
    verb = "was" if len(left_out) == 1 else "were"
    click.echo(f"{len(left_out):,} of {count:,} images {verb} left out:", err=True)
    for reason, group in groupby(sorted(left_out, key=reason_of), reason_of):
        first, *others = group
        names = ", ".join(each.name for each in (first, *others))
        line = f"{reason} ({len(others) + 1:,}): {names}" if others else str(first)
        click.echo(f"  {printable(line)}", err=True)


def write_pictures(
    outputs: Outputs,
    description: str,
    inputs: Inputs,
    read: Callable[[str, Any], Iterable[Row]],
    **options: Any,
) -> None:
    """Run a job that writes `image` of each row into a folder, to a PNG file named by `name`.

    Args:
        outputs: The folder.
        description: See `run`, as for the others.
        inputs: See there.
        read: See there.
        **options: See there.
    """
    from keras_vae.files.folder import filled_folder
    from keras_vae.files.pictures import save_all

    written = 0
    with filled_folder(outputs.folder, overwrite=outputs.overwrite) as draft:

        def write(batch: Batch) -> None:
            nonlocal written
            save_all(batch["image"], batch["name"], draft)
            written += len(batch["name"])

        run(description, inputs, read, write, **options)
    echo(f"{printable(outputs.folder)}: {plural(written, 'image')}")
