"""`kvae generate`: new images, each from its own seed."""

from __future__ import annotations

from .command import command, option
from .layout import Layout, upscale_option
from .model_choice import SERVER, ModelChoice, model_options
from .outputs import Outputs, output_options, picture_option
from .sources import PRIOR, Sources, seed_option, source_options
from .types import Integer


@command(epilog="Example: kvae generate -n 40 --seed 7 --prior gmm --out faces.png")
@option("-n --count", Integer(1, 10_000), 40)
@model_options(*SERVER)
@source_options(seed_option(0), *PRIOR)
@upscale_option
@output_options(picture_option("generated.png"))
def generate(
    count: int, sources: Sources, choice: ModelChoice, layout: Layout, outputs: Outputs
) -> None:
    """Generate images from samples of a prior.

    A seed gives the same image in any batch and on any machine. Several images are written as an
    image grid; a single image is written without margins, so that `kvae morph` can read it.

    Args:
        count: Number of images.
        seed: Seed of the first image; the next have the seeds SEED + 1, SEED + 2, …
        choice: The model.
        sources: The seed and the prior.
        layout: Layout of the images.
        outputs: The files to write.
    """
    outputs.check()
    model = choice.open(count)
    choice.start(model)
    seeds = range(sources.seed, sources.seed + count)
    images, _ = model.generate(seeds, sources.temperature, sources.prior)
    outputs.write_picture(layout.single(images[0]) if count == 1 else layout.grid(images))
