"""The group `kvae`: subcommands load when they are called; errors become one line."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

import keras_vae

# command → (module, one line of help). The help stands here so that `kvae --help` imports nothing.
COMMANDS = {
    "train": "Train a model, and export it when it is done.",
    "export": "Write a run's SavedModel.",
    "generate": "Draw new images from the prior.",
    "reconstruct": "Encode and decode images.",
    "morph": "Move an image along attributes: more smiling, less so.",
    "upscale": "Make an image larger, and sharper than by interpolation.",
    "align": "Cut a photo's face out as the models of faces take it.",
    "interpolate": "Walk from one image to the next.",
    "traverse": "Change one dimension of the latent space at a time.",
    "manifold": "Lay a decoded plane of the latent space out.",
    "evaluate": "Measure models: likelihood, reconstructions, latents, samples.",
    "attributes": "List, fit and compare attribute directions.",
    "latent-map": "Scatter encoded images, coloured by attribute or class.",
    "feature-maps": "Show what each convolution makes of an image.",
    "train-upscaler": "Train a network for `upscale` on your own images.",
    "experiment": "Repeat the reports' experiments: tables, figures, verdicts.",
    "serve": "Serve models with TensorFlow Serving.",
    "models": "List and describe exported models.",
    "presets": "List and describe presets.",
    "data": "List and prepare data sets.",
}


class LazyGroup(click.Group):
    """A group whose subcommands are imported when called, each from a module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the subcommands, in the order of use rather than of the alphabet."""
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; a mistyped one is answered with near matches."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: kvae morph face.jpg --attr Smiling --steps -3:3",
)
@click.version_option(keras_vae.__version__, prog_name="kvae")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def kvae(debug: bool) -> None:
    """Train, measure, edit with and serve variational autoencoders."""


def run() -> None:
    """Run `kvae`: exit status 2 after a usage error, 1 after any other, one line on stderr."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        sys.exit(kvae(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        lines = str(error).strip().splitlines()
        reason = lines[0] if lines else type(error).__name__
        click.echo(f"Error: {reason}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
