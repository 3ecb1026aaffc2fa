"""A data set at the size that a model takes: what commands that encode one share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .progress import progress_bar

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.runtime import ServedModel


def load_for_model(
    model: ServedModel,
    data: str,
    *,
    data_dir: Path | None = None,
    cache_dir: Path | None = None,
    limit: int | None = None,
) -> ImageDataset:
    """Open a data set with images of a model's size, prepared under a progress bar.

    Where the split has to be drawn, it is the one that the model was trained with.

    Args:
        model: What shall encode the images.
        data: A name of `kvae data list`, or the path of an .npz file or a folder.
        data_dir: See `load_dataset`.
        cache_dir: See `load_dataset`.
        limit: The most training images.
    """
    from keras_vae.datasets import load_dataset

    height, width, channels = model.image_shape
    with progress_bar("Preparing") as progress:
        return load_dataset(
            data,
            data_dir=data_dir,
            cache_dir=cache_dir,
            image_size=(height, width),
            channels=channels,
            seed=(model.metadata.get("data") or {}).get("seed") or 0,
            limit=limit,
            progress=progress,
        )
