"""`kvae train`: a data set and a preset in, a run directory and a SavedModel out."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .data import report_gaps
from .images import load_for_run
from .interrupt import interrupt_between_batches, stoppable
from .options import data_options, models_dir_option, overwrite_option, precision_option
from .overrides import preset_options
from .progress import progress_bar, training_bar
from .quiet import load_tensorflow
from .resuming import refuse_changes, resuming
from .typed import command_line, refuse, typed
from .types import Names

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.presets import Preset
    from keras_vae.training.run_directory import Run, RunConfig

EPILOG = """\b
Examples:
  kvae train mnist --latent 3 --epochs 30
  kvae train celeba --latent 200 --data-dir ~/celeba
  kvae train --resume runs/celeba --epochs 20
  kvae train celeba --workers host0:2222,host1:2222 --index 0   (and --index 1 on host1)
"""

# Options that say where things lie and what trains them, not what is trained.
LOCAL_OPTIONS = (
    "cache_dir", "run_dir", "models_dir", "name", "export", "overwrite", "workers", "index"
)  # fmt: skip


# How many times as fast as it is trained on the input should be read, for nobody to notice it.
ENOUGH = 10


@click.command(epilog=EPILOG)
@click.argument("dataset", required=False)
@click.option("--preset", "preset_name", help="Model and objective.  [default: the data set's own]")
@data_options
@preset_options
@click.option("--limit", type=click.IntRange(1), help="Train on at most so many images.")
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Repeats a run exactly, with the same --precision and devices.",
)
@precision_option
@click.option(
    "--strategy",
    type=click.Choice(["auto", "single", "mirrored", "multiworker"]),
    default="auto",
    show_default=True,
    help="Devices: one, all of this machine, or those of all workers.",
)
@click.option(
    "--workers",
    type=Names(),
    metavar="HOST:PORT,…",
    help="The machines that train together, the same list on each; the first writes the run. "
    "Without it the variable TF_CONFIG is read.",
)
@click.option("--index", type=click.IntRange(0), help="Which of the workers this one is, from 0.")
@click.option(
    "--scale-learning-rate",
    type=click.Choice(["none", "linear", "sqrt"]),
    default="none",
    show_default=True,
    help="Multiply the learning rate as --batch-size multiplies the preset's batch.",
)
@click.option(
    "--early-stop",
    type=click.IntRange(1),
    metavar="N",
    help="Stop after N epochs without a lower validation loss.",
)
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with this run directory.")
@click.option(
    "--name",
    help="Name of the run and the model.  [default: the preset's, or the data set's where the "
    "preset is of another]",
)
@click.option(
    "--run-dir", type=click.Path(path_type=Path), help="Run directory.  [default: runs/NAME]"
)
@models_dir_option
@click.option("--export/--no-export", default=True, help="Whether to write a SavedModel.")
@overwrite_option
@click.pass_context
def train(
    ctx: click.Context,
    dataset: str | None,
    preset_name: str | None,
    data_dir: Path | None,
    cache_dir: Path | None,
    limit: int | None,
    seed: int,
    precision: str,
    strategy: str,
    workers: tuple[str, ...] | None,
    index: int | None,
    scale_learning_rate: str,
    early_stop: int | None,
    resume: Path | None,
    name: str | None,
    run_dir: Path | None,
    models_dir: Path,
    export: bool,
    overwrite: bool,
    **changes: Any,
) -> None:
    """Train a model on DATASET, and export it when it is done.

    DATASET is mnist, fashion_mnist, celeba, frey, digits, or the path of a folder of images or of
    an .npz file.
    """
    if (dataset is None) == (resume is None):
        raise click.UsageError("Give either a DATASET, or a run with --resume.")
    if strategy in ("single", "mirrored"):
        refuse(["workers"], f"would be left out: --strategy {strategy} trains here alone.")
    _name_workers(workers, index)
    load_tensorflow()
    from keras_vae.training.distribution import is_chief
    from keras_vae.training.run_directory import Run, RunConfig

    if resume:
        refuse_changes(
            ctx,
            ("epochs", "data_dir", "strategy", *LOCAL_OPTIONS),
            "only --epochs and the devices may be",
        )
        run = _reopen(resume, strategy if typed(ctx, "strategy") else None, changes["epochs"])
        config = run.config()
        images = load_for_run(config, data_dir, cache_dir)
    else:
        preset = _preset(dataset, preset_name, scale_learning_rate, changes)
        precision = _precision(precision, preset, strategy)
        config = RunConfig(
            preset,
            dataset,
            data_dir=str(data_dir.absolute()) if data_dir else None,
            limit=limit,
            seed=seed,
            precision=precision,
            strategy=strategy,
            early_stop=early_stop,
            command=command_line(
                ctx, [Path(dataset).name], LOCAL_OPTIONS, {"precision": precision}
            ),
        )
        run = Run(run_dir or Path("runs") / (name or _default_name(config)))
        run.check_free(overwrite=overwrite)
        _meet_workers(strategy)
        images = load_for_run(config, data_dir, cache_dir, native=changes["image_size"] is None)
        config = _fitted(config, images)
    chief = is_chief(config.strategy)
    if chief:
        _introduce(config, images, run)
    _train(run, config, images, go_on=resume is not None, overwrite=overwrite)
    if chief:
        _report(run, config)
    if chief and export:
        from .export import write_model

        write_model(run, images, models_dir / (name or run.path.name), overwrite)


def _preset(dataset: str, name: str | None, rate_rule: str, changes: dict[str, Any]) -> Preset:
    """The preset, with what was typed changed in it."""
    from keras_vae.presets import default_preset, get_preset
    from keras_vae.training.schedules import scale_learning_rate

    preset = get_preset(name) if name else default_preset(dataset)
    return scale_learning_rate(preset.override(**changes), rate_rule, preset.batch_size)


def _precision(asked: str, preset: Preset, strategy: str) -> str:
    """The precision, chosen if it is left open; workers, who might choose differently, take one."""
    from keras_vae.training.distribution import joined_cluster
    from keras_vae.training.precision import precision_for

    if asked != "auto":
        return asked
    return "float32" if joined_cluster(strategy) else precision_for(preset)


def _reopen(path: Path, strategy: str | None, epochs: int | None) -> Run:
    """Open a run, with more epochs or other devices; its chief writes that down for all workers."""
    from keras_vae.training.distribution import is_chief
    from keras_vae.training.run_directory import Run

    run = Run.open(path)
    strategy = strategy or run.config().strategy
    if is_chief(strategy):
        run.extend(epochs=epochs, strategy=strategy)
    _meet_workers(strategy)
    return run


def _train(
    run: Run, config: RunConfig, images: ImageDataset, *, go_on: bool, overwrite: bool
) -> None:
    """Train to the last epoch, with a bar where the losses are told; Ctrl-C says how to go on."""
    from keras_vae.training import trainer as training
    from keras_vae.training.distribution import is_chief

    bar = training_bar(
        config.preset.batch_size,
        partial(_losses, config.preset),
        partial(_judge_input, config, images),
    )
    callbacks = [*([bar] if is_chief(config.strategy) else []), interrupt_between_batches()]
    with (
        stoppable(bar, resuming(click.get_current_context(), run.path, LOCAL_OPTIONS)),
        progress_bar("Training a classifier", "step") as progress,
    ):
        options = {"callbacks": callbacks, "progress": progress}
        if go_on:
            training.resume(run, images, **options)
        else:
            training.train(config, images, run.path, **options, overwrite=overwrite)


def _name_workers(workers: tuple[str, ...] | None, index: int | None) -> None:
    """Write TF_CONFIG as --workers and --index say, before TensorFlow reads it."""
    if (workers is None) != (index is None):
        raise click.UsageError("Give --workers and --index together.")
    if workers is not None:
        from keras_vae.training.cluster import Cluster

        Cluster(workers, index).to_environment()


def _meet_workers(strategy: str) -> None:
    """Wait until all workers are there, before TensorFlow does anything else."""
    from keras_vae.training.distribution import joined_cluster, make_strategy

    cluster = joined_cluster(strategy)
    if cluster is not None:
        chief = "the chief" if cluster.is_chief else f"the chief is {cluster.workers[0]}"
        click.echo(
            f"Worker   {cluster.index}, {cluster.address}; {chief}. Waiting for all "
            f"{len(cluster.workers)} workers."
        )
    make_strategy(strategy)


def _default_name(config: RunConfig) -> str:
    dataset = Path(config.dataset).stem
    return config.preset.name if dataset == config.preset.dataset else dataset


def _fitted(config: RunConfig, images: ImageDataset) -> RunConfig:
    """The configuration with the data's own size and provenance."""
    from dataclasses import replace

    preset = config.preset.override(image_shape=images.image_shape)
    return replace(config, preset=preset, provenance=images.provenance)


