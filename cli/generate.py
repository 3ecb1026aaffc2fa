"""`kvae generate`: new images, each from its own seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .command import command, option
from .layout import Layout, upscale_option
from .model_choice import SERVER, ModelChoice, model_options
from .outputs import Outputs, output_options, picture_option
from .sources import PRIOR, Sources, seed_option, source_options
from .types import PATH, Integer
from .whole_set import Inputs, write_pictures

if TYPE_CHECKING:
    from keras_vae.files.jobs import Batch, Row
    from keras_vae.inference.model import Model

MOST_IN_GRID = 10_000  # images


@command(epilog="Example: kvae generate -n 40 --seed 7 --prior gmm --out faces.png")
@option("-n --count", Integer(1), 40)
@model_options(*SERVER)
@source_options(seed_option(0), *PRIOR)
@upscale_option
@output_options(
    picture_option(
        "generated.png",
        "File of the picture; or a folder, for a PNG file of each image with the seed in its name.",
        kind=PATH,
    )
)
def generate(
    count: int, sources: Sources, choice: ModelChoice, layout: Layout, outputs: Outputs
) -> None:
    """Generate images from samples of a prior.

    A seed gives the same image in any batch and on any machine. Several images are written as an
    image grid, or as files into a folder; a single image is written without margins, so that `kvae
    morph` can read it.

    Args:
        count: Number of images.
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
        if count > MOST_IN_GRID:
            raise click.UsageError(
                f"A picture shows at most {MOST_IN_GRID:,} images. Use --out FOLDER for more."
            )
    model = choice.open(count)
    choice.start(model)
    options = {"temperature": sources.temperature, "prior": sources.choose_prior(model)}
    if outputs.folder:
        seeds = range(sources.seed, sources.seed + count)
        _write_files(seeds, model, layout, outputs, **options)
        return
    images = model.generate(count, seed=sources.seed, **options)
    outputs.write_picture(layout.single(images[0]) if count == 1 else layout.grid(images))


def _write_files(
    seeds: range, model: Model, layout: Layout, outputs: Outputs, **options: Any
) -> None:
    from keras_vae.inference import batches

    digits = len(str(seeds[-1]))  # so that the files are sorted by seed
    inputs = Inputs(((f"seed_{seed:0{digits}}", seed) for seed in seeds), len(seeds))

    def generate(batch: Batch) -> Batch:
        images = batches.generate(batch, model, **options)["image"]
        return {**batch, "image": layout.upscaled(images)}

    def read(name: str, seed: int) -> list[Row]:
        return [{"name": name, "seed": seed}]

    write_pictures(outputs, "Generating", inputs, read, compute=generate)
