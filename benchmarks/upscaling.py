"""Compare an upscaler with bicubic interpolation.

    python benchmarks/upscaling.py --data-dir ~/celeba

Each image of the validation split is prepared twice from its original: at the size of the models'
images and `factor` times larger. The small image is enlarged by the network and by two bicubic
interpolations, and each result is compared with the large image.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from heading import heading

from keras_vae.cli.progress import progress_bar
from keras_vae.cli.quiet import load_tensorflow
from keras_vae.cli.types import IMAGE_SIZE

if TYPE_CHECKING:
    from keras_vae.super_resolution.measurement import Score


@click.command(help=__doc__.partition("\n")[0])
@click.option("--data", default="celeba", show_default=True, help="A data set, or a folder.")
@click.option("--data-dir", type=click.Path(exists=True, path_type=Path))
@click.option("--model", "model_name", default="vdsr", show_default=True, help="An upscaler.")
@click.option("--image-size", type=IMAGE_SIZE, default="32", show_default=True)
@click.option("--split", default="validation", show_default=True)
def main(
    data: str, data_dir: Path | None, model_name: str, image_size: tuple[int, int], split: str
) -> None:
    """Enlarge, compare, and print the means."""
    load_tensorflow()
    from keras_vae.inference import registry as runtime
    from keras_vae.super_resolution.measurement import CONVENTION, interpolation, measure, pillow
    from keras_vae.super_resolution.pairs import load_pairs

    model = runtime.load_upscaler(model_name)
    with progress_bar("Preparing") as progress:
        pairs = load_pairs(
            data, size=image_size, factor=model.factor, data_dir=data_dir, progress=progress
        )
    methods = {
        "bicubic": interpolation(model.factor),
        "bicubic, Pillow": pillow(model.factor),
        model.name: model.upscale,
    }
    with progress_bar("Measuring") as progress:
        scores = measure(methods, pairs, split, progress=progress)
    click.echo(heading(f"{pairs.large.count(split)} images of {split}", packages=("pillow",)))
    click.echo(f"\n{CONVENTION}.\n\n{report(scores)}")


def report(scores: Mapping[str, Score]) -> str:
    """Format a table of methods; the gain is relative to the first."""
    first = next(iter(scores.values()))
    rows = [
        f"| {name} | {score.psnr:.2f} | {score.psnr - first.psnr:+.2f} | {score.ssim:.4f} |"
        for name, score in scores.items()
    ]
    return "\n".join(["| method | PSNR, dB | gain, dB | SSIM |", "|---|---:|---:|---:|", *rows])


if __name__ == "__main__":
    main()
