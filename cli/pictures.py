"""Photos in, pictures out: what generate, reconstruct and morph share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from keras_vae.attributes import Attributes
    from keras_vae.runtime import ServedModel


def read_photos(paths: Sequence[Path], model: ServedModel) -> np.ndarray:
    """Read images of any size and mode as the model's pixels, uint8 [B, H, W, C]."""
    import numpy as np

    from keras_vae.photos import open_photo, prepare

    height, width, channels = model.image_shape
    photos = [prepare(open_photo(path), (height, width), channels) for path in paths]
    return np.stack(photos)


def directions_of(model: ServedModel, file: Path | None) -> Attributes:
    """Take a model's own attribute directions, or those of a file."""
    from keras_vae.attributes import Attributes

    if file is None:
        if not model.attribute_names:
            raise ValueError(
                f"Model {model.name!r} has no attributes. `kvae attributes fit` fits some to "
                "labelled images; pass its file with --directions."
            )
        return model.attributes
    attributes = Attributes.load(file)
    if attributes.directions.shape[1] != model.latent_dim:
        raise ValueError(
            f"{file} was fitted to another model: its directions have "
            f"{attributes.directions.shape[1]} dimensions, {model.name!r} has {model.latent_dim}."
        )
    return attributes


def write_picture(picture: Image, out: Path, overwrite: bool) -> None:
    """Write a picture and say where it is."""
    from keras_vae.plotting import save

    click.echo(save(picture, out, overwrite=overwrite))


def row_labels(paths: Sequence[Path]) -> list[str] | None:
    """Name the rows of a strip; a single row needs no name."""
    return [path.name for path in paths] if len(paths) > 1 else None
