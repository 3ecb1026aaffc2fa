"""`kvae generate`: new images, each from its own seed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from .command import command, option
from .layout import Layout, upscale_option
from .model_choice import SERVER, ModelChoice, model_options
from .outputs import Outputs, output_options, picture_option
from .sources import PRIOR, Sources, seed_option, source_options
from .types import LAST_SEED, NAMES, PATH, Integer
from .whole_set import Inputs, write_pictures

if TYPE_CHECKING:
    from keras_vae.files.jobs import Batch, Row
    from keras_vae.inference.model import Model

MOST_IN_GRID = 10_000  # images
COUNT, COUNT_OF_LABEL = 40, 10  # images by default


EPILOG = """\b
Examples:
  kvae generate -n 40 --seed 7 --prior gmm --out faces.png
  kvae generate --model fashion-mnist --label Sneaker,Bag   (kvae train fashion-mnist --conditional)
"""


@command(epilog=EPILOG)
@option("-n --count", Integer(1, LAST_SEED), show_default="40, or 10 of each label")
@option("--label labels", NAMES, metavar="NAME,…", show_default="all labels")
@model_options(*SERVER)
@source_options(seed_option(0), *PRIOR)
@upscale_option
@output_options(
    picture_option(
        "generated.png",
        "File of the picture; or a folder, for a PNG file of each image with the seed in its name, "
        "of a conditional model in a folder for each label.",
        kind=PATH,
    )
)
def generate(
    count: int | None,
    labels: tuple[str, ...] | None,
    sources: Sources,
    choice: ModelChoice,
    layout: Layout,
    outputs: Outputs,
) -> None:
    """Generate images from samples of a prior.

    A seed gives the same image in any batch and on any machine. Several images are written as an
    image grid, or as files into a folder; a single image is written without margins, so that `kvae
    morph` can read it. Of a conditional model the grid has a row for each label, and a column shows
    the same z.

    Args:
        count: Number of images; of a conditional model, of each label.
        labels: Labels that a conditional model generates, by name or number.
        seed: Seed of the first image; the next have the seeds SEED + 1, SEED + 2, …
        choice: The model.
        sources: The seed and the prior.
        layout: Layout of the images.
        outputs: The files to write.
    """
    if outputs.folder:
        outputs.check_folder()
    else:
        outputs.check()
        _check_grid(count or COUNT)
    model = choice.open(count or COUNT)
    choice.start(model)
    options = {"temperature": sources.temperature, "prior": sources.choose_prior(model)}
    chosen = _chosen(model, labels)
    count = count or (COUNT_OF_LABEL if chosen else COUNT)
    if outputs.folder:
        seeds = range(sources.seed, sources.seed + count)
        _write_files(seeds, chosen, model, layout, outputs, **options)
        return
    _check_grid(count * max(1, len(chosen)))
    rows = [
        model.generate(count, seed=sources.seed, label=label, **options)
        for label in chosen or [None]
    ]
    if len(rows) > 1:
        names = [model.labels[label] if model.labels else str(label) for label in chosen]
        outputs.write_picture(layout.strip(rows, [""] * count, names))
    else:
        [images] = rows
        outputs.write_picture(layout.single(images[0]) if count == 1 else layout.grid(images))


def _check_grid(count: int) -> None:
    if count > MOST_IN_GRID:
        raise click.UsageError(
            f"A picture shows at most {MOST_IN_GRID:,} images. Use --out FOLDER for more."
        )


def _chosen(model: Model, labels: Sequence[str] | None) -> list[int]:
    """Return the numbers of the labels to generate, all by default; none without a condition."""
    if labels is None:
        return [*range(len(model.labels))]
    numbers = [model.label_number(label) for label in labels]
    for label, number in zip(labels, numbers, strict=True):
        if numbers.count(number) > 1:
            raise click.UsageError(f"--label must name each label once. Received: {label} twice.")
    return numbers


def _folders(labels: Sequence[int], model: Model) -> list[str]:
    """Name a folder for each label: by the label's name if that can be one, else by its number."""
    names = [model.labels[label] if model.labels else str(label) for label in labels]
    names = [re.sub(r"[^\w .+()-]", "_", name).strip(". ") for name in names]
    unique = all(names) and len({name.casefold() for name in names}) == len(names)
    return names if unique else [str(label) for label in labels]


def _write_files(
    seeds: range,
    labels: Sequence[int],
    model: Model,
    layout: Layout,
    outputs: Outputs,
    **options: Any,
) -> None:
    from keras_vae.inference import batches

    digits = len(str(seeds[-1]))  # so that the files are sorted by seed
    folders = zip(_folders(labels, model), labels, strict=True)
    of_label = {f"{folder}/": {"label": label} for folder, label in folders} or {"": {}}
    named = (
        (f"{prefix}seed_{seed:0{digits}}", {"seed": seed, **label})
        for prefix, label in of_label.items()
        for seed in seeds
    )
    inputs = Inputs(named, len(seeds) * len(of_label))

    def generate(batch: Batch) -> Batch:
        images = batches.generate(batch, model, **options)["image"]
        return {**batch, "image": layout.upscaled(images)}

    def read(name: str, row: Row) -> list[Row]:
        return [{"name": name, **row}]

    write_pictures(outputs, "Generating", inputs, read, compute=generate)
