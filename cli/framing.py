"""Which part of a photo a command looks at: an aligned face, or the middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import Command
from .quiet import load_tensorflow
from .types import Parsed

if TYPE_CHECKING:
    import numpy as np

    from keras_vae.faces.crops import Portrait
    from keras_vae.inference.model import Model


class FaceChoice(Parsed):
    """Which of a photo's faces: "largest", "all", or a number from 1."""

    name = "largest|all|N"

    def parse(self, text: str) -> str | int:
        """Parse the choice."""
        if text.casefold() in ("largest", "all"):
            return text.casefold()
        if not text.isdecimal() or int(text) < 1:
            self.fail(f"{text!r} is no face; write largest, all, or 1 for the largest, 2, …")
        return int(text)


@dataclass(frozen=True)
class Sitter:
    """A portrait and what to call it.

    Attributes:
        name: The photo's file name; of several faces each has its number.
        portrait: The portrait.
    """

    name: str
    portrait: Portrait

    @property
    def pixels(self) -> np.ndarray:
        """What the network sees, uint8 [H, W, C]."""
        return self.portrait.pixels


@dataclass(frozen=True)
class Framing:
    """How photos become a model's images.

    Attributes:
        align: Whether faces are looked for, where the model was trained on aligned ones.
        face: "largest", "all", or a number from 1.
    """

    align: bool
    face: str | int

    def read(self, paths: Sequence[Path], model: Model) -> list[Sitter]:
        """Read photos; each gives one portrait, or with --face all one for each face.

        Raises:
            ValueError: If a file is no image, or there is no such face in it.
            click.UsageError: If a face is chosen where none is looked for.
        """
        return [sitter for path in paths for sitter in self._read(path, model)]

    def read_one(self, path: Path, model: Model) -> Sitter:
        """Read the one portrait of a photo.

        Raises:
            ValueError: If there is none, or several were asked for.
        """
        sitters = self._read(path, model)
        if len(sitters) > 1:
            raise ValueError(f"{path}: one face is taken, not {len(sitters)}. Use --face N.")
        return sitters[0]

    def _looks_for_faces(self, model: Model) -> bool:
        looks = self.align and model.of_aligned_faces
        if not looks and self.face != "largest":
            raise click.UsageError(
                f"--face {self.face} needs faces to be looked for: they are for a model of faces, "
                "without --no-align."
            )
        return looks

    def _read(self, path: Path, model: Model) -> list[Sitter]:
        portraits = self._portraits(path, model)
        if len(portraits) == 1:
            return [Sitter(path.name, portraits[0])]
        return [
            Sitter(f"{path.name}, face {number}", portrait)
            for number, portrait in enumerate(portraits, start=1)
        ]

    def _portraits(self, path: Path, model: Model) -> Sequence[Portrait]:
        from keras_vae.faces.crops import Portrait, find_portraits
        from keras_vae.files.photos import open_photo

        photo, shape = open_photo(path), model.image_shape
        if not self._looks_for_faces(model):
            return [Portrait.centre(photo, shape)]
        try:
            return find_portraits(photo, shape, face=self.face, before_search=load_tensorflow)
        except ValueError as error:
            raise ValueError(
                f"{path}: {error} With --no-align its middle is taken as it is."
            ) from error


face_option = click.option(
    "--face",
    type=FaceChoice(),
    metavar=FaceChoice.name,
    default="largest",
    show_default=True,
    help="Which of a photo's faces; 2 is the second largest.",
)

align_option = click.option(
    "--no-align",
    "align",
    flag_value=False,
    default=True,
    help="Take the middle of a photo; do not look for faces.",
)


def framing_options(command: Command) -> Command:
    """Add --face and --no-align; they reach the command as `framing`."""

    @wraps(command)
    def wrapper(*args: Any, face: str | int, align: bool, **options: Any) -> Any:
        return command(*args, framing=Framing(align, face), **options)

    return face_option(align_option(wrapper))
