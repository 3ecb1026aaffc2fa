"""`kvae encode`: the latents of all images of a folder or a data set, in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .command import command, option, section
from .command_line import refuse
from .data_source import (
    CACHE_DIR,
    DATA_DIR,
    DataSource,
    binarization_note,
    binarization_of,
    quiet_tfds,
)
from .model_choice import SERVER, ModelChoice, model_options
from .outputs import Outputs, echo, output_options
from .sources import ALIGNMENT, Sources, source_options
from .types import FILE, SPLIT
from .whole_set import Inputs, run

if TYPE_CHECKING:
    import numpy as np

    from keras_vae.datasets import ImageDataset
    from keras_vae.datasets.source import Source
    from keras_vae.files.jobs import Batch, Row
    from keras_vae.inference.model import Model

EPILOG = """\b
Examples:
  kvae encode photos/ --out z.npz
  kvae encode mnist --data-dir ~/mnist --model mnist --split test --out z.csv
"""


@command(epilog=EPILOG)
@click.argument("data", metavar="DATA")
@section("Data", DATA_DIR, CACHE_DIR, option("--split", SPLIT, show_default="all images"))
@source_options(*ALIGNMENT)
@model_options(*SERVER)
@output_options(option("--out", FILE, required=True))
def encode(
    data: str,
    data_dir: Path | None,
    cache_dir: Path | None,
    split: str | None,
    sources: Sources,
    choice: ModelChoice,
    out: Path,
    outputs: Outputs,
) -> None:
    """Encode all images of DATA; write the parameters of q(z|x) of each, z_mean and z_log_var.

    An .npz file has the arrays `names`, `z_mean` and `z_log_var`, and `labels`, `attributes` and
    `partition` where DATA has them; a .csv file has a row for each image. Only a few images are in
    memory at any time. Images that cannot be used are left out and listed. A split is that of the
    images as `kvae train` prepares them: --split prepares them too, unless that is done already.

    For a model of faces, the face in each image is detected and aligned to CelebA's layout, unless
    it is aligned already; for other models, the middle of the image is cropped.

    Args:
        data: Name of a data set, or path of images: a folder, a .zip, .npz, .npy, .csv or an image.
        data_dir: Folder, .zip or .npz with the data set's files.
        cache_dir: Folder of prepared images.
        split: Split of the images.
        sources: How faces are aligned.
        choice: The model.
        out: File of the latents, .npz or .csv; - is standard output, as .csv.
        outputs: Whether files are overwritten.
    """
    from keras_vae.files.atomic import write_atomically
    from keras_vae.files.naming import plural, printable
    from keras_vae.files.output import Output
    from keras_vae.files.tables import check_columns
    from keras_vae.inference.model import Encoding

    suffix = Output(out).suffix(".csv")
    if suffix not in TABLES:
        raise click.BadParameter(f"must end in {' or '.join(TABLES)}.", param_hint="--out")
    outputs.check(others=[out])
    source = _open(data, data_dir, sources.max_pixels)
    if suffix == ".csv":
        check_columns(_columns(source), Encoding._fields)
    if source.account.left_out:
        click.echo(f"{printable(data)}: left out {source.account.left_out_line}", err=True)
    model = choice.open(source.count)
    if split is None:
        refuse(["cache_dir"], "has no effect without --split: no images are prepared.")
        inputs = Inputs(source.rows(), source.count)
    else:
        prepared = DataSource(data_dir, cache_dir, sources.max_pixels).load_for_model(model, data)
        inputs = Inputs(_of_split(source, prepared, split), len(prepared.choose(split, None, 0)))
    choice.start(model)
    written = 0

    def write_table(draft: Path) -> None:
        nonlocal written
        with TABLES[suffix](draft, source) as write:
            written = _encode(inputs, source, model, sources, write)

    write_atomically(out, write_table, overwrite=outputs.overwrite, suffix=suffix)
    echo(f"{printable(out)}: {plural(written, 'image')}{binarization_note(model)}")


def _open(data: str, data_dir: Path | None, max_pixels: int) -> Source:
    """Open a data set, or a single image."""
    from keras_vae.datasets.loading import open_source
    from keras_vae.datasets.source import Source
    from keras_vae.files.formats import image_suffixes

    file = Path(data)
    if file.is_file() and file.suffix.lower() in image_suffixes():
        refuse(["data_dir", "cache_dir", "split"], "needs a data set: DATA is an image.")
        return Source(1, lambda: iter([file]), lambda index: file.name)
    quiet_tfds(data, data_dir)
    return open_source(data, data_dir, max_pixels)


def _of_split(source: Source, prepared: ImageDataset, split: str) -> Iterator[tuple[str, Row]]:
    """Yield the images of a split.

    A random split is drawn from the images that could be prepared, so only the prepared set knows
    it. That has the source's order, without those that were left out; binarization, too, counts
    the images in it.
    """
    chosen, row, count = set(prepared.indices(split).tolist()), 0, len(prepared.images)
    for name, facts in source.rows():
        if row < count and name == prepared.name_of(row):
            if row in chosen:
                yield name, {**facts, "index": row}
            row += 1


def _encode(
    inputs: Inputs,
    source: Source,
    model: Model,
    sources: Sources,
    write: Callable[[Batch], None],
) -> int:
    """Encode images, and write them batch by batch.

    Returns:
        Number of images that were encoded.
    """
    from keras_vae.datasets.binarization import above
    from keras_vae.inference import batches

    crop, levels, encoded = sources.reader(model), _thresholds(source, model), 0

    def read(name: str, row: Row) -> list[Row]:
        known = {column: value for column, value in row.items() if column != "payload"}
        return [{**known, **cropped} for cropped in crop(name, row["payload"])]

    def compute(batch: Batch) -> Batch:
        nonlocal encoded
        rows = batch.pop("index")
        encoded += len(rows)
        if levels is not None:
            batch["image"] = above(levels[rows], batch["image"])
        return batches.encode(batch, model)

    run("Encoding", inputs, read, write, compute=compute)
    return encoded


def _thresholds(source: Source, model: Model) -> np.ndarray | None:
    """Make the thresholds of all pixels if the model's training images were binarized."""
    from keras_vae.datasets.binarization import thresholds

    kind = binarization_of(model)
    return None if kind == "none" else thresholds((source.count, *model.image_shape), kind)


