"""Standard output: what is told there, and that it can be a file, as in `--json -`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

STDOUT = Path("-")
FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)  # or standard output


def tell(line: object) -> None:
    """Print a line; where the command's numbers go to standard output, they have it alone."""
    context = click.get_current_context(silent=True)
    taken = context is not None and STDOUT in context.params.values()
    click.echo(line, err=taken)


def write_json(values: Any, file: Path, overwrite: bool) -> None:
    """Write values as JSON; see `write_text`."""
    write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", file, overwrite)


def write_text(text: str, file: Path, overwrite: bool) -> None:
    """Write a text to a file and say where it is, or to standard output.

    Raises:
        FileExistsError: If the file exists and `overwrite` is False.
    """
    from keras_vae.files import atomic as files

    if file == STDOUT:
        click.echo(text, nl=False)
        return
    tell(files.write_text(file, text, overwrite=overwrite))
