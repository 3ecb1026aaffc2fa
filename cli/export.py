"""`kvae export`: a run's best weights as a SavedModel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .images import load_for_run
from .options import data_options, models_dir_option, overwrite_option
from .progress import progress_bar
from .quiet import load_tensorflow

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.training.run_directory import Run


@click.command(epilog="Example: kvae export runs/celeba --name faces")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the model.  [default: the run's]")
@models_dir_option
@data_options
@overwrite_option
def export(
    run: Path,
    name: str | None,
    models_dir: Path,
    data_dir: Path | None,
    cache_dir: Path | None,
    overwrite: bool,
) -> None:
    """Write the SavedModel of the run directory RUN: its weights of the lowest validation loss.

    The next free version is written; the model card is kept unless --overwrite is given.
    """
    load_tensorflow()
    from keras_vae.training.run_directory import Run

    opened = Run.open(run)
    images = load_for_run(opened.config(), data_dir, cache_dir)
    write_model(opened, images, models_dir / (name or opened.path.name), overwrite)


def write_model(run: Run, images: ImageDataset, directory: Path, overwrite: bool) -> None:
    """Publish a run, and say where and how to use it."""
    from keras_vae.export.publishing import publish

    with (
        progress_bar("Encoding") as encoded,
        progress_bar("Fitting a prior", "component") as fitted,
    ):
        path = publish(
            run, images, directory, overwrite=overwrite, progress=encoded, prior_progress=fitted
        )
    click.echo(f"SavedModel:  {path}")
    click.echo(f"Try it:      kvae generate --model {directory}")
