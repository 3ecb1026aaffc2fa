"""Parameter types: how the texts on the command line are parsed."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from keras_vae.choices import BINARIZATIONS

MOST_STEPS = 100
LARGEST_STEP = 1e6  # also of a factor: their product times a direction is still a float32
LAST_SEED = 2**62


class UserPath(click.Path):
    """A path, which may begin with ~: a shell leaves it in --out=~/faces.png."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the path.

        Raises:
            click.BadParameter: If it must exist and does not, or is a file or folder of the other
                kind.
        """
        return super().convert(os.path.expanduser(value), param, ctx)


PATH = UserPath(path_type=Path)
EXISTING_PATH = UserPath(exists=True, path_type=Path)
EXISTING_FILE = UserPath(exists=True, dir_okay=False, path_type=Path)
FILE = UserPath(dir_okay=False, allow_dash=True, path_type=Path)
FOLDER = UserPath(file_okay=False, path_type=Path)

# Copied from keras_vae.datasets.splits.SPLITS: `--help` imports no library.
SPLIT = click.Choice(["train", "validation", "test"])
BINARIZATION = click.Choice(BINARIZATIONS)


# Python's own functions read 1_0 and Arabic digits, too, and infinity.
_INTEGER = re.compile(r"\s*[-+]?[0-9]+\s*")
_NUMBER = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*")


class Integer(click.IntRange):
    """An integer from a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the integer.

        Raises:
            click.BadParameter: If it is none, or out of the range.
        """
        if isinstance(value, str) and not _INTEGER.fullmatch(value):
            self.fail(f"{value!r} is not an integer.", param, ctx)
        return super().convert(value, param, ctx)


class Number(click.FloatRange):
    """A finite number from a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the number.

        Raises:
            click.BadParameter: If it is infinite, not a number or out of the range.
        """
        if isinstance(value, str) and not _NUMBER.fullmatch(value):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not finite.", param, ctx)
        return number


POSITIVE = Number(0, min_open=True)
RANDOM_SEED = Integer(0, 2**32 - 1)  # of NumPy, TensorFlow and scikit-learn


class Parsed(click.ParamType):
    """A type that parses texts; other values, such as defaults, are unchanged.

    Attributes:
        name: Its name in help texts.
        expected: A description of the texts, for an error.
        parse: Parses a text; a ValueError means that the text is not valid.
    """

    def __init__(self, name: str, expected: str, parse: Callable[[str], Any]) -> None:
        self.name, self.expected, self.parse = name, expected, parse

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the name as it is; click would write it in capital letters."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the value if it is a text.

        Raises:
            click.BadParameter: If it is empty or not valid.
        """
        if not isinstance(value, str):
            return value
        try:
            if not value.strip():
                raise ValueError
            return self.parse(value)
        except ValueError:
            self.fail(f"{value!r} is not {self.expected}.", param, ctx)


def integer(text: str, least: int = 1, most: int | None = None) -> int:
    """Parse an integer from a range."""
    value = int(text) if _INTEGER.fullmatch(text) else least - 1
    if value < least or (most is not None and value > most):
        raise ValueError
    return value


def _image_size(text: str) -> tuple[int, int]:
    height, *width = map(integer, text.lower().replace("×", "x").split("x"))
    (width,) = width or [height]
    return height, width


def _integers(text: str, least: int = 1) -> tuple[int, ...]:
    return tuple(integer(part, least) for part in text.split(","))


def _step(text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not abs(value) <= LARGEST_STEP:  # also NaN
        raise ValueError
    return value


def _steps(text: str) -> tuple[float, ...]:
    if ":" in text:
        steps = _range(*map(_step, text.split(":")))
    else:
        steps = [_step(part) for part in text.split(",")]
    if len(steps) > MOST_STEPS:
        raise ValueError
    return tuple(steps)


def _range(start: float, stop: float, step: float | None = None, *more: float) -> list[float]:
    step = math.copysign(1.0, stop - start) if step is None else step
    if more or step == 0 or (stop - start) / step < 0:
        raise ValueError
    count = math.floor(min((stop - start) / step, MOST_STEPS) + 1e-9) + 1
    return [round(start + index * step, 9) for index in range(count)]


def _attribute(text: str) -> tuple[str, float]:
    name, equals, factor = text.partition("=")
    if not name:
        raise ValueError
    return name, _step(factor) if equals else 1.0


def _attribute_steps(text: str) -> tuple[str, tuple[float, ...]]:
    name, _, steps = text.partition("=")
    if not name:
        raise ValueError
    return name, _steps(steps)


def _face(text: str) -> str | int:
    choice = text.casefold()
    return choice if choice in ("largest", "all") else integer(text)


def _seed(text: str) -> int:
    return integer(text, 0, LAST_SEED)


def _photo_or_seed(text: str) -> Path | int:
    return Path(text) if Path(text).is_file() else _seed(text)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise ValueError
    return names


TEXT = Parsed("TEXT", "a text", str)
NAME = Parsed("NAME", "a name", str)
NAME_OR_PATH = Parsed("NAME|PATH", "a name or a path", os.path.expanduser)
NAMES = Parsed("NAME,NAME,…", "a list of names", _names)
IMAGE_SIZE = Parsed("SIZE", "an image size: 64, or 64x48 (height x width)", _image_size)
INTEGERS = Parsed("N,N,…", "a list of positive integers, such as 512,256", _integers)
DIMENSIONS = Parsed(  # () is "auto"
    "auto|K,K,…",
    "auto, or a list of dimensions such as 0,5,7",
    lambda text: () if text == "auto" else _integers(text, 0),
)
STEPS = Parsed(
    "N:N[:STEP]|N,N,…",
    f"a list of at most {MOST_STEPS} steps, each at most {LARGEST_STEP:,.0f}: -3:3, -3:3:0.5 or "
    "-2,0,1.5",
    _steps,
)
ATTRIBUTE = Parsed(
    "NAME[=SCALE]",
    f"an attribute and its factor of at most {LARGEST_STEP:,.0f}: Smiling, or Smiling=0.5",
    _attribute,
)
ATTRIBUTE_STEPS = Parsed(
    "NAME=N:N[:STEP]",
    f"an attribute and at most {MOST_STEPS} steps, each at most {LARGEST_STEP:,.0f}: Smiling=-2:2",
    _attribute_steps,
)
FACE_CHOICE = Parsed("largest|all|N", "a face: largest, all, or 1 for the largest, 2, …", _face)
SEED = Parsed("SEED", f"a seed: an integer from 0 to {LAST_SEED}", _seed)
PHOTO_OR_SEED = Parsed("IMG|SEED", "a file or a seed", _photo_or_seed)
