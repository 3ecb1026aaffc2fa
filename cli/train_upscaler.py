"""`kvae train-upscaler`: a data set in, a run directory and an upscaler out."""

from __future__ import annotations

import shlex
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keras_vae.files.naming import printable

from .command import command, option, section
from .configuration import asked_precision, compare_data, read_with_options
from .data import report_left_out, times
from .data_source import DataSource, data_options
from .layout import UPSCALER
from .progress import progress_bar
from .quiet import load_tensorflow
from .training import (
    PRECISION,
    Resumable,
    RunOptions,
    card_command,
    interruptible,
    report_kept_card,
    report_position,
    run_options,
    training_bar,
)
from .types import IMAGE_SIZE, POSITIVE, RANDOM_SEED, Integer

if TYPE_CHECKING:
    from keras_vae.super_resolution.pairs import Pairs
    from keras_vae.super_resolution.run import UpscalerConfig, UpscalerRun
    from keras_vae.training.interruption import Interruption

EPILOG = """\b
Examples:
  kvae train-upscaler celeba --data-dir ~/celeba
  kvae train-upscaler ~/photos --image-size 64 --factor 2 --name photos-x2
  kvae train-upscaler --resume runs/photos-x2
  kvae train-upscaler --config runs/photos-x2/config.json --seed 1
"""


@command(epilog=EPILOG)
@click.argument("dataset", required=False)
@data_options(
    option("--image-size size", IMAGE_SIZE, "32"),
    option("--factor", Integer(2, 8), 3),
    option("--limit", Integer(1)),
)
@section(
    "Optimization",
    option("--epochs", Integer(1), 4),
    option("--batch-size", Integer(1), 4),
    option("--learning-rate", POSITIVE, 1e-3),
    option("--seed", RANDOM_SEED, 0),
)
@section("Devices", PRECISION)
@run_options(f"the run directory's, or {UPSCALER}")
def train_upscaler(
    dataset: str | None, source: DataSource, runs: RunOptions, precision: str, **numbers: Any
) -> None:
    """Train a super-resolution network on DATASET and export it.

    Each image is reduced to two sizes, and the network (VDSR, Kim et al. 2016) learns to compute
    the larger from the smaller one. The images should have at least the larger size.

    Args:
        dataset: celeba, or the path of images: a folder, a .zip, .npz, .npy or .csv.
        source: Folders of the data set and of prepared images.
        runs: Run directory and folder of the model.
        precision: Arithmetic of the network; auto: bfloat16 for convolutions if that is faster.
        **numbers: The other fields of `UpscalerConfig`:
        size: Size of the small images, as 32 or 32x24; the large ones are FACTOR times that.
        factor: Scale factor.
        limit: Maximum number of training images.
        epochs: Number of passes over the training split.
        batch_size: Images per batch.
        learning_rate: Adam's initial learning rate.
        seed: Seed of all random numbers. It repeats a run, with the same --precision.
    """
    runs.check(dataset)
    load_tensorflow()
    from keras_vae.datasets.registry import lasting_name
    from keras_vae.super_resolution.run import UpscalerRun
    from keras_vae.training.config_file import config_text
    from keras_vae.training.run_directory import installed_versions

    resumable = Resumable(runs.resume)
    with interruptible(resumable) as interruption:
        if runs.resume:
            run = UpscalerRun.open(runs.resume)
            directory = runs.model_directory(run.path)
            run.check_unused()
            config = run.config()
            pairs = _load(config, source)
        else:
            data_dir = source.data_dir and str(source.data_dir.absolute())
            options = {"dataset": dataset, "data_dir": data_dir, **numbers}
            config = _configured(runs.config_file, precision, options)
            config = replace(config, dataset=lasting_name(config.dataset))
            if runs.print_config:
                click.echo(config_text(config), nl=False)
                return
            run = UpscalerRun(runs.directory(UPSCALER))
            resumable.starts(run)
            directory = runs.model_directory(run.path)
            run.check_free(overwrite=runs.overwrite)
            run.check_unused()
            pairs = _load(config, source)
            compare_data(config, pairs.large)
            config = replace(
                config,
                provenance=pairs.large.provenance,
                versions=installed_versions(),
                command=card_command(dataset, config.precision),
            )
        _train(run, config, pairs, runs, interruption)
        _publish(run, pairs, directory, runs.overwrite)


