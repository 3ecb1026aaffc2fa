"""What the commands that train share: the run's options, the bar, interrupting and resuming."""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from tqdm import tqdm

from keras_vae.choices import PRECISIONS
from keras_vae.files.naming import plural
from keras_vae.files.versions import model_name

from .command import Decorator, collected, option
from .command_line import command_line, refuse, typed_words
from .outputs import OVERWRITE
from .types import EXISTING_FILE, PATH, POSITIVE

if TYPE_CHECKING:
    import keras

    from keras_vae.training.interruption import Interruption
    from keras_vae.training.run_directory import RunDirectory

# Formats Keras's logs, or those whose names start with a prefix.
Formatter: TypeAlias = Callable[[dict[str, Any], str], str]

CHANGEABLE = ("epochs", "strategy")  # options that can be changed with --resume

REDRAW = 0.2  # seconds between two updates of the training bar

# Options that determine where files are and which devices train, not what is trained.
LOCAL_OPTIONS = (
    "cache_dir", "run_dir", "models_dir", "name", "export", "overwrite", "workers", "index",
    "save_minutes"
)  # fmt: skip


@dataclass(frozen=True)
class RunOptions:
    """Where a training writes its run and its model, or which run it resumes.

    Attributes:
        resume: Run directory of the training to resume.
        name: Name of the run and of the model.
        run_dir: Run directory.
        models_dir: Folder of the SavedModel, which is written to NAME/VERSION in it.
        save_minutes: Minutes between two checkpoints within an epoch.
        config_file: Configuration to train with, as --print-config prints it, or the config.json of
            a run directory. Other options override its values.
        print_config: Print the configuration as YAML for --config, and do not train.
        overwrite: Overwrite existing files.
    """

    resume: Path | None
    name: str | None
    run_dir: Path | None
    models_dir: Path
    save_minutes: float
    config_file: Path | None
    print_config: bool
    overwrite: bool

    def check(self, dataset: str | None, *changeable: str) -> None:
        """Refuse options without effect, and with --resume a data set and what changes the run.

        Args:
            dataset: The data set of a new run.
            changeable: Names of options of what is trained that can be changed with --resume.

        Raises:
            click.UsageError: If there are any.
        """
        if self.resume and (self.config_file or self.print_config):
            raise click.UsageError(
                "--resume continues a run with its own config.json; it takes neither --config nor "
                "--print-config."
            )
        if bool(dataset or self.config_file) == bool(self.resume):
            raise click.UsageError("Give a DATASET, a file with --config, or a run with --resume.")
        if self.resume:
            refuse(["run_dir"], "has no effect with --resume, which names the run directory.")
            rule = f": only --{' and --'.join(changeable)} can" if changeable else ""
            fixed = {*click.get_current_context().params} - {*LOCAL_OPTIONS, *changeable}
            read = {"data_dir", "max_pixels"}  # how images are read; their digest is compared
            refuse(fixed - {"resume", *read}, f"cannot be changed with --resume{rule}.")
        if self.print_config:
            local = {*LOCAL_OPTIONS} - {"workers", "index"}  # several workers train in float32
            refuse(local, "has no effect with --print-config: no configuration holds it.")

    def check_unexported(self) -> None:
        """Refuse options of the model where none is exported.

        Raises:
            click.UsageError: If there are any.
        """
        refuse(["models_dir"], "has no effect with --no-export.")
        if self.resume or self.run_dir:
            refuse(["name"], "has no effect with --no-export: the run directory is given.")
        if self.resume:
            refuse(["overwrite"], "has no effect with --no-export: a resumed run goes on.")

    def directory(self, default: str) -> Path:
        """Return the directory of a new run; `default` is its default name."""
        return self.run_dir or Path("runs") / (self.name or default)

    def model_directory(self, run: Path) -> Path:
        """Return the directory of a run's exported model: to be called before long work.

        Raises:
            ValueError: If its name is none for a model.
        """
        name = run.absolute().name if self.name is None else self.name
        return self.models_dir / model_name(name)


MODELS_DIR = option("--models-dir", PATH, Path("saved_models"))


def run_options(default: str, *options: Decorator) -> Decorator:
    """Add the options of the run, which reach the command as `runs`, and further options.

    Args:
        default: Description of the default of --name.
        options: The further options.
    """
    name = option("--name", show_default=default)
    folder = option("--run-dir", PATH, show_default="runs/NAME")
    resume = option("--resume", PATH)
    save = option("--save-minutes", POSITIVE, 10)
    config = option("--config config_file", EXISTING_FILE)
    printed = option("--print-config", is_flag=True)
    options = (name, folder, resume, save, MODELS_DIR, *options, config, printed, OVERWRITE)
    return collected(RunOptions, "runs", "Run", *options)


PRECISION = option("--precision", ["auto", *PRECISIONS], "auto")


def card_command(dataset: str | None, precision: str) -> str:
    """Return the running command as a model card shows it.

    Args:
        dataset: The data set; None: a file with the configuration names it.
        precision: The precision, which the command chose if --precision is auto.
    """
    ctx = click.get_current_context()
    arguments = [Path(dataset).name] if dataset else []
    return command_line(ctx, arguments, LOCAL_OPTIONS, {"precision": precision})


