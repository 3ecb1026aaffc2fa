"""The configuration of a training: read from a file, overridden by options, printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from keras_vae.files.naming import printable

from .command_line import refuse, typed, typed_words
from .data import times
from .data_source import DataSource
from .training import LOCAL_OPTIONS

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.presets import Preset
    from keras_vae.training.run_directory import RunConfig, TrainingConfig

Config = TypeVar("Config", bound="TrainingConfig")

# Options that change the network.
ARCHITECTURE = (
    "preset_name", "latent_dim", "hidden", "filters", "kernels", "strides", "activation",
    "normalization", "upsampling", "likelihood",
)  # fmt: skip


def read_with_options(file: Path, kind: type[Config], options: dict[str, Any]) -> Config:
    """Read a configuration; options that were typed override its values, and are printed.

    Args:
        file: See `config_file.read_config`.
        kind: Class of the configuration.
        options: Values of options by the names of its fields.
    """
    from keras_vae.training.config_file import read_config

    ctx = click.get_current_context()
    config = read_config(file, kind)
    _compare_versions(file, config)
    words = typed_words(ctx, {*ctx.params} - {*LOCAL_OPTIONS, "config_file", "print_config"})
    changed = [*filter(None, [ctx.params["dataset"]]), *words]
    overridden = f", overridden by {' '.join(changed)}" if changed else ""
    click.echo(f"Config   {printable(file)}{overridden}", err=ctx.params["print_config"])
    return replace(config, **{name: each for name, each in options.items() if typed(ctx, name)})


def asked_precision(precision: str, config: TrainingConfig) -> str:
    """Return --precision, or a file's if the option was not typed.

    Args:
        precision: Value of the option.
        config: The configuration, that of the file if there is one.
    """
    ctx = click.get_current_context()
    given = ctx.params["config_file"] is not None and not typed(ctx, "precision")
    return config.precision if given else precision


def _compare_versions(file: Path, config: TrainingConfig) -> None:
    """Print a note if the file's run was trained with other versions than those here."""
    from keras_vae.training.run_directory import installed_versions

    here = installed_versions()
    others = [
        f"{name} {there} (here {here.get(name)})"
        for name, there in config.versions.items()
        if there != here.get(name)
    ]
    if others:
        run = f"{printable(file)} is of a run with {', '.join(others)}"
        click.echo(f"Note: {run}. The weights may differ.", err=True)


def compare_data(config: TrainingConfig, images: ImageDataset) -> None:
    """Print a note if the run that is repeated was trained on other images."""
    from keras_vae.datasets.splits import counted
    from keras_vae.training.run_directory import difference

    fact = difference(config.provenance, images)
    if fact == "counts":
        had, has = counted(config.provenance["counts"]), counted(images.counts)
        click.echo(f"Note: the run had {had} images; {images.name} has {has}.", err=True)
    elif fact == "digest":
        note = f"the run had as many images, but {images.name} has others, or another split"
        click.echo(f"Note: {note}.", err=True)


def started_from(config: RunConfig, model: str) -> RunConfig:
    """Return a configuration that trains a model further.

    Args:
        config: The configuration.
        model: Run directory, or name, path or address of an exported model.
    """
    from keras_vae.files.exported import find_version
    from keras_vae.presets import fine_tuning
    from keras_vae.training.starting_point import StartingPoint, is_run

    refuse(ARCHITECTURE, f"has no effect with --start-from: the network is that of {model}.")
    path = Path(model) if is_run(Path(model)) else find_version(model)
    start = StartingPoint.open(path)
    size = click.get_current_context().params["image_size"]
    if size and tuple(size) != start.preset.image_shape[:2]:
        raise click.UsageError(
            f"--image-size must be {times(start.preset.image_shape[:2])} with --start-from "
            f"{model}, whose network takes no other size; without the option images are scaled "
            f"to it. Received: {times(size)}."
        )
    return replace(config, preset=fine_tuning(start.preset), start_from=str(path.absolute()))


def sized(
    config: RunConfig, source: DataSource, typed: tuple[int, int] | None, given: bool
) -> RunConfig:
    """Give the preset the size of the data set's images, or one near to it that its network takes.

    Args:
        config: The configuration.
        source: Where the data set is; aligned faces are square.
        typed: Height and width that --image-size gives, or None.
        given: Whether the configuration is that of a file, whose sizes are kept.
    """
    from keras_vae.datasets import native_shape
    from keras_vae.files.photos import ALIGNED_CROP
    from keras_vae.presets import own_size, with_size

    preset, started = config.preset, config.start_from is not None
    if not (started or preset.adaptive) and (typed or given or not preset.network.any_size):
        return config
    *native, channels = native_shape(config.dataset, config.data_dir, source.max_pixels)
    if source.align_faces or config.provenance.get("align_faces"):
        native = [ALIGNED_CROP, ALIGNED_CROP]
    if started:
        size, cure = preset.image_shape[:2], "that of the model"
    else:
        fitting = own_size(*native) if preset.adaptive else tuple(native)
        size, cure = typed or fitting, "--image-size for another"
    if not typed and size != tuple(native):
        click.echo(
            f"Size     {times(size)}, from images of {times(native)}; {cure}",
            err=click.get_current_context().params["print_config"],
        )
    return config if started else replace(config, preset=with_size(preset, (*size, channels)))


def fitted(config: RunConfig, images: ImageDataset) -> RunConfig:
    """Give the configuration labels, a batch, passes, an end and a variance that fit the images.

    A reduced batch is printed, and what is left out of the loss. A small set, which is passed
    several times in an epoch, is soon learned by heart: then the training ends.
    """
    from keras_vae.presets import PATIENCE
    from keras_vae.training.conditioning import conditioned
    from keras_vae.training.distribution import make_strategy
    from keras_vae.training.pca_baseline import adapted

    count, before = images.count("train"), conditioned(_teachable(config.preset, images), images)
    preset = before.fitted_to(count, make_strategy(config.strategy).num_replicas_in_sync)
    if preset.batch_size != before.batch_size:
        click.echo(
            f"Batch    {preset.batch_size} images instead of {before.batch_size}: "
            f"there are {count} training images"
        )
    stop, small = config.early_stop, preset.adaptive and preset.passes > 1
    validated = images.count("validation") > 0
    if stop is None and small and preset.objective.losses_compare(validated):
        stop = PATIENCE
    if not typed(click.get_current_context(), "variance"):
        preset = adapted(preset, images, seed=config.seed)
    return replace(config, preset=preset, early_stop=stop)


def _teachable(preset: Preset, images: ImageDataset) -> Preset:
    """Leave out a preset's terms that need a classifier if there is nothing to train it on.

    A term whose weight was typed is kept, and the training refuses it.
    """
    taught = [term for term in preset.objective.terms if term.needs_teacher]
    ctx = click.get_current_context()
    asked_for = any(typed(ctx, f"{term.kind}_weight") for term in taught)
    if not taught or asked_for or images.labelled:
        return preset
    left_out = ", ".join(term.description for term in taught)
    click.echo(f"Left out {left_out}: {images.name} has neither labels nor attributes")
    return replace(preset, objective=preset.objective.without_teacher())