def _configured(file: Path | None, precision: str, options: dict[str, Any]) -> UpscalerConfig:
    """Return the configuration of a file with the options, or that of the options alone.

    Args:
        file: The file, if there is one.
        precision: As of `asked_precision`.
        options: See `read_with_options`.
    """
    from keras_vae.super_resolution.run import UpscalerConfig
    from keras_vae.training.precision import fastest_precision

    if file is None:
        config = UpscalerConfig(**options)
    else:
        config = read_with_options(file, UpscalerConfig, options)
    asked = asked_precision(precision, config)
    return replace(config, precision=fastest_precision() if asked == "auto" else asked)


def _load(config: UpscalerConfig, source: DataSource) -> Pairs:
    from keras_vae.super_resolution.pairs import load_pairs

    with progress_bar("Preparing") as progress:
        return load_pairs(
            config.dataset,
            size=config.size,
            factor=config.factor,
            data_dir=source.data_dir or config.data_dir,
            cache_dir=source.cache_dir,
            seed=config.seed,
            limit=config.limit,
            progress=progress,
            max_pixels=source.max_pixels,
        )


def _train(
    run: UpscalerRun,
    config: UpscalerConfig,
    pairs: Pairs,
    runs: RunOptions,
    interruption: Interruption,
) -> None:
    """Train to the last epoch, with a bar."""
    from keras_vae.super_resolution import training

    with closing(training_bar(config.batch_size, _quality)) as bar:
        session = {
            "callbacks": [bar],
            "interruption": interruption,
            "save_every": 60 * runs.save_minutes,
        }
        _introduce(config, pairs, run)
        if runs.resume:
            report_position(run, config.epochs)
            training.resume(run, pairs, **session)
        else:
            training.train(config, pairs, run.path, overwrite=runs.overwrite, **session)


def _introduce(config: UpscalerConfig, pairs: Pairs, run: UpscalerRun) -> None:
    """Print what is trained, on which data, and the run directory."""
    small, large = (times(each.image_shape[:2]) for each in (pairs.small, pairs.large))
    counts = f"{pairs.large.count('train'):,} train, {pairs.large.count('validation'):,} validation"
    click.echo(f"Network  VDSR, {config.depth} convolutions of {config.filters} filters")
    click.echo(f"Data     {pairs.large.name}: {counts} images, {small} to {large}")
    report_left_out(pairs.large)
    click.echo(f"Run      {printable(run.path)}")


def _quality(logs: dict[str, Any], prefix: str) -> str:
    """Format the PSNR of the network's images, and of bicubic interpolation."""
    psnr, bicubic = (float(logs.get(prefix + name, "nan")) for name in ("psnr", "bicubic_psnr"))
    return f"PSNR {psnr:.2f} dB (bicubic {bicubic:.2f})"


def _publish(run: UpscalerRun, pairs: Pairs, directory: Path, overwrite: bool) -> None:
    """Export a run, and print its measurements, the model's path and how to use it."""
    from keras_vae.files.exported import read_metadata
    from keras_vae.super_resolution.publishing import publish

    with progress_bar("Measuring") as progress:
        path = publish(run, pairs, directory, overwrite=overwrite, progress=progress)
    for method, score in read_metadata(path)["metrics"].get("validation", {}).items():
        click.echo(f"{method:16} PSNR {score['psnr']:.2f} dB, SSIM {score['ssim']:.4f}")
    click.echo(f"SavedModel:  {printable(path)}")
    report_kept_card(path)
    click.echo(f"Try it:      kvae upscale IMG --model {shlex.quote(str(directory))}")