def _introduce(config: RunConfig, images: ImageDataset, run: Run) -> None:
    """Say what is about to be trained, on what, and where it goes."""
    from keras_vae.models.networks import build_decoder, build_encoder
    from keras_vae.training.distribution import make_strategy

    preset = config.preset
    replicas = make_strategy(config.strategy).num_replicas_in_sync
    by = f", {replicas} replicas" if replicas > 1 else ""
    encoder, decoder = (build(preset).count_params() for build in (build_encoder, build_decoder))
    counts = ", ".join(
        f"{images.count(split):,} {split}" for split in ("train", "validation", "test")
    )
    height, width, channels = images.image_shape
    steps = math.floor(images.count("train") / preset.batch_size)
    click.echo(f"Preset   {preset.name} ({preset.source}), z = {preset.latent_dim}")
    click.echo(f"Network  {encoder:,} + {decoder:,} parameters, {config.precision}")
    click.echo(f"Loss     {preset.loss_description}")
    click.echo(f"Data     {images.name}: {counts} images of {height}×{width}×{channels}")
    report_gaps(images)
    click.echo(
        f"Steps    {steps:,} of {preset.batch_size} images in each of {preset.epochs} epochs{by}"
    )
    click.echo(f"Rate     {preset.learning_rate:g}, {preset.decay}")
    click.echo(f"Run      {run.path}")


