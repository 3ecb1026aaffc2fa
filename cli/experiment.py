"""`kvae experiment`: repeat the reports' experiments; tables, figures and verdicts out."""

from __future__ import annotations

import os
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from keras_vae.files.naming import plural, printable

from .command import Command, ListGroup, option
from .data_source import DataSource, data_options
from .outputs import OVERWRITE
from .progress import progress_bar
from .types import FILE, FOLDER, Integer

if TYPE_CHECKING:
    from keras_vae.experiments.cell import Cell
    from keras_vae.experiments.workspace import Row

EPILOG = """\b
Examples:
  kvae experiment list
  kvae experiment architectures --data-dir ~/data --jobs 2
  kvae experiment architectures --limit 4 --epochs 1
  kvae experiment report
"""

out_option = option("--out", FOLDER, Path("runs/experiments"))


class ExperimentGroup(ListGroup):
    """A group with a subcommand for each experiment, besides its own subcommands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, those of the experiments last."""
        from keras_vae.experiments import EXPERIMENTS

        return [*super().list_commands(ctx), *EXPERIMENTS]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Make the command of an experiment."""
        from keras_vae.experiments import EXPERIMENTS

        if name in EXPERIMENTS:
            return _command(name, EXPERIMENTS[name])
        return super().get_command(ctx, name)


@click.group(cls=ExperimentGroup, epilog=EPILOG)
def experiment() -> None:
    """Repeat an experiment of the reports, or list them.

    A trained model is not trained again: an interrupted experiment resumes when it is called again,
    and a finished one writes its table, figures and verdicts again. --data-dir can be a folder of
    all data sets that contains mnist/, fashion-mnist/, and celeba/ or celeba….npz.
    """


@experiment.command("list", epilog="Example: kvae experiment list --out runs/experiments")
@out_option
def list_experiments(out: Path) -> None:
    """List the experiments: claims, budget, and number of trained models.

    Args:
        out: Folder of results: cells/ for all experiments, and NAME/ for each.
    """
    from keras_vae.experiments import EXPERIMENTS, get_experiment
    from keras_vae.experiments.workspace import Workspace

    for name, title in EXPERIMENTS.items():
        each = get_experiment(name)
        results = each.results(Workspace(out))
        counts = f"{len(results.rows):4} of {results.total:4} models"
        click.echo(f"{name:24}{counts}  {', '.join(each.claims)}")
        click.echo(f"{'':24}{title}\n{'':24}{each.budget}.")


@experiment.command(epilog="Example: kvae experiment report --page report.md")
@out_option
@option("--page", FILE, Path("docs/reproduction.md"))
@OVERWRITE
def report(out: Path, page: Path, overwrite: bool) -> None:
    """Write the page of all claims, verdicts and numbers from the finished experiments.

    Args:
        out: Folder of results: cells/ for all experiments, and NAME/ for each.
        page: File of the page, such as report.md; tables and figures are written to the folder of
            its name without the suffix.
        overwrite: Overwrite existing files.
    """
    from keras_vae.experiments.report import write_report
    from keras_vae.files.output import Output

    if Output(page).is_stream:
        raise click.BadParameter(
            "must be a file: a folder of its name receives tables and figures.", param_hint="--page"
        )
    click.echo(printable(write_report(out, page, overwrite=overwrite)))


def _command(name: str, title: str) -> click.Command:
    """Make the command that runs an experiment."""
    text = f"{title}\n\n{cleandoc(_run.__doc__)}"
    example = f"Example: kvae experiment {name} --data-dir ~/data"

    @click.command(name, Command, help=text, epilog=example)
    @data_options()
    @out_option
    @option("--jobs", Integer(1), os.cpu_count, show_default="one for each core")
    @option("--limit", Integer(1), show_default="all")
    @option("--epochs", Integer(1), show_default="the experiment's")
    def command(**options: Any) -> None:
        _run(name, **options)

    return command


def _run(name: str, source: DataSource, out: Path, **trial: int | None) -> None:
    """Train the models that are not trained yet; write the table, the figures and the verdicts.

    Args:
        name: Name of the experiment.
        source: Folders of the data sets and of prepared images.
        out: Folder of results: cells/ for all experiments, and NAME/ for each.
        **trial: The options of a trial:
        jobs: Number of processes of one thread each, or of threads of one process.
        limit: Number of models, for a trial.
        epochs: Number of epochs, for a trial.
    """
    from keras_vae.experiments import get_experiment
    from keras_vae.experiments.workspace import Workspace

    workspace = Workspace(out, source.data_dir, source.cache_dir, source.max_pixels)
    with progress_bar("Preparing") as preparing, progress_bar("Training", "GFLOP") as progress:
        bars = {"preparing": preparing, "progress": progress}
        files, failures = get_experiment(name).run(
            workspace, **trial, **bars, finished=_print_outcome
        )
    for file in files:
        click.echo(printable(file))
    if failures:
        lost = "; ".join(f"{key}: {reason}" for key, reason in failures.items())
        raise RuntimeError(f"{plural(len(failures), 'model')} failed; call again to retry: {lost}")


def _print_outcome(cell: Cell, outcome: Row | str) -> None:
    """Print a line for a model."""
    if isinstance(outcome, str):
        tqdm.write(f"{cell.key}: failed: {outcome}")
        return
    losses = [name for name in ("train_loss", "test_loss") if name in outcome]
    numbers = [f"{name} {outcome[name]:.2f}" for name in losses]
    settings = " ".join(f"{name}={value}" for name, value in cell.settings().items())
    spent = f"{outcome['seconds']:.0f} s"
    if "epochs" in outcome:
        speed = f"{outcome['images_per_second']} images/s"
        spent = f"{outcome['epochs']} epochs in {spent}, {speed}"
    tqdm.write(f"{settings}: {', '.join([*numbers, spent])}")