@contextmanager
def _arrays(file: Path, source: Source) -> Iterator[Callable[[Batch], None]]:
    """Open an .npz file of arrays, named as in the data sets."""
    import numpy as np

    from keras_vae.files.arrays import ArraysFile

    plural = {"name": "names", "label": "labels"}
    names = {"attribute_names": source.attribute_names, "label_names": source.label_names}
    known = {key: np.array(values) for key, values in names.items() if values}
    with ArraysFile(file, **known) as arrays:
        yield lambda batch: arrays.write({plural.get(key, key): batch[key] for key in batch})


def _columns(source: Source) -> list[str]:
    """Name the columns that `_rows` writes before the latents."""
    known = {"split": source.partition, "label": source.labels}
    there = [column for column, values in known.items() if values is not None]
    return ["name", *there, *source.attribute_names]


@contextmanager
def _rows(file: Path, source: Source) -> Iterator[Callable[[Batch], None]]:
    """Open a CSV: a row for each image, with split and label by name and a column per attribute."""
    from keras_vae.datasets.splits import SPLITS
    from keras_vae.files.tables import CsvFile

    splits = {number: split for split, number in SPLITS.items()}

    def columns(batch: Batch) -> Batch:
        cells = {"name": batch.pop("name")}
        if "partition" in batch:
            cells["split"] = [splits[number] for number in batch.pop("partition").tolist()]
        if "label" in batch:
            cells["label"] = [source.label_name(label) for label in batch.pop("label").tolist()]
        if "attributes" in batch:
            cells |= dict(zip(source.attribute_names, batch.pop("attributes").T, strict=True))
        return {**cells, **batch}

    with CsvFile(file) as table:
        yield lambda batch: table.write(columns(batch))


# suffix → opens a table, of a file and the data set
TABLES: dict[str, Callable[[Path, Source], AbstractContextManager[Callable[[Batch], None]]]] = {
    ".npz": _arrays,
    ".csv": _rows,
}
