"""`kvae align`: the faces of photos, aligned to CelebA's layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .command import command
from .outputs import Outputs, echo, extended, output_options, picture_option
from .pixel_limit import PIXEL_LIMIT
from .sources import FACE
from .types import EXISTING_PATH, PATH
from .whole_set import numbered, photos_of, write_pictures

if TYPE_CHECKING:
    from PIL.Image import Image

    from keras_vae.datasets.source import Payload
    from keras_vae.faces.alignment import Face
    from keras_vae.files.jobs import Row

EPILOG = """\b
Examples:
  kvae align party.jpg --face all --out faces.png
  kvae align photos/ --out aligned/
"""


@command(epilog=EPILOG)
@click.argument("images", metavar="IMG|FOLDER...", nargs=-1, required=True, type=EXISTING_PATH)
@FACE
@PIXEL_LIMIT
@output_options(
    picture_option(
        "aligned.png",
        "File of the picture, for several faces NAME_1, NAME_2, …; or a folder, for a PNG file of "
        "each face with the photo's name.",
        kind=PATH,
    )
)
def align(images: tuple[Path, ...], face: str | int, max_pixels: int, outputs: Outputs) -> None:
    """Detect faces in photos; write each as a crop of 178×218, aligned to CelebA's layout.

    The commands that take photos align them too; this command shows the result. For a single photo
    it also prints the distance between the eyes in pixels, and the detector's confidence. A folder
    of aligned faces can be trained on: kvae train FOLDER.

    Args:
        images: Files of photos, or folders of them.
        face: Which of a photo's faces are written; 2 is the second largest.
        max_pixels: Most pixels of a photo; larger ones are refused.
        outputs: The files to write.
    """
    if outputs.folder:
        outputs.check_folder()

        def read(name: str, payload: Payload) -> list[Row]:
            crops = [crop for _, crop in _faces(payload, face, max_pixels)]
            return [{"name": each, "image": crop} for each, crop in numbered(name, crops)]

        write_pictures(outputs, "Aligning", photos_of(images, max_pixels), read)
        return
    if len(images) > 1 or images[0].is_dir():
        raise click.UsageError("Several photos need --out FOLDER.")
    _align_one(images[0], face, max_pixels, outputs)


def _align_one(image: Path, face: str | int, max_pixels: int, outputs: Outputs) -> None:
    from keras_vae.files.jobs import LeftOut

    # With --face all the names of the files depend on the number of faces, but not the suffix.
    outputs.check([] if face == "all" else None)
    try:
        faces = _faces(image, face, max_pixels)
    except ValueError as error:
        raise ValueError(str(LeftOut(str(image), str(error)))) from error
    files = _file_names(outputs.picture, len(faces))
    outputs.check(files)
    for (one, crop), file in zip(faces, files, strict=True):
        echo(f"{one.size:.0f} pixels between the eyes, confidence {one.confidence:.3f}")
        outputs.write_picture(crop, file)


def _faces(payload: Payload, face: str | int, max_pixels: int) -> Sequence[tuple[Face, Image]]:
    """Detect the faces of a photo, and crop them."""
    from keras_vae.datasets.decoding import open_payload
    from keras_vae.faces.alignment import detect_faces
    from keras_vae.faces.crops import select_faces

    photo = open_payload(payload, max_pixels)
    return [(one, one.crop(photo)) for one in select_faces(detect_faces(photo), face)]


def _file_names(out: Path, count: int) -> list[Path]:
    if count == 1:
        return [out]
    return [extended(out, str(number)) for number in range(1, count + 1)]
