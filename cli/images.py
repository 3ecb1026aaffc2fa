"""A data set at the size that a model takes: what commands that train or encode share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .progress import progress_bar

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.inference.registry import SavedModel
    from keras_vae.training.run_directory import RunConfig


def load_for_model(
    model: SavedModel,
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
    return _prepared(
        data,
        model.image_shape,
        data_dir=data_dir,
        cache_dir=cache_dir,
        seed=(model.metadata.get("data") or {}).get("seed") or 0,
        limit=limit,
    )


def seen_by(model: SavedModel, dataset: ImageDataset, seed: int = 0) -> ImageDataset:
    """Show a data set to a model as its training did: binarised, if that was.

    Args:
        model: What shall encode the images.
        dataset: Images of its size, as they are.
        seed: Of a "dynamic" binarisation.
    """
    return dataset.binarized(binarization_of(model), seed)


def binarization_of(model: SavedModel) -> str:
    """How a model's training images were binarised; "none" where the model does not tell."""
    return (model.metadata.get("preset") or {}).get("binarization", "none")


def note_of_binarization(model: SavedModel) -> str:
    """Say it where the images are named; nothing of grey ones."""
    how = binarization_of(model)
    return "" if how == "none" else f", binarised as in training ({how})"


def load_for_run(
    config: RunConfig, data_dir: Path | None, cache_dir: Path | None, native: bool = False
) -> ImageDataset:
    """Open a run's data at its preset's size, prepared under a progress bar.

    Args:
        config: What is, or was, trained.
        data_dir: See `load_dataset`; None: where the run was started with.
        cache_dir: See `load_dataset`.
        native: Whether a dense network takes the data's own size instead.
    """
    native = native and config.preset.network.any_size
    return _prepared(
        config.dataset,
        None if native else config.preset.image_shape,
        data_dir=data_dir or config.data_dir,
        cache_dir=cache_dir,
        seed=config.seed,
        limit=config.limit,
    )


def _prepared(data: str, shape: tuple[int, int, int] | None, **options: Any) -> ImageDataset:
    """Open a data set under a progress bar, at a size or at its own."""
    from keras_vae.datasets import load_dataset

    size, channels = (shape[:2], shape[2]) if shape else (None, None)
    with progress_bar("Preparing") as progress:
        return load_dataset(data, image_size=size, channels=channels, progress=progress, **options)
