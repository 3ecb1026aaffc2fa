"""What was typed: told again to whom it concerns, refused where it has no meaning."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource


def typed(ctx: click.Context, name: str) -> bool:
    """Whether a parameter was given on the command line."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def refuse(names: Collection[str], because: str) -> None:
    """Refuse options that would change nothing, or what may not be changed.

    Args:
        names: Of the running command's parameters; others are passed over.
        because: The reason, a clause that goes on after the option's name.

    Raises:
        click.UsageError: If one of them was typed.
    """
    ctx = click.get_current_context()
    for option in _typed_options(ctx):
        if option.name in names:
            raise click.UsageError(f"{_spelt(option, ctx.params[option.name])} {because}")


def typed_again(ctx: click.Context, names: Collection[str]) -> list[str]:
    """The words of options that were typed, those among `names`, for the same machine."""
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
    """What was typed, for the model card; paths of this machine are left to the reader.

    Args:
        ctx: Of a command, perhaps with the option `data_dir`.
        arguments: Its arguments, as they shall be told.
        leave_out: Names of options that do not matter to the result.
        chosen: Values by the names of options: what the command chose where it was free to, and
            might choose otherwise elsewhere.
    """
    words = ["kvae", ctx.command.name, *arguments]
    for option in ctx.command.params:
        if isinstance(option, click.Argument) or option.name in leave_out:
            continue
        if option.name in chosen or typed(ctx, option.name):
            value = chosen.get(option.name, ctx.params[option.name])
            words += _words(option, _for_others(option, value))
    return shlex.join(words)


def _typed_options(ctx: click.Context) -> Iterator[click.Option]:
    for option in ctx.command.params:
        if isinstance(option, click.Option) and typed(ctx, option.name):
            yield option


def _for_others(option: click.Option, value: Any) -> Any:
    """A value as it means something on another machine."""
    if option.name == "data_dir":
        return "DATA"
    return value.name if isinstance(value, Path) else value


def _words(option: click.Option, value: Any) -> list[str]:
    """An option as it is typed."""
    name = _spelt(option, value)
    if option.is_flag:
        return [name]
    if option.name == "image_size":
        return [name, "x".join(map(str, value))]
    return [name, ",".join(map(str, value)) if isinstance(value, tuple) else str(value)]


def _spelt(option: click.Option, value: Any) -> str:
    """An option's name; some flags have another for no."""
    no = option.secondary_opts if option.is_flag and not value else []
    return (no or option.opts)[0]
