"""Files that a command writes: a picture, the numbers in it, an animation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from keras_vae.files.atomic import OutputGroup, write_text
from keras_vae.files.naming import printable
from keras_vae.files.output import Output, is_stdout

from .command import Decorator, Function, collected, option
from .types import FILE

if TYPE_CHECKING:
    from PIL.Image import Image

Row = Mapping[str, Any]  # column name → text, number, or array of numbers


def echo(line: object) -> None:
    """Print a line: on stderr where a result goes to standard output, which then holds only it."""
    context = click.get_current_context(silent=True)
    values = context.params.values() if context else ()
    click.echo(line, err=any(isinstance(value, Path) and is_stdout(value) for value in values))


@dataclass(frozen=True)
class Outputs:
    """The files that a command is to write; they appear together when the command ends, or not.

    Attributes:
        picture: File of the picture; - is standard output, as for every file.
        csv: CSV of the numbers; - is standard output.
        json: JSON of the numbers; - is standard output.
        gif: File of an animation, forward and back again.
        overwrite: Overwrite existing files.
        group: The files that are written so far.
    """

    picture: Path | None = None
    csv: Path | None = None
    json: Path | None = None
    gif: Path | None = None
    overwrite: bool = False
    group: OutputGroup = field(default_factory=OutputGroup, init=False, repr=False, compare=False)
    _written: list[Path] = field(default_factory=list, init=False, repr=False, compare=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the files appear, and print their paths; or none of them after an error."""
        self.group.__exit__(kind, error, trace)
        if kind is None:
            for file in self._written:
                echo(printable(file))

    @property
    def folder(self) -> Path | None:
        """The folder that `picture` is: one that exists, or a path without a suffix."""
        if self.picture is None or Output(self.picture).is_stream:
            return None
        return self.picture if self.picture.is_dir() or not self.picture.suffix else None

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

    def check_size(self, size: tuple[int, int]) -> None:
        """Refuse a picture that its format does not take; see `pictures.check_size`."""
        from keras_vae.files.pictures import check_picture, check_size

        check_size(self.picture, check_picture(self.picture), size)

    def check_columns(self, columns: Sequence[str], arrays: Sequence[str] = ()) -> None:
        """Refuse numbers of which two have one name; see `tables.check_columns`.

        Raises:
            ValueError: If there are such, and numbers are asked for.
        """
        from keras_vae.files.tables import check_columns

        if self.csv or self.json:
            check_columns(columns, arrays)

    def _check_free(self, others: Sequence[Path | None]) -> None:
        """Refuse the files of numbers and of the animation, and others, if they exist."""
        from keras_vae.plotting import check_gif

        if self.gif is not None:
            check_gif(self.gif)
        files = [*filter(None, (*others, self.csv, self.json, self.gif))]
        outputs = [Output(file, overwrite=self.overwrite) for file in files]
        keys = [output.key for output in outputs]
        for output in outputs:
            if keys.count(output.key) > 1:
                raise click.UsageError(f"Two of the files to write are the same: {output.path}.")
            output.check()

    def write(self, picture: Image, rows: Sequence[Row]) -> None:
        """Write the picture, and its numbers to the files that were asked for."""
        self.write_picture(picture)
        self.write_numbers(rows)

    def write_picture(self, picture: Image, file: Path | None = None) -> None:
        """Write a picture, by default to `picture`."""
        from keras_vae.files.pictures import save

        file = file or self.picture
        self.add(save(picture, file, overwrite=self.overwrite, group=self.group))

    def write_gif(self, frames: Sequence[Image]) -> None:
        """Write frames as a loop, forward and back again."""
        from keras_vae.plotting import save_gif, there_and_back

        loop = there_and_back(frames)
        self.add(save_gif(loop, self.gif, overwrite=self.overwrite, group=self.group))

    def write_numbers(self, rows: Sequence[Row]) -> None:
        """Write rows to the files that were asked for.

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
        """Write values to the JSON file."""
        self.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", self.json)

    def write_text(self, text: str, file: Path) -> None:
        """Write a text to a file.

        Raises:
            FileExistsError: If the file exists and `overwrite` is False.
        """
        self.add(write_text(file, text, overwrite=self.overwrite, group=self.group))

    def add(self, file: Path) -> None:
        """Print a file's path when it has appeared; that of standard output is not printed."""
        if not is_stdout(file):
            self._written.append(file)


def extended(out: Path, *parts: str) -> Path:
    """Append parts to the name of a file, where one option names several files.

    Raises:
        click.UsageError: If the option names a stream.
    """
    if not parts:
        return out
    if Output(out).is_stream:
        raise click.UsageError(f"Several pictures cannot be written to one stream: {out}.")
    return out.with_name("_".join([out.stem, *parts]) + out.suffix)


def picture_option(
    default: str | None, text: str | None = None, *, kind: click.Path = FILE
) -> Decorator:
    """Make the option --out for a picture; of the type PATH also for a folder of images."""
    return option("--out picture", kind, default, help=text)


def json_option(what: str | None = None) -> Decorator:
    """Make the option --json; `what` is the file's content, by default the numbers."""
    return option("--json json", FILE, help=what and f"{what}; - is standard output.")


NUMBERS = (option("--csv csv", FILE), json_option())
GIF = option("--gif", FILE)
OVERWRITE = option("--overwrite", is_flag=True)


def output_options(*options: Decorator) -> Decorator:
    """Add options of files, and --overwrite; they reach the command as `outputs`.

    Args:
        options: Options with the names of the attributes of `Outputs`.
    """
    collect = collected(Outputs, "outputs", "Output", *options, OVERWRITE)

    def decorate(function: Function) -> Function:
        @wraps(function)
        def together(*args: Any, outputs: Outputs, **values: Any) -> Any:
            with outputs:
                return function(*args, outputs=outputs, **values)

        return collect(together)

    return decorate


def _json_lines(rows: Sequence[Row]) -> str:
    from keras_vae.files.tables import plain

    texts = (json.dumps(dict(row), default=plain, ensure_ascii=False) for row in rows)
    return "[\n{}\n]\n".format(",\n".join(texts))


def _csv(rows: Sequence[Row]) -> str:
    from keras_vae.files.tables import csv_text

    return csv_text(rows)
