"""Commands whose options lie under headings, and whose errors name options."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from functools import partial, wraps
from typing import Any

import click

Function = Callable[..., Any]
Decorator = Callable[[Function], Function]

# `argument`, `argument=value`, or a bare argument=True, as the library's errors name them.
ARGUMENT = re.compile(r"`(\w+)(?:=([^`]*))?`|\b(\w+)=(True|False)\b")


def option(
    flags: str, text: str, kind: Any = None, default: Any = None, **settings: Any
) -> Decorator:
    """Make an option.

    Args:
        flags: Its spellings, as "-n --count" or "--probes/--no-probes"; then the name of the
            command's parameter, if that is another one.
        text: Its help.
        kind: A type of click, or a list of choices.
        default: Its default; a flag without one is False, a flag for yes or no is None.
        settings: Further arguments of `click.option`.
    """
    if isinstance(kind, list):
        kind = click.Choice(kind)
    if default is not None or "/" in flags:
        settings["default"] = default
    return click.option(*flags.split(), help=text, type=kind, **{"show_default": True, **settings})


def section(heading: str, *options: Decorator) -> Decorator:
    """Put options under a heading of `--help`.

    Args:
        heading: The heading, unless an option has one; sections of one heading become one.
        options: Results of `click.option`.
    """

    def decorate(function: Function) -> Function:
        before = len(getattr(function, "__click_params__", []))
        for option in reversed(options):
            function = option(function)
        for parameter in function.__click_params__[before:]:
            parameter.heading = getattr(parameter, "heading", heading)
        return function

    return decorate


def collected(kind: type, name: str, heading: str, *options: Decorator) -> Decorator:
    """Add options under a heading; the command receives their values as one object.

    Args:
        kind: A dataclass; values of options and arguments with its fields' names go into it.
        name: Name of the command's parameter that receives the object.
        heading: See `section`.
        options: See `section`.
    """
    names = {field.name for field in fields(kind)}

    def decorate(function: Function) -> Function:
        @wraps(function)
        def wrapper(*args: Any, **values: Any) -> Any:
            collection = kind(**{each: values.pop(each) for each in names & values.keys()})
            return function(*args, **{name: collection}, **values)

        return section(heading, *options)(wrapper)

    return decorate


class Command(click.Command):
    """A command with headings in its help and the names of its options in its errors."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings, all in the same columns."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if isinstance(parameter, click.Option) and record:
                sections.setdefault(getattr(parameter, "heading", "Options"), []).append(record)
        width = min(30, max(len(name) for records in sections.values() for name, _ in records))
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), text) for name, text in records])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error's message names options where the library names arguments."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            match error.args:
                case [str(message)]:
                    error.args = (named_options(message, self),)
            if isinstance(error, click.ClickException):
                error.message = named_options(error.message, self)
            raise


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


command = partial(click.command, cls=Command)


def named_options(message: str, command: click.Command) -> str:
    """Write the arguments that a message names as a command's options.

    "`early_stop` must be …" becomes "`--early-stop` must be …", "Use overwrite=True" becomes
    "Use --overwrite", and "`samples=0`" becomes "`--no-samples`". What is no option stays.

    Args:
        message: An error's message.
        command: The command that failed.
    """
    options = {option.name: option for option in command.params if isinstance(option, click.Option)}

    def replace(found: re.Match[str]) -> str:
        quoted, value, bare, flag = found.groups()
        name = quoted or bare
        if name not in options:
            return found[0]
        typed = _typed(options, name, value or flag)
        return f"`{typed}`" if quoted else typed

    return ARGUMENT.sub(replace, message)


def _typed(options: dict[str, click.Option], name: str, value: str | None) -> str:
    option = options[name]
    if value in ("0", "None", "False") and f"no_{name}" in options:
        return options[f"no_{name}"].opts[0]
    if option.is_flag and value is not None:
        typed = option.opts if value == str(option.flag_value) else option.secondary_opts
        return (typed or option.opts)[0]
    return " ".join([option.opts[-1], *([value] if value else [])])
