"""Files that a command writes: a picture, the numbers in it, an animation."""

from __future__ import annotations

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
        csv: CSV of the numbers; - is standard output.
        json: JSON of the numbers; - is standard output.
        gif: File of an animation, forward and back again.
        overwrite: Overwrite existing files.
    """

    picture: Path | None = None
    csv: Path | None = None
    json: Path | None = None
    gif: Path | None = None
    overwrite: bool = False

    @property
    def folder(self) -> Path | None:
        """The folder that `picture` is: one that exists, or a path without a suffix."""
        is_folder = self.picture is not None and (self.picture.is_dir() or not self.picture.suffix)
        return self.picture if is_folder else None

    def check_folder(self) -> None:
        """Refuse a folder that holds files; to be called before long work.

        Raises:
            FileExistsError: If it holds files and `overwrite` is False.
        """
        from keras_vae.files.folder import check_empty

        check_empty(self.folder, overwrite=self.overwrite)
        self._check_free([])

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
        from keras_vae.files.pictures import check_picture

        pictures = [self.picture] if pictures is None else pictures
        for picture in filter(None, (self.picture, *pictures)):
            check_picture(picture)
        self._check_free([*pictures, *others])

    def _check_free(self, others: Sequence[Path | None]) -> None:
        """Refuse the files of numbers and of the animation, and others, if they exist."""
        from keras_vae.files.atomic import check_free
        from keras_vae.plotting import check_gif

        if self.gif is not None:
            check_gif(self.gif)
        files = [*filter(None, (*others, self.csv, self.json, self.gif))]
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
        for file, text_of in ((self.csv, _csv), (self.json, _json_lines)):
            if file is not None:
                self.write_text(text_of(rows), file)

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


def picture_option(
    default: str | None, text: str | None = None, *, kind: click.Path = FILE
) -> Decorator:
    """Make the option --out for a picture; of the type PATH also for a folder of images."""
    return option("--out picture", kind, default, help=text)


def json_option(what: str | None = None) -> Decorator:
    """Make the option --json; `what` is the file's content, by default the numbers."""
    return option("--json json", FILE_OR_STDOUT, help=what and f"{what}; - is standard output.")


NUMBERS = (option("--csv csv", FILE_OR_STDOUT), json_option())
GIF = option("--gif", FILE)
OVERWRITE = option("--overwrite", is_flag=True)


def output_options(*options: Decorator) -> Decorator:
    """Add options of files, and --overwrite; they reach the command as `outputs`.

    Args:
        options: Options with the names of the attributes of `Outputs`.
    """
    return collected(Outputs, "outputs", "Output", *options, OVERWRITE)


def _json_lines(rows: Sequence[Row]) -> str:
    from keras_vae.files.tables import plain

    texts = (json.dumps(dict(row), default=plain, ensure_ascii=False) for row in rows)
    return "[\n{}\n]\n".format(",\n".join(texts))


def _csv(rows: Sequence[Row]) -> str:
    from keras_vae.files.tables import csv_text

    return csv_text(rows)
