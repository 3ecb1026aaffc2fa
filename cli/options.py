"""Parameter types and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]


class ImageSize(click.ParamType):
    """An image size: "64", or height×width as "64x48"; gives (height, width)."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the size."""
        if isinstance(value, tuple):
            return value
        sides = value.lower().replace("×", "x").split("x")
        if len(sides) > 2 or not all(side.isdecimal() and int(side) > 0 for side in sides):
            self.fail(f"{value!r} is no image size; write 64, or 64x48 (height x width).")
        return int(sides[0]), int(sides[-1])


class IntegerList(click.ParamType):
    """Positive integers separated by commas, as "512,256,128"; gives a tuple."""

    name = "N,N,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the list."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in value.split(",")]
        if not all(part.isdecimal() and int(part) > 0 for part in parts):
            self.fail(f"{value!r} is no list of positive integers; write for instance 512,256.")
        return tuple(int(part) for part in parts)


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
    default="celeba",
    show_default=True,
    metavar="NAME|PATH",
    help="An exported model: see `kvae models list`.",
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

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def out_option(default: str | None, what: str = "Picture to write.") -> Callable[..., Any]:
    """Make an --out option."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option("--out", type=kind, default=default, show_default=True, help=what)
