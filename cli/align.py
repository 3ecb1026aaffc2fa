"""`kvae align`: a photo's face, cut out as CelebA has them."""

from __future__ import annotations

from pathlib import Path

import click

from .framing import face_option
from .options import out_option, overwrite_option
from .outputs import check_files
from .pictures import write_picture
from .quiet import load_tensorflow


@click.command(epilog="Example: kvae align party.jpg --face all --out faces.png")
@click.argument(
    "image", metavar="IMG", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@face_option
@out_option("aligned.png", "Picture to write; of several faces NAME_1, NAME_2, …")
@overwrite_option
def align(image: Path, face: str | int, out: Path, overwrite: bool) -> None:
    """Find faces in a photo; write each as an aligned crop of 178×218, as those of CelebA.

    The commands that take photos do the same by themselves; here it can be looked at. It also says
    how many pixels lie between the eyes of each, and how sure the detector is.
    """
    from keras_vae.faces.alignment import find_faces
    from keras_vae.faces.crops import choose_faces
    from keras_vae.files.photos import open_photo

    # Of all faces, the search tells which files are written: now it is the suffix that counts.
    check_files([out], overwrite=overwrite or face == "all")
    photo = open_photo(image)
    load_tensorflow()
    try:
        faces = choose_faces(find_faces(photo), face)
    except ValueError as error:
        raise ValueError(f"{image}: {error}") from error
    files = _file_names(out, len(faces))
    check_files(files, overwrite=overwrite)
    for one, file in zip(faces, files, strict=True):
        click.echo(f"{one.size:.0f} pixels between the eyes, confidence {one.confidence:.3f}")
        write_picture(one.crop(photo), file, overwrite)


def _file_names(out: Path, count: int) -> list[Path]:
    if count == 1:
        return [out]
    return [out.with_name(f"{out.stem}_{number}{out.suffix}") for number in range(1, count + 1)]
