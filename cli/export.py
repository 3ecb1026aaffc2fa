"""`kvae export`: a run's best weights as a SavedModel."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keras_vae.choices import WEIGHTS
from keras_vae.files.naming import printable
from keras_vae.files.versions import model_name

from .command import command, option, section
from .command_line import refuse
from .data_source import DataSource, data_options
from .model_choice import refuse_addresses
from .outputs import OVERWRITE
from .progress import progress_bar
from .quiet import load_tensorflow
from .training import MODELS_DIR, report_kept_card
from .types import NAME_OR_PATH, PATH

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.training.run_directory import Run


EPILOG = """\b
Examples:
  kvae export runs/celeba --name faces
  kvae export runs/celeba --name faces --weights float16
  kvae export --lite faces
"""


@command(epilog=EPILOG)
@click.argument("run", type=PATH, required=False)
@option("--lite", NAME_OR_PATH)
@data_options()
@section(
    "Output",
    option("--name", show_default="the run's"),
    option("--weights", list(WEIGHTS), WEIGHTS[0]),
    MODELS_DIR,
    OVERWRITE,
)
def export(
    run: Path | None,
    lite: str | None,
    source: DataSource,
    name: str | None,
    weights: str,
    models_dir: Path,
    overwrite: bool,
) -> None:
    """Export a run as a SavedModel, with the weights of the lowest validation loss.

    The next free version is written; an existing model card is kept unless --overwrite is given.

    Args:
        run: Run directory.
        lite: Exported model that gets networks for LiteRT, instead of a run that is exported.
        source: Folders of the data set and of prepared images.
        name: Name of the model.
        weights: Numbers that the weights are rounded to: float16 halves the files.
        models_dir: Folder of the SavedModel, which is written to NAME/VERSION in it.
        overwrite: Overwrite existing files.
    """
    if (run is None) == (lite is None):
        raise click.UsageError("Give either a RUN, or a model with --lite.")
    refuse_addresses([lite or ""])
    if lite is not None:
        elsewhere = ["data_dir", "cache_dir", "max_pixels", "name", "weights", "models_dir"]
        refuse(elsewhere, "has no effect with --lite, which adds to the model itself.")
    load_tensorflow()
    if lite is not None:
        click.echo(printable(write_networks(lite, overwrite)))
        return
    from keras_vae.training.run_directory import Run

    opened = Run.open(run)
    directory = models_dir / model_name(opened.path.absolute().name if name is None else name)
    images = source.load_for_run(opened.config())
    write_model(opened, images, directory, overwrite, weights)


def write_networks(name: str, overwrite: bool) -> Path:
    """Write the networks for LiteRT of an exported model; return their folder."""
    from keras_vae.export.lite import write_lite
    from keras_vae.files.exported import find_version, read_metadata
    from keras_vae.inference.exported import UPSCALER
    from keras_vae.super_resolution.lite import write_lite as write_upscaler_lite

    version = find_version(name)
    upscales = read_metadata(version).get("kind") == UPSCALER
    return (write_upscaler_lite if upscales else write_lite)(version, overwrite=overwrite)


def write_model(
    run: Run,
    images: ImageDataset,
    directory: Path,
    overwrite: bool,
    weights: str = WEIGHTS[0],
) -> None:
    """Export a run, and print the model's path and how to use it."""
    from keras_vae.export.publishing import publish

    with (
        progress_bar("Encoding") as encoded,
        progress_bar("Fitting a prior", "component") as fitted,
    ):
        path = publish(
            run,
            images,
            directory,
            weights=weights,
            overwrite=overwrite,
            progress=encoded,
            prior_progress=fitted,
        )
    click.echo(f"SavedModel:  {printable(path)}")
    _report_prior(path)
    report_kept_card(path)
    click.echo(f"Try it:      kvae generate --model {shlex.quote(str(directory))}")


def _report_prior(version: Path) -> None:
    """Print that a model has no fitted prior, and why; a conditional one never has."""
    from keras_vae.files.exported import read_metadata
    from keras_vae.inference.missing_prior import why_missing

    facts = read_metadata(version)
    if "fitted_prior" not in facts and "labels" not in facts:
        click.echo(f"Prior:       N(0, I) only; {why_missing(facts)}")
