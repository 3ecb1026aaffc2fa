"""`kvae experiment`: repeat the reports' experiments; tables, figures and verdicts out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from .options import data_options
from .progress import progress_bar

if TYPE_CHECKING:
    from keras_vae.experiments.cell import Cell
    from keras_vae.experiments.store import Row

EPILOG = """\b
Examples:
  kvae experiment list
  kvae experiment architectures --data-dir ~/data --jobs 2
  kvae experiment architectures --limit 4 --epochs 1
  kvae experiment report
"""

out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/experiments"),
    show_default=True,
    help="Folder of results: cells/ of all experiments, and NAME/ of each.",
)


class ExperimentGroup(click.Group):
    """Every experiment is a subcommand, beside those of the group itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the experiments last."""
        from keras_vae.experiments import EXPERIMENTS

        return [*super().list_commands(ctx), *EXPERIMENTS]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Make the command of an experiment."""
        from keras_vae.experiments import EXPERIMENTS

        if name in EXPERIMENTS:
            return _command(name, EXPERIMENTS[name])
        return super().get_command(ctx, name)


@click.group(cls=ExperimentGroup, invoke_without_command=True, epilog=EPILOG)
@click.pass_context
def experiment(ctx: click.Context) -> None:
    """Repeat an experiment of the reports, or list them.

    Models that are trained are not trained again: a stopped experiment goes on when it is called
    anew, and one that is finished writes its table, figures and verdicts again. --data-dir may be a
    folder for all data sets, with mnist/, fashion-mnist/, and celeba/ or celeba….npz in it.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_experiments)


@experiment.command("list", epilog="Example: kvae experiment list --out runs/experiments")
@out_option
def list_experiments(out: Path) -> None:
    """List the experiments: the claims they judge, their budget, how far they are."""
    from keras_vae.experiments import EXPERIMENTS, get_experiment
    from keras_vae.experiments.experiment import store_in

    for name, title in EXPERIMENTS.items():
        each = get_experiment(name)
        done, total, _ = each.state(store_in(out))
        click.echo(f"{name:24}{done:4} of {total:4} models  {', '.join(each.claims)}")
        click.echo(f"{'':24}{title}\n{'':24}{each.budget}.")


@experiment.command(epilog="Example: kvae experiment report --page docs/reproduction.md")
@out_option
@click.option(
    "--page",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("docs/reproduction.md"),
    show_default=True,
    help="Page to write; tables and figures go to the folder of its name.",
)
def report(out: Path, page: Path) -> None:
    """Write the page of all claims, verdicts and numbers from the finished experiments."""
    from keras_vae.experiments.report import write_report

    click.echo(write_report(out, page))


def _command(name: str, title: str) -> click.Command:
    """The command that runs an experiment."""

    @click.command(name, help=title, epilog=f"Example: kvae experiment {name} --data-dir ~/data")
    @data_options
    @out_option
    @click.option(
        "--jobs",
        type=click.IntRange(1),
        default=os.cpu_count,
        help="Processes, of one thread each, or threads of one.  [default: one for each core]",
    )
    @click.option("--limit", type=click.IntRange(1), help="A trial: only so many models.")
    @click.option("--epochs", type=click.IntRange(1), help="A trial: so many epochs.")
    def command(**options: Any) -> None:
        _run(name, **options)

    return command


def _run(
    name: str,
    data_dir: Path | None,
    cache_dir: Path | None,
    out: Path,
    jobs: int,
    limit: int | None,
    epochs: int | None,
) -> None:
    from keras_vae.experiments import get_experiment
    from keras_vae.experiments.experiment import run, store_in
    from keras_vae.experiments.workplace import Workplace

    place = Workplace(store_in(out), data_dir, cache_dir)
    with (
        progress_bar("Preparing") as preparing,
        progress_bar("Training", "GFLOP") as progress,
    ):
        files, failures = run(
            get_experiment(name),
            out,
            place,
            limit=limit,
            epochs=epochs,
            jobs=jobs,
            preparing=preparing,
            progress=progress,
            finished=_tell,
        )
    for file in files:
        click.echo(file)
    if failures:
        lost = "; ".join(f"{key}: {reason}" for key, reason in failures.items())
        raise RuntimeError(f"{len(failures)} models failed, call again to try anew: {lost}")


def _tell(cell: Cell, outcome: Row | str) -> None:
    """A line for each model."""
    if isinstance(outcome, str):
        tqdm.write(f"{cell.key}: failed: {outcome}")
        return
    losses = {name: outcome[name] for name in ("train_loss", "test_loss") if name in outcome}
    numbers = [f"{name} {value:.2f}" for name, value in losses.items()]
    settings = " ".join(f"{name}={value}" for name, value in cell.settings().items())
    spent = f"{outcome['seconds']:.0f} s"
    if "epochs" in outcome:
        speed = f"{outcome['images_per_second']} images/s"
        spent = f"{outcome['epochs']} epochs in {spent}, {speed}"
    tqdm.write(f"{settings}: {', '.join([*numbers, spent])}")
