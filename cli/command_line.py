"""The command line as it was typed: written again, and refused where an option has no effect."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from .types import IMAGE_SIZE


def refuse(names: Collection[str], because: str) -> None:
    """Refuse options that would have no effect, or that must not be changed.

    Args:
        names: Names of the running command's parameters; others are ignored.
        because: The reason: a clause that follows the option's name.

    Raises:
        click.UsageError: If one of them was typed.
    """
    ctx = click.get_current_context()
    for option in _typed_options(ctx):
        if option.name in names:
            raise click.UsageError(f"{_spelling(option, ctx.params[option.name])} {because}")


def typed(ctx: click.Context, name: str) -> bool:
    """Return whether a parameter was given on the command line."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def typed_words(ctx: click.Context, names: Collection[str]) -> list[str]:
    """Return the words of those options among `names` that were typed."""
    return [
        word
        for option in _typed_options(ctx)
        if option.name in names
        for word in _words(option, ctx.params[option.name])
    ]


def command_line(
    ctx: click.Context,
    arguments: Sequence[str],
    leave_out: Collection[str] = (),
    chosen: Mapping[str, Any] = {},
) -> str:
    """Return the command line for a model card, without the folders of this machine.

    Args:
        ctx: Context of a command, with or without the option `data_dir`.
        arguments: The command's arguments, as the card shows them.
        leave_out: Names of options that do not affect the result.
        chosen: By option name, the values that the command chose itself and might choose
            differently on another machine.
    """
    words = ["kvae", ctx.command.name, *arguments]
    for option in ctx.command.params:
        if isinstance(option, click.Argument) or option.name in leave_out:
            continue
        if option.name in chosen or typed(ctx, option.name):
            value = chosen.get(option.name, ctx.params[option.name])
            words += _words(option, _portable(option, value))
    return shlex.join(words)


def _typed_options(ctx: click.Context) -> Iterator[click.Option]:
    for option in ctx.command.params:
        if isinstance(option, click.Option) and typed(ctx, option.name):
            yield option


def _portable(option: click.Option, value: Any) -> Any:
    """Return a value that has a meaning on another machine."""
    if option.name == "data_dir":
        return "DATA"
    return value.name if isinstance(value, Path) else value


def _words(option: click.Option, value: Any) -> list[str]:
    """Return an option and its value as they are typed."""
    name = _spelling(option, value)
    if option.is_flag:
        return [name]
    separator = "x" if option.type is IMAGE_SIZE else ","
    return [name, separator.join(map(str, value)) if isinstance(value, tuple) else str(value)]


def _spelling(option: click.Option, value: Any) -> str:
    """Return an option's name, for a flag that is off its other name."""
    off = option.secondary_opts if option.is_flag and not value else []
    return (off or option.opts)[0]
