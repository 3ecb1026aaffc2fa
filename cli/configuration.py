"""The configuration of a training: read from a file, overridden by options, printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command_line import typed, typed_words
from .data_source import DataSource
from .training import LOCAL_OPTIONS

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.training.run_directory import RunConfig


def base_config(file: Path | None, dataset: str | None, options: dict[str, Any]) -> RunConfig:
    """Return the configuration that options of the preset are applied to.

    It is that of the file, with those of the other options that were typed, which are printed; or
    that of the data set's preset, with all options.
    """
    from keras_vae.presets import default_preset
    from keras_vae.training.config_file import read_config
    from keras_vae.training.run_directory import RunConfig

    if file is None:
        return RunConfig(default_preset(dataset), **options)
    ctx = click.get_current_context()
    config = read_config(file, RunConfig)
    _compare_versions(file, config)
    words = typed_words(ctx, {*ctx.params} - {*LOCAL_OPTIONS, "config_file", "print_config"})
    changed = [*filter(None, [dataset]), *words]
    overridden = f", overridden by {' '.join(changed)}" if changed else ""
    click.echo(f"Config   {file}{overridden}", err=ctx.params["print_config"])
    return replace(config, **{name: each for name, each in options.items() if typed(ctx, name)})


def _compare_versions(file: Path, config: RunConfig) -> None:
    """Print a note if the file's run was trained with other versions than those here."""
    from keras_vae.training.run_directory import installed_versions

    here = installed_versions()
    others = [
        f"{name} {there} (here {here.get(name)})"
        for name, there in config.versions.items()
        if there != here.get(name)
    ]
    if others:
        click.echo(
            f"Note: {file} is of a run with {', '.join(others)}. The weights may differ.", err=True
        )


def compare_counts(config: RunConfig, images: ImageDataset) -> None:
    """Print a note if the run that is repeated had other numbers of images."""
    before = config.provenance.get("counts")
    counts = {split: images.count(split) for split in ("train", "validation", "test")}
    if before is not None and before != counts:
        old, new = (
            ", ".join(f"{n:,} {split}" for split, n in each.items()) for each in (before, counts)
        )
        click.echo(f"Note: the run had {old} images; {images.name} has {new}.", err=True)


def config_yaml(config: RunConfig, source: DataSource, native: bool) -> str:
    """Return a configuration as YAML.

    Args:
        config: The configuration.
        source: Where the data set is; it is read only if it determines the size of the images.
        native: Whether a dense network takes the data set's own size.
    """
    from keras_vae.files.naming import plain_name
    from keras_vae.training.config_file import config_text

    preset = config.preset
    if native and preset.network.any_size and plain_name(config.dataset) != preset.dataset:
        images = source.load_for_run(config, native=True)
        config = replace(config, preset=preset.override(image_shape=images.image_shape))
    return config_text(config)
