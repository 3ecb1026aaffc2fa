"""The numbers behind a picture: the options `--csv FILE` and `--json FILE`, and what fills them."""

from __future__ import annotations

import csv as csv_format
import io
import json as json_format
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from .options import Command, json_option
from .standard_output import FILE, write_text

Row = Mapping[str, Any]  # a column's name → a text, a number, or an array of numbers


def numbers_options(command: Command) -> Command:
    """Add --csv and --json; the command receives `csv_file` and `json_file`, paths or None."""
    csv_file = click.option(
        "--csv",
        "csv_file",
        metavar="FILE",
        type=FILE,
        help="CSV of the numbers behind it; - is standard output.",
    )
    return csv_file(json_option("JSON of the numbers behind it")(command))


def write_numbers(
    rows: Sequence[Row], *, csv: Path | None, json: Path | None, overwrite: bool
) -> None:
    """Write rows to the files that were asked for, and say where they are; "-" is standard output.

    Args:
        rows: The same keys in each. NumPy's types are welcome; float32 is written in as few digits
            as give it back.
        csv: File for a table; an array `z` becomes the columns z_0, z_1, …
        json: File for a list of objects; an array stays one list.
        overwrite: Whether files that are there may be replaced.

    Raises:
        FileExistsError: If one of them exists and `overwrite` is False.
    """
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    for path, text_of in ((csv, _csv), (json, _json)):
        if path is not None:
            write_text(text_of(plain), path, overwrite)


def _json(rows: list[dict[str, Any]]) -> str:
    lines = ",\n".join(json_format.dumps(row, ensure_ascii=False) for row in rows)
    return f"[\n{lines}\n]\n"


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    flat = [_flat(row) for row in rows]
    table = csv_format.DictWriter(text, list(flat[0]) if flat else [], lineterminator="\n")
    table.writeheader()
    table.writerows(flat)
    return text.getvalue()


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Spread each list over numbered columns."""
    cells: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, list):
            cells |= {f"{name}_{number}": entry for number, entry in enumerate(value)}
        else:
            cells[name] = value
    return cells


def _plain(value: Any) -> Any:
    """Turn NumPy's scalars and arrays, and paths, into what JSON and CSV can hold."""
    if hasattr(value, "tolist"):  # a float32 goes by its text: 0.1, not 0.10000000149011612
        is_float32 = str(value.dtype) == "float32"
        value = value.astype(str).astype(float).tolist() if is_float32 else value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value
