"""Parameter types: what becomes of the texts that are typed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

MOST_STEPS = 100
LAST_SEED = 2**62

# Spelt out, since `--help` shall import nothing: keras_vae.datasets.binarization.BINARIZATIONS.
BINARIZATION = click.Choice(["none", "static", "dynamic", "threshold"])


class Parsed(click.ParamType):
    """A type that a text is parsed as; what is no text, such as a default, stays as it is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the value, unless it is no text."""
        return self.parse(value) if isinstance(value, str) else value

    def parse(self, text: str) -> Any:
        """Parse a text.

        Raises:
            click.BadParameter: If it makes no sense; `fail` does that.
        """
        raise NotImplementedError


class ImageSize(Parsed):
    """An image size: "64", or height×width as "64x48"; gives (height, width)."""

    name = "SIZE"

    def parse(self, text: str) -> tuple[int, int]:
        """Parse the size."""
        sides = text.lower().replace("×", "x").split("x")
        if len(sides) > 2 or not all(side.isdecimal() and int(side) > 0 for side in sides):
            self.fail(f"{text!r} is no image size; write 64, or 64x48 (height x width).")
        return int(sides[0]), int(sides[-1])


class IntegerList(Parsed):
    """Positive integers separated by commas, as "512,256,128"; gives a tuple."""

    name = "N,N,…"

    def parse(self, text: str) -> tuple[int, ...]:
        """Parse the list."""
        parts = [part.strip() for part in text.split(",")]
        if not all(part.isdecimal() and int(part) > 0 for part in parts):
            self.fail(f"{text!r} is no list of positive integers; write for instance 512,256.")
        return tuple(int(part) for part in parts)


class Steps(Parsed):
    """Values of n: "-3:3", "-3:3:0.5" or "-2,0,1.5"; gives a tuple."""

    name = "N:N[:STEP]|N,N,…"

    def parse(self, text: str) -> tuple[float, ...]:
        """Parse the steps."""
        try:
            numbers = [float(part) for part in text.replace(",", ":").split(":")]
        except ValueError:
            numbers = []
        ranged = ":" in text
        if (
            not numbers
            or not all(map(math.isfinite, numbers))
            or (ranged and ("," in text or len(numbers) > 3))
        ):
            self.fail(f"{text!r} are no steps; write -3:3, -3:3:0.5 or -2,0,1.5.")
        if ranged:
            numbers = self._range(*numbers)
        if len(numbers) > MOST_STEPS:
            self.fail(f"{text!r} are more than {MOST_STEPS} steps.")
        return tuple(numbers)

    def _range(self, start: float, stop: float, step: float | None = None) -> list[float]:
        step = math.copysign(1.0, stop - start) if step is None else step
        if step == 0 or (stop - start) / step < 0:
            self.fail(f"steps of {step:g} do not lead from {start:g} to {stop:g}.")
        count = math.floor(min((stop - start) / step, MOST_STEPS) + 1e-9) + 1
        return [round(start + number * step, 9) for number in range(count)]


class Attribute(Parsed):
    """An attribute and its factor, "Smiling" or "Young=-0.5"; gives (name, factor)."""

    name = "NAME[=SCALE]"

    def parse(self, text: str) -> tuple[str, float]:
        """Parse name and factor."""
        name, equals, scale = text.partition("=")
        try:
            factor = float(scale) if equals else 1.0
        except ValueError:
            factor = math.nan
        if not name or not math.isfinite(factor):
            self.fail(f"{text!r} is no attribute; write Smiling, or Smiling=0.5.")
        return name, factor


class AttributeSteps(Parsed):
    """An attribute and its steps, "Smiling=-2:2"; gives (name, steps)."""

    name = "NAME=N:N[:STEP]"

    def parse(self, text: str) -> tuple[str, tuple[float, ...]]:
        """Parse name and steps."""
        name, equals, steps = text.partition("=")
        if not (name and equals):
            self.fail(f"{text!r} is no attribute with steps; write Smiling=-2:2.")
        return name, Steps().parse(steps)


class Dimensions(Parsed):
    """Dimensions of z, "0,5,7"; gives a tuple, which is empty for "auto"."""

    name = "auto|K,K,…"

    def parse(self, text: str) -> tuple[int, ...]:
        """Parse the list."""
        parts = [] if text == "auto" else [part.strip() for part in text.split(",")]
        if not all(part.isdecimal() for part in parts):
            self.fail(f"{text!r} are no dimensions; write auto, or for instance 0,5,7.")
        return tuple(int(part) for part in parts)


class PhotoOrSeed(Parsed):
    """An image file, or failing that the seed of a generated image; gives a path or an integer."""

    name = "IMG|SEED"

    def parse(self, text: str) -> Path | int:
        """Look for the file first, so that one called 7 can be named."""
        if Path(text).is_file():
            return Path(text)
        if not text.isdecimal() or int(text) > LAST_SEED:
            self.fail(f"{text!r} is neither a file nor a seed.")
        return int(text)


class Names(Parsed):
    """Names separated by commas, as "Male,Young"; gives a tuple."""

    name = "NAME,NAME,…"

    def parse(self, text: str) -> tuple[str, ...]:
        """Parse the list."""
        return tuple(name.strip() for name in text.split(",") if name.strip())
