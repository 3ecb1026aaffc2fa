"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .standard_output import FILE
from .types import LAST_SEED

Command = Callable[..., Any]


def data_options(command: Command) -> Command:
    """Add --data-dir and --cache-dir."""
    for option in reversed(
        [
            click.option(
                "--data-dir",
                type=click.Path(path_type=Path),
                help="Folder, .zip or .npz with the data set's files; "
                "without it they come from TensorFlow Datasets.",
            ),
            click.option(
                "--cache-dir",
                type=click.Path(path_type=Path),
                help="Where prepared images are kept.  [default: ~/.cache/keras_vae]",
            ),
        ]
    ):
        command = option(command)
    return command


overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace what is there; without it nothing is."
)

models_dir_option = click.option(
    "--models-dir",
    type=click.Path(path_type=Path),
    default=Path("saved_models"),
    show_default=True,
    help="Folder that the SavedModel goes to, as NAME/VERSION.",
)

model_option = click.option(
    "--model",
    "model_name",
    default="celeba64",
    show_default=True,
    metavar="NAME|PATH",
    help="An exported model: see `kvae models list`.",
)

server_option = click.option(
    "--server",
    metavar="URL",
    help="Use a TensorFlow Serving server, http://HOST:8501 or grpc://HOST:8500. --model is then a "
    "name there: NAME, NAME/VERSION or NAME/LABEL.",
)

timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a request to the server may take, waiting for one that starts included.",
)

precision_option = click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "mixed_bfloat16", "mixed_float16"]),
    default="auto",
    show_default=True,
    help="Arithmetic of the networks; auto: bfloat16 for convolutions where that is faster.",
)

directions_option = click.option(
    "--directions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Attribute directions that `kvae attributes fit` wrote, in place of the model's own.",
)

images_argument = click.argument(
    "images",
    metavar="IMG...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)

photos_argument = click.argument(  # of commands that a seed can be given instead
    "images",
    metavar="[IMG...]",
    nargs=-1,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)

photo_argument = click.argument(
    "photo",
    metavar="[IMG]",
    required=False,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)

seed_option = click.option(
    "--seed", type=click.IntRange(0, LAST_SEED), help="Take a generated image in place of IMG."
)

prior_option = click.option(
    "--prior",
    type=click.Choice(["normal", "gmm"]),
    default="normal",
    show_default=True,
    help="What a seed draws z from: N(0, I), or the Gaussian mixture that was fitted to the "
    "training images' latents, whose images are closer to real ones.",
)

temperature_option = click.option(
    "--temperature",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Factor of the draw's deviation from the prior's mean, with gmm from that of the drawn "
    "component: below 1 images are more alike and less odd.",
)

gif_option = click.option(
    "--gif",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Animation to write as well: there and back again.",
)


def json_option(what: str) -> Callable[[Command], Command]:
    """Make the option --json FILE; the command receives `json_file`, a path or None.

    Args:
        what: What the file holds.
    """
    return click.option(
        "--json",
        "json_file",
        metavar="FILE",
        type=FILE,
        help=f"{what}; - is standard output.",
    )


def split_option(default: str) -> Callable[..., Any]:
    """Make a --split option."""
    kind = click.Choice(["train", "validation", "test"])
    return click.option(
        "--split", type=kind, default=default, show_default=True, help="Which images."
    )


def out_option(default: str | None, what: str = "Picture to write.") -> Callable[..., Any]:
    """Make an --out option."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option("--out", type=kind, default=default, show_default=True, help=what)