def report_kept_card(version: Path) -> None:
    """Print that a model's card is not that of its new version, if an export has kept it."""
    from keras_vae.export.card import card_of

    card = version.parent / "README.md"
    if card.read_text(encoding="utf-8", errors="replace") != card_of(version):
        click.echo(
            f"Card:        {card} is kept: it was edited, or describes an earlier version. "
            "--overwrite writes it anew."
        )


def resume_command(run: Path) -> str:
    """Return the command that resumes a run of the running command."""
    ctx = click.get_current_context()
    names = {*LOCAL_OPTIONS, "max_pixels"} - {"run_dir"}
    if not ctx.params.get("export", True):
        names -= {"name", "overwrite"}  # they were those of a new run
    if ctx.params["resume"]:  # the run stores the first data folder, and not yet what is changed
        names |= {"data_dir", *CHANGEABLE}
    return shlex.join(["kvae", ctx.command.name, "--resume", str(run), *typed_words(ctx, names)])


def report_position(run: RunDirectory, epochs: int, patience: int | None = None) -> None:
    """Print where a run is resumed, and whether nothing is left to train.

    Args:
        run: The run.
        epochs: Epochs of the whole training.
        patience: Epochs without a lower validation loss after which it ends; None: it does not.
    """
    from keras_vae.training.run_directory import stalled

    position = run.position()
    if position is not None:
        within = f" and {position.step:,} of {position.steps:,} steps" if position.step else ""
        ended = position.epoch >= epochs or stalled(position.history, patience)
        end = ": the training has ended" if ended else ""
        click.echo(f"Resumed  after {plural(position.epoch, 'epoch')}{within}{end}")


@dataclass
class Resumable:
    """What a signal leaves to be resumed: a run directory, once it holds this training.

    Attributes:
        path: The run directory; None: it is not known yet.
        former: When the configuration of the run that --overwrite replaces was written, ns.
    """

    path: Path | None = None
    former: int | None = None

    def starts(self, run: RunDirectory) -> None:
        """Take the directory of a new run, which may hold a former one until the new begins."""
        self.path = run.path
        self.former = self._written()

    def begun(self) -> bool:
        """Whether the directory holds this training."""
        return self._written() not in (None, self.former)

    def _written(self) -> int | None:
        file = self.path and self.path / "config.json"
        return file.stat().st_mtime_ns if file and file.exists() else None


@contextmanager
def interruptible(run: Resumable) -> Iterator[Interruption]:
    """On Ctrl-C or SIGTERM print the command that resumes the training; exit with 130 or 143.

    Args:
        run: Tells whether there is anything to resume.
    """
    from keras_vae.training.interruption import InterruptedBySignal, Interruption

    def report(number: int) -> None:
        advice = f" Resume with:  {resume_command(run.path)}" if run.begun() else ""
        click.echo(f"\n{word_of(number)}.{advice}", err=True)

    try:
        with Interruption(report) as interruption:
            yield interruption
    except InterruptedBySignal as error:
        report(error.signal)
        raise click.exceptions.Exit(error.status) from None


def word_of(number: int) -> str:
    """Return what a signal did, in one word."""
    return "Interrupted" if number == signal.SIGINT else "Terminated"


def training_bar(
    batch_size: int, losses: Formatter, warning: Callable[[float], str | None] = lambda speed: None
) -> keras.callbacks.Callback:
    """Make a Keras callback that shows losses and images per second, and a line for each epoch.

    Args:
        batch_size: Images in a step.
        losses: Formats the losses; with the prefix "val_", those of the validation split.
        warning: Returns a warning about the first epoch's images per second, or None.
    """
    import keras

    class TrainingBar(keras.callbacks.Callback):
        bar: tqdm | None = None
        checked = False
        steps = 0  # taken; none of an epoch of which only the validation was left

        def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            epochs = self.params["epochs"]
            self.name = f"Epoch {epoch + 1:{len(str(epochs))}d}/{epochs}"
            self.steps = 0
            self.bar = tqdm(total=self.params["steps"], desc=self.name, leave=False, disable=None)
            self.start = self.drawn = time.perf_counter()
            self.seconds = None  # duration of the training steps; set when validation begins

        def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            self.steps, now = batch + 1, time.perf_counter()
            # Reading a loss waits for the device, so it is read only when the bar is redrawn.
            if now - self.drawn > REDRAW and not self.bar.disable:
                speed = self.steps * batch_size / (now - self.start)
                self.bar.set_postfix_str(f"{losses(logs or {}, '')}, {speed:.0f} images/s", False)
                self.bar.update(self.steps - self.bar.n)
                self.drawn = now

        def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
            if self.bar is not None and self.seconds is None:
                self.seconds = time.perf_counter() - self.start

        def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            now = time.perf_counter()
            if self.bar is not None and now - self.drawn > REDRAW and not self.bar.disable:
                self.bar.set_postfix_str(f"validation, step {batch + 1:,}")
                self.drawn = now

        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            seconds = self.seconds or time.perf_counter() - self.start
            line = f"{self.name}  {losses(logs or {}, '')}"
            if "val_loss" in (logs or {}):
                line += f"; validation {losses(logs, 'val_')}"
            self.close()
            speed = self.steps * batch_size / seconds
            click.echo(f"{line}; {speed:.0f} images/s")
            if self.steps and not self.checked and (text := warning(speed)):
                click.echo(text, err=True)
            self.checked = True

        def close(self) -> None:
            """Remove an unfinished bar from the screen."""
            if self.bar is not None:
                self.bar.close()
            self.bar = None

    return TrainingBar()
