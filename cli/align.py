"""`kvae align`: a photo's faces, aligned to CelebA's layout."""

from __future__ import annotations

from pathlib import Path

import click

from .command import command
from .outputs import Outputs, output_options, picture_option
from .sources import FACE
from .types import EXISTING_FILE


@command(epilog="Example: kvae align party.jpg --face all --out faces.png")
@click.argument("image", metavar="IMG", type=EXISTING_FILE)
@FACE
@output_options(
    picture_option("aligned.png", "File of the picture; for several faces NAME_1, NAME_2, …")
)
def align(image: Path, face: str | int, outputs: Outputs) -> None:
    """Detect faces in a photo; write each as a crop of 178×218, aligned to CelebA's layout.

    The commands that take photos align them too; this command shows the result. For each face it
    also prints the distance between the eyes in pixels, and the detector's confidence.

    Args:
        image: File of the photo.
        face: Which of the photo's faces are written; 2 is the second largest.
        outputs: The files to write.
    """
    from keras_vae.faces.alignment import detect_faces
    from keras_vae.faces.crops import select_faces
    from keras_vae.files.photos import open_photo

    # With --face all the names of the files depend on the number of faces, but not the suffix.
    outputs.check([] if face == "all" else None)
    photo = open_photo(image)
    try:
        faces = select_faces(detect_faces(photo), face)
    except ValueError as error:
        raise ValueError(f"{image}: {error}") from error
    files = _file_names(outputs.picture, len(faces))
    outputs.check(files)
    for one, file in zip(faces, files, strict=True):
        click.echo(f"{one.size:.0f} pixels between the eyes, confidence {one.confidence:.3f}")
        outputs.write_picture(one.crop(photo), file)


def _file_names(out: Path, count: int) -> list[Path]:
    if count == 1:
        return [out]
    return [out.with_name(f"{out.stem}_{number}{out.suffix}") for number in range(1, count + 1)]
