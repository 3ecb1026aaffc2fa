"""Commands: their help comes from docstrings, and their errors name options."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from functools import partial, wraps
from itertools import filterfalse
from pathlib import Path
from typing import Any

import click

from keras_vae.files.naming import printable

from .types import TEXT, Integer, Number

Function = Callable[..., Any]
Decorator = Callable[[Function], Function]

# An entry of "Args:" or "Attributes:" in a docstring, with the lines that continue it.
ENTRY = re.compile(r"^    (\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)
METAVARS = {Integer: "N", Number: "X"}
# `argument`, `argument=value`, or a bare argument=True, as the library's errors name them.
ARGUMENT = re.compile(r"`(\w+)(?:=([^`]*))?`|\b(\w+)=(True|False)\b")


def described(docstring: str | None) -> tuple[str, dict[str, str]]:
    """Split a docstring into its text and the descriptions of arguments or attributes."""
    text, *entries = re.split(r"\n(?:Args|Attributes):\n", inspect.cleandoc(docstring or ""))
    return text, {name: " ".join(line.split()) for name, line in ENTRY.findall("".join(entries))}


def option(flags: str, kind: Any = None, default: Any = None, **settings: Any) -> Decorator:
    """Make an option.

    Its help is its description in the docstring of the command, or of the class that collects it.

    Args:
        flags: Its spellings, as "-n --count" or "--probes/--no-probes"; then the name of the
            command's parameter, if that is another one.
        kind: A type of click, or a list of choices; a text without one.
        default: Its default; a flag without one is False, a flag for yes or no is None.
        settings: Further arguments of `click.option`.
    """
    if isinstance(kind, list):
        kind = click.Choice(kind)
    elif kind is None and "/" not in flags and not settings.get("is_flag"):
        kind = TEXT
    if default is not None or "/" in flags:
        settings["default"] = default
    settings = {"show_default": True, "metavar": METAVARS.get(type(kind)), **settings}
    return click.option(*flags.split(), type=kind, **settings)


def section(heading: str, *options: Decorator, texts: Mapping[str, str] = {}) -> Decorator:
    """Put options under a heading of `--help`.

    Args:
        heading: The heading, unless an option has one; sections of one heading become one.
        options: Results of `option`.
        texts: Descriptions of options without `help`, by name.
    """

    def decorate(function: Function) -> Function:
        before = len(getattr(function, "__click_params__", []))
        for each in reversed(options):
            function = each(function)
        for parameter in function.__click_params__[before:]:
            parameter.heading = getattr(parameter, "heading", heading)
            parameter.help = parameter.help or texts.get(parameter.name)
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

        return section(heading, *options, texts=described(kind.__doc__)[1])(wrapper)

    return decorate


class Command(click.Command):
    """A command with headings in its help and the names of its options in its errors."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.help, texts = described(self.help)
        for parameter in self.params:
            parameter.help = texts.get(parameter.name) or parameter.help

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings, all in the same columns."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Option):
                records = sections.setdefault(getattr(parameter, "heading", "Options"), [])
                records.append(parameter.get_help_record(ctx))
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
                    error.args = (in_terms_of(message, ctx),)
            if isinstance(error, click.ClickException):
                error.message = in_terms_of(error.message, ctx)
            raise


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


class ListGroup(Group):
    """A group that runs its command `list` if no command is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments."""
        return super().parse_args(ctx, args or ["list"])


command = partial(click.command, cls=Command)


def in_terms_of(message: str, ctx: click.Context) -> str:
    """Write a message with the command's options, and with typed names as one line prints them.

    A line break in a name would end the message, of which the first line is printed.
    """
    for part in filterfalse(str.isprintable, _typed_parts(ctx.params.values())):
        message = message.replace(part, printable(part))
    return named_options(message, ctx.command)


def _typed_parts(values: Iterable[Any]) -> Iterator[str]:
    """Yield the parts of paths, and all texts, among the values of parameters."""
    for value in values:
        if isinstance(value, str | Path):
            yield from Path(value).parts
        elif isinstance(value, tuple):
            yield from _typed_parts(value)


def named_options(message: str, command: click.Command) -> str:
    """Write the arguments that a message names as a command's options.

    "`early_stop` must be …" becomes "`--early-stop` must be …", "Use overwrite=True" becomes
    "Use --overwrite", and "`samples=0`" becomes "`--no-samples`". Other words are unchanged.

    Args:
        message: An error, or a note.
        command: The command.
    """
    options = {each.name: each for each in command.params if isinstance(each, click.Option)}

    def replace(found: re.Match[str]) -> str:
        quoted, value, bare, flag = found.groups()
        name = quoted or bare
        if name not in options:
            return found[0]
        typed = _typed(options, name, value or flag)
        return f"`{typed}`" if quoted else typed

    return ARGUMENT.sub(replace, message)


def _typed(options: Mapping[str, click.Option], name: str, value: str | None) -> str:
    """Return an argument as it is typed."""
    each = options[name]
    if value in ("0", "None", "False") and f"no_{name}" in options:
        return options[f"no_{name}"].opts[0]
    if each.is_flag and value is not None:
        return ((each.opts if value == str(each.flag_value) else each.secondary_opts) or each.opts)[
            0
        ]
    return " ".join([each.opts[-1], *([value] if value else [])])
