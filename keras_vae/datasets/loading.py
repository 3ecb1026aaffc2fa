"""`load_dataset`: from a name to images ready for training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .dataset import ImageDataset
from .prepared import Prepared, Recipe, open_or_prepare
from .registry import DATASETS, find_dataset
from .source import Progress
from .splits import SPLITS, assign_splits, limit_training


def load_dataset(
    name: str | Path,
    *,
    data_dir: str | Path | None = None,
    image_size: tuple[int, int] | None = None,
    channels: int | None = None,
    cache_dir: str | Path | None = None,
    seed: int = 0,
    limit: int | None = None,
    progress: Progress | None = None,
) -> ImageDataset:
    """Open a data set; the first time, prepare it.

    Preparing means decoding, cropping and scaling each image once, into a cache that later calls
    memory-map. The seed and the limit choose among prepared images; they prepare nothing anew.

    Args:
        name: One of `DATASETS`, or the path of an .npz file or a folder of images.
        data_dir: Where the files of a known set lie as they are distributed: their folder, a folder
            with one of the set's name, or the .npz, .zip or .mat file itself. Without it the set
            comes from TensorFlow Datasets; digits come with scikit-learn.
        image_size: Height and width; None for the native ones.
        channels: 1 for grey or 3 for RGB; None for the native number, or RGB for a folder.
        cache_dir: Of prepared sets; None for $KVAE_CACHE or ~/.cache/keras_vae.
        seed: Of a split that has to be drawn, and of the limit's choice.
        limit: The most training images to use, chosen at random; the other splits stay whole.
        progress: Called with the images prepared and their total, if any have to be.

    Returns:
        The images with their official split, or with a drawn one if there is none.

    Raises:
        FileNotFoundError: If `data_dir` does not exist or lacks the files.
        ValueError: If nothing has this name, or the images cannot be prepared.
        DownloadError: If TensorFlow Datasets fails to give the set.
    """
    found_name, origin = find_dataset(str(name), data_dir)
    recipe = Recipe(
        found_name,
        origin,
        image_size=_checked_size(image_size) or origin.image_size,
        channels=_checked_channels(channels) or origin.channels,
    )
    prepared = open_or_prepare(recipe, cache_dir, progress)
    partition, rule = assign_splits(prepared.known.get("partition"), len(prepared.images), seed)
    if limit is not None:
        partition = limit_training(partition, limit, seed)
    dataset = ImageDataset(
        name=found_name,
        images=prepared.images,
        partition=partition,
        attributes=prepared.known.get("attributes"),
        attribute_names=tuple(prepared.about["attribute_names"]),
        labels=prepared.known.get("labels"),
    )
    split = {"split": rule, "seed": seed, "limit": limit}
    dataset.provenance.update(_provenance(prepared, origin.dataset), **split)
    dataset.provenance["counts"] = {split: dataset.count(split) for split in SPLITS}
    return dataset


def _checked_size(size: tuple[int, int] | None) -> tuple[int, int] | None:
    if size is None:
        return None
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"`image_size` must be a height and a width above 0. Received: {size}.")
    return int(size[0]), int(size[1])


def _checked_channels(channels: int | None) -> int | None:
    if channels not in (None, 1, 3):
        raise ValueError(f"`channels` must be 1 or 3. Received: {channels}.")
    return channels


def _provenance(prepared: Prepared, dataset: str | None) -> dict[str, Any]:
    """Say which known set the images are, if any, and where they came from: JSON-ready values."""
    about = prepared.about
    known = DATASETS.get(dataset or "")
    return {
        "name": about["name"],
        "dataset": dataset,
        "title": known.title if known else about["name"],
        "source": about["source"],
        "location": about["location"],
        "prepared": str(prepared.folder),
        "image_shape": about["image_shape"],
        "images": about["images"],
        "missing": about["missing"],
        "unlisted": about["unlisted"],
        "corrupt": about["corrupt"],
        "seconds": about["seconds"],
        "licence": known.licence if known else "not known: it is that of the images",
        "homepage": known.homepage if known else None,
    }
