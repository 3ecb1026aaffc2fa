"""What a command writes: pictures, the numbers behind them, an animation; refused in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .numbers import Row, numbers_options, write_numbers
from .options import Command, out_option, overwrite_option
from .pictures import write_picture
from .standard_output import STDOUT, tell

if TYPE_CHECKING:
    from PIL.Image import Image


def check_files(
    pictures: Iterable[Path | None] = (), others: Iterable[Path | None] = (), *, overwrite: bool
) -> None:
    """Refuse files that cannot all be written: worth asking before long work.

    Args:
        pictures: Pictures; None is none.
        others: Files of other kinds, or standard output.
        overwrite: Whether files that are there may be replaced.

    Raises:
        ValueError: If a picture does not end like one.
        click.UsageError: If two files are the same.
        FileExistsError: If one exists and `overwrite` is False.
    """
    from keras_vae.files.atomic import check_free
    from keras_vae.files.pictures import check_picture

    pictures, others = ([file for file in files if file] for files in (pictures, others))
    for picture in pictures:
        check_picture(picture)
    paths = [file.resolve() for file in (*pictures, *others)]
    for file, path in zip((*pictures, *others), paths, strict=True):
        if paths.count(path) > 1:
            raise click.UsageError(f"Two of the files to write would be one: {file}.")
        if file != STDOUT:
            check_free(file, overwrite=overwrite)


@dataclass(frozen=True)
class Outputs:
    """The files that a command was asked for.

    Attributes:
        picture: File of the picture.
        csv: File of the numbers as a table, or None.
        json: File of the numbers as JSON, or None.
        gif: File of the animation, or None.
        overwrite: Whether files that are there may be replaced.
    """

    picture: Path
    csv: Path | None
    json: Path | None
    gif: Path | None
    overwrite: bool

    def check(self, pictures: Sequence[Path] = ()) -> None:
        """Refuse files that cannot all be written; to be called before any work.

        Args:
            pictures: What is written in place of the one picture.

        Raises:
            ValueError: If a picture or the animation does not end like one.
            click.UsageError: If two files are the same.
            FileExistsError: If one exists and may not be replaced.
        """
        from keras_vae.files.pictures import check_picture
        from keras_vae.plotting import check_gif

        check_picture(self.picture)  # as it was typed; all that is written ends like it
        if self.gif is not None:
            check_gif(self.gif)
        others = (self.csv, self.json, self.gif)
        check_files(pictures or [self.picture], others, overwrite=self.overwrite)

    def write(self, picture: Image, rows: Sequence[Row]) -> None:
        """Write the picture, and its numbers where they were asked for."""
        write_picture(picture, self.picture, self.overwrite)
        self.write_numbers(rows)

    def write_numbers(self, rows: Sequence[Row]) -> None:
        """Write the numbers where they were asked for."""
        write_numbers(rows, csv=self.csv, json=self.json, overwrite=self.overwrite)

    def write_gif(self, frames: Sequence[Image]) -> None:
        """Write frames as a loop, there and back again."""
        from keras_vae.plotting import save_gif, there_and_back

        tell(save_gif(there_and_back(frames), self.gif, overwrite=self.overwrite))


def output_options(default: str) -> Callable[[Command], Command]:
    """Add --out, --csv, --json and --overwrite; with --gif they reach the command as `outputs`.

    Args:
        default: The picture's file.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def wrapper(
            *args: Any,
            out: Path,
            csv_file: Path | None,
            json_file: Path | None,
            overwrite: bool,
            gif: Path | None = None,
            **options: Any,
        ) -> Any:
            outputs = Outputs(out, csv_file, json_file, gif, overwrite)
            return command(*args, outputs=outputs, **options)

        return out_option(default)(numbers_options(overwrite_option(wrapper)))

    return decorate
