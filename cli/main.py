"""The group `kvae`: subcommands are imported when they are called; an error is one line."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from importlib import import_module
from typing import Any

import click

import keras_vae
from keras_vae.files.naming import first_line, printable

# Command → one line of help. It is here so that `kvae --help` imports no command.
COMMANDS = {
    "train": "Train a model and export it.",
    "export": "Export a run as a SavedModel.",
    "generate": "Generate images from samples of the prior.",
    "reconstruct": "Encode and decode images.",
    "encode": "Encode the images of a folder or a data set, to a file of latents.",
    "morph": "Move images along attributes, for example to more or less smiling.",
    "upscale": "Increase an image's size with a super-resolution network.",
    "align": "Crop the faces of photos, aligned to CelebA's layout.",
    "interpolate": "Interpolate between the latents of images.",
    "traverse": "Change one dimension of the latent space at a time.",
    "manifold": "Decode a plane of the latent space.",
    "evaluate": "Measure models: likelihood, reconstructions, latents, samples.",
    "attributes": "List, fit and compare attribute directions.",
    "latent-map": "Plot encoded images in two dimensions, coloured by attribute or class.",
    "feature-maps": "Plot the feature maps of each convolution for an image.",
    "train-upscaler": "Train a super-resolution network for `kvae upscale`.",
    "experiment": "Repeat the reports' experiments: tables, figures, verdicts.",
    "serve": "Serve models with TensorFlow Serving.",
    "models": "List, describe, pull and push exported models.",
    "presets": "List and describe presets.",
    "data": "List and prepare data sets.",
}


SIGNALS = (signal.SIGINT, signal.SIGTERM)


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are called, each from its own module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the subcommands' names in the order of use, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a subcommand."""
        if name not in COMMANDS:
            return None
        module = name.replace("-", "_")
        return getattr(import_module(f".{module}", __package__), module)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    commands=dict.fromkeys(COMMANDS),  # click suggests near names among these
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: kvae morph face.jpg --attr Smiling --steps -3:3",
)
@click.version_option(keras_vae.__version__, prog_name="kvae")
@click.option("--debug", is_flag=True, help="Print the traceback of an error.")
def kvae(debug: bool) -> None:
    """Train, measure, edit with and serve variational autoencoders."""


class Terminated(BaseException):
    """SIGTERM: like Ctrl-C, it lets the command remove what is unfinished."""


def run() -> None:
    """Run `kvae`: exit code 2 after a usage error, 1 after any other, one line on stderr.

    After Ctrl-C it is 130, after SIGTERM 143.
    """
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as of a shell's background jobs
            signal.signal(number, _end)
    warnings.filterwarnings("ignore", module=r"PIL\.")  # of files that are odd, and are reported
    if "--debug" not in sys.argv:
        warnings.formatwarning = _warning  # without a place in the source
    try:
        sys.exit(kvae(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except Terminated:
        click.echo("Terminated.", err=True)
        sys.exit(143)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python flushes it at the end
        sys.exit(1)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        click.echo(f"Error: {_reason(error)}", err=True)
        sys.exit(1)


def _end(number: int, _: Any) -> None:
    """End the command at the first signal; what is unfinished is removed whatever follows it."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated


def _warning(message: Warning, *_: Any) -> str:
    """Return a warning as one line."""
    return f"Warning: {first_line(message)}\n"


def _reason(error: Exception) -> str:
    """Return an error as one line."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{printable(error.filename)}: {error.strerror}."
    if isinstance(error, ModuleNotFoundError) and error.name:
        name = {"tensorflow": "TensorFlow"}.get(error.name, error.name)
        return f"This needs {name}, which is not installed. Install all of kvae: pip install ."
    return first_line(error)


if __name__ == "__main__":
    run()
