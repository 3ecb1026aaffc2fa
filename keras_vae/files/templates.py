"""Jinja2 templates of text files."""

from __future__ import annotations

from collections.abc import Callable

import jinja2


def templates(package: str, **filters: Callable[..., str]) -> jinja2.Environment:
    """Open the folder `templates` of a package.

    An undefined name is an error. A line that holds only a tag leaves no empty line.

    Args:
        package: Name of the package.
        **filters: Further filters by name.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= filters
    return environment
