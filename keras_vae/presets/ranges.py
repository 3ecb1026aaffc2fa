"""Ranges of numbers, choices of texts: annotations of fields and of arguments, `epochs: Count`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache, wraps
from inspect import signature
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Range:
    """The numbers from a lowest one on, below another; integers, if the lowest is one.

    Attributes:
        low: The lowest.
        excluded: Whether `low` itself is outside.
        below: The numbers are less; never infinite.

    Example:
        >>> Range(0.0, below=1.0).fault(1.0)
        'must be at least 0 and below 1'
    """

    low: float
    excluded: bool = False
    below: float = math.inf

    def fault(self, value: Any) -> str | None:
        """What is wrong with a value; None: nothing."""
        kind, name = (Integral, "an integer") if isinstance(self.low, int) else (Real, "a number")
        if not isinstance(value, kind) or isinstance(value, bool):
            return f"must be {name}"
        low = value > self.low if self.excluded else value >= self.low
        if low and value < self.below:
            return None
        lowest = f"{'more than' if self.excluded else 'at least'} {self.low:g}"
        if self.below < math.inf:
            return f"must be {lowest} and below {self.below:.15g}"
        return f"must be {lowest}" + (" and finite" if kind is Real else "")


class Filled:
    """The tuples that are not empty.

    Example:
        >>> Filled().fault(())
        'must have at least one value'
    """

    def fault(self, value: Any) -> str | None:
        """What is wrong with a tuple; None: nothing."""
        return None if value else "must have at least one value"


@dataclass(frozen=True)
class OneOf:
    """The texts that are one of a few.

    Attributes:
        names: These texts.

    Example:
        >>> OneOf(("none", "batch")).fault("layer")
        'must be one of none, batch'
    """

    names: tuple[str, ...]

    def fault(self, value: Any) -> str | None:
        """What is wrong with a value; None: nothing."""
        known = isinstance(value, str) and value in self.names
        return None if known else f"must be one of {', '.join(self.names)}"


WORDS = {bool: "true or false", str: "a text"}  # types of values without a range
P, R = ParamSpec("P"), TypeVar("R")

Count = Annotated[int, Range(1)]
Whole = Annotated[int, Range(0)]
Seed = Annotated[int, Range(0, below=2**32)]  # of NumPy, TensorFlow and scikit-learn
Positive = Annotated[float, Range(0.0, excluded=True)]
NotNegative = Annotated[float, Range(0.0)]
Share = Annotated[float, Range(0.0, below=1.0)]
Counts = Annotated[tuple[Count, ...], Filled()]


def out_of_range(values: Any) -> Iterator[tuple[str, str]]:
    """Yield the name of each field of a data class that is out of its range, and what is wrong."""
    for name, hint in _hints(type(values)).items():
        for fault, value in _faults(hint, getattr(values, name)):
            yield name, f"{fault}. Received: {value!r}."


def check_range(name: str, value: Any, hint: Any) -> None:
    """Refuse a value that is out of its range.

    Args:
        name: Of the argument, for the error.
        value: The value.
        hint: Its annotation, such as `Count` or `tuple[Count, Count] | None`.

    Raises:
        ValueError: If it is.

    Example:
        >>> check_range("image_size", (32, 0), tuple[Count, Count])
        Traceback (most recent call last):
        ValueError: `image_size` must be at least 1. Received: 0.
    """
    for fault, found in _faults(hint, value):
        raise ValueError(f"`{name}` {fault}. Received: {found!r}.")


def in_range(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function, such as `__init__`, that refuses arguments out of their ranges.

    Raises:
        ValueError: When it is called, if an argument is.

    Example:
        >>> @in_range
        ... def train(epochs: Count) -> None: ...
        >>> train(0)
        Traceback (most recent call last):
        ValueError: `epochs` must be at least 1. Received: 0.
    """
    arguments = signature(function)

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        hints = get_type_hints(function, include_extras=True)
        for name, value in arguments.bind(*args, **kwargs).arguments.items():
            check_range(name, value, hints.get(name))
        return function(*args, **kwargs)

    checked.__signature__ = arguments  # Keras looks at it, and not behind the decorator
    return checked


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def _faults(hint: Any, value: Any) -> Iterator[tuple[str, Any]]:
    """Faults of a value of `Count`, `Count | None`, `Counts` or `tuple[Count, ...]`, and whose."""
    parts = get_args(hint)
    if value is None and NoneType in parts:
        return
    if not parts:
        if hint in WORDS and not isinstance(value, hint):
            yield f"must be {WORDS[hint]}", value
        return
    if get_origin(hint) is Annotated and (fault := parts[1].fault(value)):
        yield fault, value
    elif get_origin(hint) in (Annotated, Union, UnionType):
        yield from _faults(parts[0], value)
    elif get_origin(hint) is not tuple:
        return
    elif not isinstance(value, list | tuple):
        yield "must be a list", value
    elif parts[-1] is not ... and len(parts) != len(value):
        yield f"must be a list of {len(parts)}", value
    else:
        for each in value:
            yield from _faults(parts[0], each)
