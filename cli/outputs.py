"""What a picture command writes: its picture, the numbers behind it, an animation."""

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

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Outputs:
    """The files that a command was asked for; making it refuses those that are taken.

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

    def __post_init__(self) -> None:
        from keras_vae.plotting import check_gif

        if self.gif is not None:
            check_gif(self.gif)
        asked = (self.picture, self.csv, self.json, self.gif)
        self.check(file for file in asked if file is not None)

    def check(self, files: Iterable[Path]) -> None:
        """Refuse files that are taken."""
        from keras_vae.files import check_free

        for file in files:
            check_free(file, overwrite=self.overwrite)

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

        click.echo(save_gif(there_and_back(frames), self.gif, overwrite=self.overwrite))


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
