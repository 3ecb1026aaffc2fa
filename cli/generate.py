"""`kvae generate`: new images, each from its own seed."""

from __future__ import annotations

from .command import command, option
from .layout import Layout, upscale_option
from .model_choice import SERVER, ModelChoice, model_options
from .outputs import Outputs, output_options, picture_option
from .sources import PRIOR
from .types import SEED, Integer


@command(epilog="Example: kvae generate -n 40 --seed 7 --prior gmm --out faces.png")
@option("-n --count", "Number of images.", Integer(1, 10_000), 40)
@option("--seed", "Seed of the first image; the next have the seeds SEED + 1, SEED + 2, …", SEED, 0)
@model_options(*SERVER)
@PRIOR
@upscale_option
@output_options(picture_option("generated.png"))
def generate(
    count: int,
    seed: int,
    choice: ModelChoice,
    prior: str,
    temperature: float,
    layout: Layout,
    outputs: Outputs,
) -> None:
    """Generate images from samples of a prior.

    A seed gives the same image in any batch and on any machine. Several images are written as an
    image grid; a single image is written without margins, so that `kvae morph` can read it.
    """
    outputs.check()
    model = choice.open()
    choice.start()
    images, _ = model.generate(range(seed, seed + count), temperature, prior)
    outputs.write_picture(layout.single(images[0]) if count == 1 else layout.grid(images))
