"""`kvae reconstruct`: images and their reconstructions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_vae.files.naming import printable

from .command import command
from .layout import Layout, upscale_option
from .model_choice import SERVER, ModelChoice, model_options
from .outputs import Outputs, echo, output_options, picture_option
from .sources import ALIGNMENT, Sources, photos_argument, row_labels, source_options
from .types import EXISTING_PATH, PATH
from .whole_set import write_pictures

if TYPE_CHECKING:
    from keras_vae.files.jobs import Batch
    from keras_vae.inference.model import Model

EPILOG = """\b
Examples:
  kvae reconstruct face.jpg --out reconstruction.png
  kvae reconstruct photos/ --out reconstructions/
"""


@command(epilog=EPILOG)
@source_options(photos_argument("IMG|FOLDER...", required=True, kind=EXISTING_PATH), *ALIGNMENT)
@model_options(*SERVER)
@upscale_option
@output_options(
    picture_option(
        "reconstruction.png",
        "File of the picture; or a folder, for a PNG file of each reconstruction with the image's "
        "name.",
        kind=PATH,
    )
)
def reconstruct(sources: Sources, choice: ModelChoice, layout: Layout, outputs: Outputs) -> None:
    """Encode and decode images; write each original beside its reconstruction.

    For a model of faces, the face in each image is detected and aligned to CelebA's layout; for
    other models, the middle of the image is cropped. For each image the mean squared error per
    pixel is printed, with pixels in [0, 1]; for a folder of reconstructions their mean. Images that
    cannot be used are left out and listed.
    """
    if outputs.folder:
        outputs.check_folder()
    else:
        outputs.check()
        sources.check_rows("Use --out FOLDER for more.")
    model = choice.open(len(sources.files))
    choice.start(model)
    if outputs.folder:
        _write_files(sources, model, layout, outputs)
    else:
        _write_picture(sources, model, layout, outputs)


def _write_picture(sources: Sources, model: Model, layout: Layout, outputs: Outputs) -> None:
    import numpy as np

    from keras_vae.inference import batches

    photos = sources.read_all(model)
    originals = np.stack([photo.pixels for photo in photos])
    found = batches.reconstruct({"image": originals}, model)
    rows = np.stack([originals, found["image"]], axis=1)
    picture = layout.strip(rows, ["original", "reconstruction"], row_labels(photos))
    for photo, error in zip(photos, found["mse"], strict=True):
        echo(f"{printable(photo.name)}: MSE {error:.4f}")
    outputs.write_picture(picture)


def _write_files(sources: Sources, model: Model, layout: Layout, outputs: Outputs) -> None:
    import numpy as np

    from keras_vae.inference import batches

    errors = []

    def compute(batch: Batch) -> Batch:
        found = batches.reconstruct(batch, model)
        errors.extend(found["mse"])
        return {**found, "image": layout.upscaled(found["image"])}

    photos, read = sources.photo_files, sources.reader(model)
    write_pictures(outputs, "Reconstructing", photos, read, compute=compute)
    echo(f"mean MSE {np.mean(errors):.4f}")
