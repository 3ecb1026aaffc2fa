"""`kvae export`: a run's best weights as a SavedModel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .command import command, option, section
from .data_source import DataSource, data_options
from .outputs import OVERWRITE
from .progress import progress_bar
from .quiet import load_tensorflow
from .training import MODELS_DIR
from .types import PATH

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.training.run_directory import Run


@command(epilog="Example: kvae export runs/celeba --name faces")
@click.argument("run", type=PATH)
@data_options()
@section("Output", option("--name", show_default="the run's"), MODELS_DIR, OVERWRITE)
def export(
    run: Path, source: DataSource, name: str | None, models_dir: Path, overwrite: bool
) -> None:
    """Export a run as a SavedModel, with the weights of the lowest validation loss.

    The next free version is written; an existing model card is kept unless --overwrite is given.

    Args:
        run: Run directory.
        source: Folders of the data set and of prepared images.
        name: Name of the model.
        models_dir: Folder of the SavedModel, which is written to NAME/VERSION in it.
        overwrite: Overwrite existing files.
    """
    load_tensorflow()
    from keras_vae.training.run_directory import Run

    opened = Run.open(run)
    images = source.load_for_run(opened.config())
    write_model(opened, images, models_dir / (name or opened.path.name), overwrite)


def write_model(run: Run, images: ImageDataset, directory: Path, overwrite: bool) -> None:
    """Export a run, and print the model's path and how to use it."""
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