def _losses(preset: Preset, logs: dict[str, Any], prefix: str) -> str:
    """Tell the losses of a training, or of its validation."""

    def value(term: str) -> float:
        return float(logs.get(prefix + term, "nan"))

    total, reconstruction, kl, mse = map(value, ("loss", "reconstruction_loss", "kl_loss", "mse"))
    if preset.objective.bound.samples > 1:  # of draws, whose mean says less than the bound
        return (
            f"{preset.loss_name}: {total:.5g} nats; reconstruction {reconstruction:.5g}, "
            f"KL {kl:.4g} nats, MSE {mse:.4f}"
        )
    extras = "".join(
        f"{term.weight:g} × {term.kind} {value(f'{term.kind}_loss'):.4g} + "
        for term in preset.objective.terms
    )
    line = (
        f"loss {total:.5g} {preset.loss_unit} = {reconstruction:.5g} + {extras}"
        f"{preset.objective.bound.beta:g} × KL {kl:.4g} nats, MSE {mse:.4f}"
    )
    if preset.in_nats:
        return line
    return f"{line}, SSE {mse * math.prod(preset.image_shape):.2f}"


def _judge_input(config: RunConfig, images: ImageDataset, speed: float) -> str | None:
    """Warn if reading takes a good part of the time; `speed` is the training's, in images/s."""
    from keras_vae.datasets.pipeline import reading_speed
    from keras_vae.training.trainer import batches_of

    alone = reading_speed(batches_of(config, images))
    if alone > ENOUGH * speed:
        return None
    return (
        f"Reading takes {speed / alone:.0%} of the time ({alone:,.0f} images/s alone, "
        f"{speed:,.0f} trained). Keep the prepared data on a fast local disk: --cache-dir DIR."
    )


def _report(run: Run, config: RunConfig) -> None:
    """Print the losses of every split, with the weights of the lowest validation loss."""
    from keras_vae.training.run_directory import read_json

    name = f"{config.preset.loss_name} ({config.preset.loss_unit})"
    width = max(16, len(name) + 2)
    pixels = math.prod(config.preset.image_shape)
    heads = ("reconstruction", "KL (nats)", "MSE", "SSE", "bits/dim")
    click.echo(f"\n{'':12}{name:>{width}}" + "".join(f"{head:>16}" for head in heads))
    for split, values in read_json(run.metrics_file).items():
        bits = values.get("bits_per_dimension")
        numbers = (
            f"{values['reconstruction_loss']:.2f}",
            f"{values['kl_loss']:.2f}",
            f"{values['mse']:.5f}",
            f"{values['mse'] * pixels:.2f}",
            "-" if bits is None else f"{bits:.3f}",
        )
        total = f"{values['loss']:.2f}"
        click.echo(f"{split:12}{total:>{width}}" + "".join(f"{each:>16}" for each in numbers))
    click.echo(f"\nPictures of each epoch:  {run.pictures}")
