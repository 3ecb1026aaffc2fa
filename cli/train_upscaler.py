"""`kvae train-upscaler`: a data set in, a run directory and an upscaler out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .interrupt import interrupt_between_batches, stoppable
from .options import data_options, models_dir_option, overwrite_option, precision_option
from .overrides import POSITIVE
from .progress import progress_bar, training_bar
from .quiet import load_tensorflow
from .resuming import refuse_changes, resuming
from .sheet import UPSCALER
from .typed import command_line
from .types import ImageSize

if TYPE_CHECKING:
    from keras_vae.super_resolution.pairs import Pairs
    from keras_vae.super_resolution.run import UpscalerConfig, UpscalerRun

EPILOG = """\b
Examples:
  kvae train-upscaler celeba --data-dir ~/celeba
  kvae train-upscaler ~/photos --image-size 64 --factor 2 --name photos-x2
  kvae train-upscaler --resume runs/photos-x2
"""

# Options that say where things lie, not what is trained.
LOCAL_OPTIONS = ("cache_dir", "run_dir", "models_dir", "name", "overwrite")


@click.command(epilog=EPILOG)
@click.argument("dataset", required=False)
@data_options
@click.option(
    "--image-size",
    type=ImageSize(),
    default="32",
    show_default=True,
    help="Of the small images, as 32 or 32x24; the large ones are FACTOR times that.",
)
@click.option("--factor", type=click.IntRange(2, 8), default=3, show_default=True)
@click.option("--epochs", type=click.IntRange(1), default=4, show_default=True)
@click.option("--batch-size", type=click.IntRange(1), default=4, show_default=True)
@click.option("--learning-rate", type=POSITIVE, default=1e-3, show_default=True)
@click.option("--limit", type=click.IntRange(1), help="Train on at most so many images.")
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Repeats a run, with the same --precision.",
)
@precision_option
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with this run directory.")
@click.option(
    "--name",
    help=f"Of the run and the model.  [default: the run directory's, or {UPSCALER}]",
)
@click.option(
    "--run-dir", type=click.Path(path_type=Path), help="Run directory.  [default: runs/NAME]"
)
@models_dir_option
@overwrite_option
@click.pass_context
def train_upscaler(
    ctx: click.Context,
    dataset: str | None,
    data_dir: Path | None,
    cache_dir: Path | None,
    resume: Path | None,
    name: str | None,
    run_dir: Path | None,
    models_dir: Path,
    overwrite: bool,
    precision: str,
    **numbers: Any,
) -> None:
    """Train a network that makes images larger, and export it when it is done.

    DATASET is celeba, or the path of a folder of images or of an .npz file. Each image is shrunk
    twice, and the network (VDSR, Kim et al. 2016) learns to turn one into the other; the images
    should be as large as the larger of the two at least.
    """
    if (dataset is None) == (resume is None):
        raise click.UsageError("Give either a DATASET, or a run with --resume.")
    load_tensorflow()
    from keras_vae.super_resolution.run import UpscalerConfig, UpscalerRun
    from keras_vae.training.precision import fastest_precision

    if resume:
        refuse_changes(
            ctx,
            ("data_dir", *LOCAL_OPTIONS),
            "nothing of the training may be",
        )
        run = UpscalerRun.open(resume)
        config = run.config()
    else:
        run = UpscalerRun(run_dir or Path("runs") / (name or UPSCALER))
        run.check_free(overwrite=overwrite)
        precision = fastest_precision() if precision == "auto" else precision
        config = UpscalerConfig(
            dataset,
            data_dir=str(data_dir.absolute()) if data_dir else None,
            size=numbers.pop("image_size"),
            precision=precision,
            command=command_line(
                ctx, [Path(dataset).name], LOCAL_OPTIONS, {"precision": precision}
            ),
            **numbers,
        )
    pairs = _load(config, data_dir, cache_dir)
    _train(run, config, pairs, go_on=resume is not None, overwrite=overwrite)
    _publish(run, pairs, models_dir / (name or run.path.name), overwrite)


def _load(config: UpscalerConfig, data_dir: Path | None, cache_dir: Path | None) -> Pairs:
    from keras_vae.super_resolution.pairs import load_pairs

    with progress_bar("Preparing") as progress:
        return load_pairs(
            config.dataset,
            size=config.size,
            factor=config.factor,
            data_dir=data_dir or config.data_dir,
            cache_dir=cache_dir,
            seed=config.seed,
            limit=config.limit,
            progress=progress,
        )


def _train(
    run: UpscalerRun, config: UpscalerConfig, pairs: Pairs, *, go_on: bool, overwrite: bool
) -> None:
    """Train to the last epoch, with a bar; Ctrl-C says how to go on."""
    from dataclasses import replace

    from keras_vae.super_resolution import training

    bar = training_bar(config.batch_size, _tell)
    callbacks = [bar, interrupt_between_batches()]
    with stoppable(bar, resuming(click.get_current_context(), run.path, LOCAL_OPTIONS)):
        if go_on:
            training.resume(run, pairs, callbacks=callbacks)
        else:
            config = replace(config, provenance=pairs.large.provenance)
            _introduce(config, pairs, run)
            training.train(config, pairs, run.path, callbacks=callbacks, overwrite=overwrite)


def _introduce(config: UpscalerConfig, pairs: Pairs, run: UpscalerRun) -> None:
    """Say what is about to be trained, on what, and where it goes."""
    small, large = ("×".join(map(str, each.image_shape[:2])) for each in (pairs.small, pairs.large))
    counts = f"{pairs.large.count('train'):,} train, {pairs.large.count('validation'):,} validation"
    click.echo(f"Network  VDSR, {config.depth} convolutions of {config.filters} filters")
    click.echo(f"Data     {pairs.large.name}: {counts} images, {small} to {large}")
    click.echo(f"Run      {run.path}")


def _tell(logs: dict[str, Any], prefix: str) -> str:
    """Tell how near the images come, those of the network and those that it started from."""
    psnr, bicubic = (float(logs.get(prefix + name, "nan")) for name in ("psnr", "bicubic_psnr"))
    return f"PSNR {psnr:.2f} dB (bicubic {bicubic:.2f})"


def _publish(run: UpscalerRun, pairs: Pairs, directory: Path, overwrite: bool) -> None:
    """Export a run, and say what it was measured at, where it is and how to use it."""
    from keras_vae.inference.exported import read_metadata
    from keras_vae.super_resolution.publishing import publish

    with progress_bar("Measuring") as progress:
        path = publish(run, pairs, directory, overwrite=overwrite, progress=progress)
    for method, score in read_metadata(path)["metrics"].get("validation", {}).items():
        click.echo(f"{method:16} PSNR {score['psnr']:.2f} dB, SSIM {score['ssim']:.4f}")
    click.echo(f"SavedModel:  {path}")
    click.echo(f"Try it:      kvae upscale IMG --model {directory}")
