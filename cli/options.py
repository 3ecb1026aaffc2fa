"""Parameter types and options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]

MOST_STEPS = 100
LAST_SEED = 2**62

# Spelt out, since `--help` shall import nothing: keras_vae.datasets.binarization.BINARIZATIONS.
BINARIZATION = click.Choice(["none", "static", "dynamic", "threshold"])


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


class Steps(click.ParamType):
    """Values of n: "-3:3", "-3:3:0.5" or "-2,0,1.5"; gives a tuple."""

    name = "N:N[:STEP]|N,N,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the steps."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = [float(part) for part in value.replace(",", ":").split(":")]
        except ValueError:
            numbers = []
        ranged = ":" in value
        if (
            not numbers
            or not all(map(math.isfinite, numbers))
            or (ranged and ("," in value or len(numbers) > 3))
        ):
            self.fail(f"{value!r} are no steps; write -3:3, -3:3:0.5 or -2,0,1.5.")
        if ranged:
            numbers = self._range(*numbers)
        if len(numbers) > MOST_STEPS:
            self.fail(f"{value!r} are more than {MOST_STEPS} steps.")
        return tuple(numbers)

    def _range(self, start: float, stop: float, step: float | None = None) -> list[float]:
        step = math.copysign(1.0, stop - start) if step is None else step
        if step == 0 or (stop - start) / step < 0:
            self.fail(f"steps of {step:g} do not lead from {start:g} to {stop:g}.")
        count = math.floor(min((stop - start) / step, MOST_STEPS) + 1e-9) + 1
        return [round(start + number * step, 9) for number in range(count)]


class Attribute(click.ParamType):
    """An attribute and its factor, "Smiling" or "Young=-0.5"; gives (name, factor)."""

    name = "NAME[=SCALE]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse name and factor."""
        if isinstance(value, tuple):
            return value
        name, equals, scale = value.partition("=")
        try:
            factor = float(scale) if equals else 1.0
        except ValueError:
            factor = math.nan
        if not name or not math.isfinite(factor):
            self.fail(f"{value!r} is no attribute; write Smiling, or Smiling=0.5.")
        return name, factor


class AttributeSteps(click.ParamType):
    """An attribute and its steps, "Smiling=-2:2"; gives (name, steps)."""

    name = "NAME=N:N[:STEP]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse name and steps."""
        if isinstance(value, tuple):
            return value
        name, equals, steps = value.partition("=")
        if not (name and equals):
            self.fail(f"{value!r} is no attribute with steps; write Smiling=-2:2.")
        return name, Steps().convert(steps, param, ctx)


class Dimensions(click.ParamType):
    """Dimensions of z, "0,5,7"; gives a tuple, which is empty for "auto"."""

    name = "auto|K,K,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the list."""
        if isinstance(value, tuple):
            return value
        parts = [] if value == "auto" else [part.strip() for part in value.split(",")]
        if not all(part.isdecimal() for part in parts):
            self.fail(f"{value!r} are no dimensions; write auto, or for instance 0,5,7.")
        return tuple(int(part) for part in parts)


class PhotoOrSeed(click.ParamType):
    """An image file, or failing that the seed of a generated image; gives a path or an integer."""

    name = "IMG|SEED"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Look for the file first, so that one called 7 can be named."""
        if Path(value).is_file():
            return Path(value)
        if not value.isdecimal() or int(value) > LAST_SEED:
            self.fail(f"{value!r} is neither a file nor a seed.")
        return int(value)


class Names(click.ParamType):
    """Names separated by commas, as "Male,Young"; gives a tuple."""

    name = "NAME,NAME,…"

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Parse the list."""
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())


class VersionLabel(click.ParamType):
    """A label of a version: "stable=1", "celeba/stable=1"; gives (model or "", label, version)."""

    name = "[NAME/]LABEL=VERSION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the three parts."""
        if isinstance(value, tuple):
            return value
        name, _, version = value.rpartition("=")
        model, _, label = name.rpartition("/")
        if not (label and version.isdecimal() and int(version) > 0):
            self.fail(f"{value!r} is no label; write stable=1, or celeba/stable=1.")
        return model, label, int(version)


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

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


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
