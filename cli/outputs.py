"""Files that a command writes: a picture, the numbers in it, an animation."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command import Decorator, collected, option
from .types import FILE, FILE_OR_STDOUT

if TYPE_CHECKING:
    from PIL.Image import Image

STDOUT = Path("-")
Row = Mapping[str, Any]  # column name → text, number, or array of numbers


def echo(line: object) -> None:
    """Print a line: on stderr where numbers go to standard output, which then holds only them."""
    context = click.get_current_context(silent=True)
    taken = context is not None and STDOUT in context.params.values()
    click.echo(line, err=taken)


@dataclass(frozen=True)
class Outputs:
    """The files that a command is to write.

    Attributes:
        picture: File of the picture.
        csv: File of the numbers as a table, or standard output.
        json: File of the numbers as JSON, or standard output.
        gif: File of the animation.
        overwrite: Whether existing files are overwritten.
    """

    picture: Path | None = None
    csv: Path | None = None
    json: Path | None = None
    gif: Path | None = None
    overwrite: bool = False

    def check(self, pictures: Sequence[Path] | None = None, others: Iterable[Path] = ()) -> None:
        """Refuse files that cannot all be written; to be called before long work.

        Args:
            pictures: The pictures that are written instead of the one picture.
            others: Further files.

        Raises:
            ValueError: If the suffix of a picture or of the animation is not supported.
            click.UsageError: If two files are the same.
            FileExistsError: If a file exists and `overwrite` is False.
        """
        from keras_vae.files.atomic import check_free
        from keras_vae.files.pictures import check_picture
        from keras_vae.plotting import check_gif

        pictures = [self.picture] if pictures is None else pictures
        for picture in filter(None, (self.picture, *pictures)):
            check_picture(picture)
        if self.gif is not None:
            check_gif(self.gif)
        files = [*filter(None, (*pictures, *others, self.csv, self.json, self.gif))]
        paths = [file.resolve() for file in files]
        for file, path in zip(files, paths, strict=True):
            if paths.count(path) > 1:
                raise click.UsageError(f"Two of the files to write are the same: {file}.")
            if file != STDOUT:
                check_free(file, overwrite=self.overwrite)

    def write(self, picture: Image, rows: Sequence[Row]) -> None:
        """Write the picture, and its numbers to the files that were asked for."""
        self.write_picture(picture)
        self.write_numbers(rows)

    def write_picture(self, picture: Image, file: Path | None = None) -> None:
        """Write a picture, by default to `picture`, and print its path."""
        from keras_vae.files.pictures import save

        echo(save(picture, file or self.picture, overwrite=self.overwrite))

    def write_gif(self, frames: Sequence[Image]) -> None:
        """Write frames as a loop, forward and back again."""
        from keras_vae.plotting import save_gif, there_and_back

        echo(save_gif(there_and_back(frames), self.gif, overwrite=self.overwrite))

    def write_numbers(self, rows: Sequence[Row]) -> None:
        """Write rows to the files that were asked for; "-" is standard output.

        Args:
            rows: Mappings with the same keys. In the CSV an array `z` becomes the columns z_0, z_1,
                …; in the JSON it is a list. float32 is written with as few digits as give it back.

        Raises:
            FileExistsError: If a file exists and `overwrite` is False.
        """
        plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
        for file, text_of in ((self.csv, _csv), (self.json, _json_lines)):
            if file is not None:
                self.write_text(text_of(plain), file)

    def write_json(self, values: Any) -> None:
        """Write values to the JSON file or to standard output."""
        self.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", self.json)

    def write_text(self, text: str, file: Path) -> None:
        """Write a text to a file and print its path, or write it to standard output.

        Raises:
            FileExistsError: If the file exists and `overwrite` is False.
        """
        from keras_vae.files import atomic

        if file == STDOUT:
            click.echo(text, nl=False)
        else:
            echo(atomic.write_text(file, text, overwrite=self.overwrite))


def picture_option(default: str | None, what: str = "File of the picture.") -> Decorator:
    """Make the option --out for a picture."""
    return option("--out picture", what, FILE, default)


def json_option(what: str) -> Decorator:
    """Make the option --json; `what` is the file's content."""
    return option("--json json", f"{what}; - is standard output.", FILE_OR_STDOUT)


CSV = option("--csv csv", "CSV of the numbers; - is standard output.", FILE_OR_STDOUT)
NUMBERS = (CSV, json_option("JSON of the numbers"))
GIF = option("--gif", "File of an animation, forward and back again.", FILE)
overwrite_option = option("--overwrite", "Overwrite existing files.", is_flag=True)


def output_options(*options: Decorator) -> Decorator:
    """Add options of files, and --overwrite; they reach the command as `outputs`.

    Args:
        options: Options with the names of the attributes of `Outputs`.
    """
    return collected(Outputs, "outputs", "Output", *options, overwrite_option)


def _json_lines(rows: list[dict[str, Any]]) -> str:
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f"[\n{lines}\n]\n"


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    flat = [_flat(row) for row in rows]
    table = csv.DictWriter(text, list(flat[0]) if flat else [], lineterminator="\n")
    table.writeheader()
    table.writerows(flat)
    return text.getvalue()


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Spread each list over numbered columns."""
    cells: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, list):
            cells |= {f"{name}_{index}": entry for index, entry in enumerate(value)}
        else:
            cells[name] = value
    return cells


def _plain(value: Any) -> Any:
    """Turn NumPy's scalars and arrays, and paths, into what JSON and CSV can hold."""
    if hasattr(value, "tolist"):  # a float32 is written as its text: 0.1, not 0.10000000149011612
        is_float32 = str(value.dtype) == "float32"
        value = value.astype(str).astype(float).tolist() if is_float32 else value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value
