"""`load_dataset`: from a name to images ready for training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..choices import RESAMPLINGS
from ..files.limits import MAX_PIXELS, check_pixels
from ..files.naming import plain_name
from ..files.progress import Progress
from .dataset import ImageDataset
from .decoding import usual_size
from .photo_map import PhotoMap
from .prepared import open_or_prepare
from .registry import DATASETS, find_dataset
from .source import Origin, Source
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
    max_pixels: int = MAX_PIXELS,
    photo_map: PhotoMap | None = None,
    resampling: str = "bilinear",
) -> ImageDataset:
    """Open a data set; the first time, prepare it.

    Preparing means decoding, cropping and scaling each image once, into a cache that later calls
    memory-map. The seed and the limit choose among prepared images; they prepare nothing anew.

    Args:
        name: One of `DATASETS`, "tfds:NAME" for another set of TensorFlow Datasets, or the path of
            a folder or a zip of images, or of a file of arrays (.npz, .npy) or pixels (.csv).
        data_dir: The files of a known set as they are distributed: their folder, a folder with one
            of the set's name, or the .npz, .zip or .mat file itself. None: the set comes from
            TensorFlow Datasets; digits come with scikit-learn.
        image_size: Height and width; None for the native ones.
        channels: 1 for grayscale or 3 for RGB; None for the native number, or RGB for a folder.
        cache_dir: Of prepared sets; None for $KVAE_CACHE or ~/.cache/keras_vae.
        seed: Of a random split, and of the limit's choice.
        limit: The most training images to use, chosen at random; the other splits stay complete.
        progress: Called with the images prepared and their total, if any have to be.
        max_pixels: Most pixels of an image before it is scaled; larger ones are left out.
        photo_map: Changes each photo first, such as the alignment of faces.
        resampling: How images are scaled: "bilinear", or "bicubic", which keeps more detail.

    Returns:
        The images with their official split, or with a random one if there is none.

    Raises:
        FileNotFoundError: If `data_dir` does not exist or lacks the files.
        ValueError: If no set or path has this name, an argument is invalid, or the images cannot be
            prepared.
        DownloadError: If TensorFlow Datasets cannot provide the set.

    Example:
        >>> digits = load_dataset("digits", image_size=(16, 16))
        >>> digits.image_shape
        (16, 16, 1)
    """
    found_name, origin = find_dataset(str(name), data_dir)
    origin = photo_map(origin) if photo_map else origin
    origin = _resized(origin, image_size, channels, resampling)
    dataset = open_or_prepare(
        found_name, origin, cache_dir=cache_dir, progress=progress, max_pixels=max_pixels
    )
    partition, rule = assign_splits(dataset.partition, seed)
    if limit is not None:
        partition = limit_training(partition, limit, seed)
    names = dataset.label_names or _label_names(origin)
    dataset = replace(dataset, partition=partition, label_names=names)
    dataset.provenance.update(_known_facts(origin.dataset, found_name))
    dataset.provenance.update(split=rule, seed=seed, limit=limit)
    dataset.provenance["counts"] = {split: dataset.count(split) for split in SPLITS}
    return dataset


def open_source(
    name: str | Path, data_dir: str | Path | None = None, max_pixels: int = MAX_PIXELS
) -> Source:
    """Open the images of a data set as they are, one after another; nothing is prepared.

    Images that are not of 8 bits are converted as in a prepared set, which is logged.

    Args:
        name: See `load_dataset`, as for the other argument.
        data_dir: See there.
        max_pixels: Most pixels of an image; larger ones are not converted.

    Raises:
        FileNotFoundError: See there, as for the other errors.
        ValueError: See there.
        DownloadError: See there.
    """
    _, origin = find_dataset(str(name), data_dir)
    from .decoding import in_bytes

    source = in_bytes(origin.read(), str(name), max_pixels)
    return replace(source, label_names=source.label_names or _label_names(origin))


def _label_names(origin: Origin) -> tuple[str, ...]:
    known = DATASETS.get(origin.dataset)
    return known.label_names if known else ()


def known_name(name: str | Path) -> str:
    """Return the name of the known set that a name or a path means; other paths are unchanged.

    Raises:
        ValueError: If no set or path has this name.
    """
    if plain_name(str(name)) in DATASETS:
        return plain_name(str(name))
    _, origin = find_dataset(str(name))
    return origin.dataset or str(name)


def image_count(path: str | Path) -> int:
    """Return how many images a data set's files have; none of them is decoded.

    Args:
        path: See `load_dataset`.

    Returns:
        The number; files that turn out to be damaged count, too.

    Raises:
        ValueError: See `load_dataset`.
    """
    _, origin = find_dataset(str(path))
    if origin.trees:
        return sum(len(tree.images) for tree in origin.trees)
    return origin.read().count


def native_shape(
    name: str | Path, data_dir: str | Path | None = None, max_pixels: int = MAX_PIXELS
) -> tuple[int, int, int]:
    """Return height, width and channels that the images of a data set have.

    Args:
        name: See `load_dataset`.
        data_dir: See `load_dataset`.
        max_pixels: See `load_dataset`.

    Returns:
        The shape that nine tenths of the images have; of images of several sizes, that of a square
        that fits into three quarters of them. Images from all over the set are looked at.

    Raises:
        ValueError: See `load_dataset`.
    """
    _, origin = find_dataset(str(name), data_dir)
    size = origin.image_size or usual_size(origin.read(), max_pixels)
    return *size, origin.channels


def _resized(
    origin: Origin, size: tuple[int, int] | None, channels: int | None, resampling: str
) -> Origin:
    """Give an origin's images another size and number of channels, as far as they are given."""
    if resampling not in RESAMPLINGS:
        known = " or ".join(RESAMPLINGS)
        raise ValueError(f"`resampling` must be {known}. Received: {resampling!r}.")
    if channels not in (None, 1, 3):
        raise ValueError(f"`channels` must be 1 or 3. Received: {channels}.")
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"`image_size` must be a height and a width above 0. Received: {size}.")
    if size is not None:
        try:
            check_pixels(size[1], size[0])
        except ValueError as error:
            raise ValueError(f"`image_size` is too large: {error}.") from error
    size = origin.image_size if size is None else tuple(map(int, size))
    channels = channels or origin.channels
    return replace(origin, image_size=size, channels=channels, resampling=resampling)


def _known_facts(dataset: str | None, name: str) -> dict[str, Any]:
    """Describe a known set, or somebody's own images of this name, as JSON-ready values."""
    known = DATASETS.get(dataset)
    return {
        "dataset": dataset,
        "title": known.title if known else name,
        "licence": known.licence if known else "not known: it is that of the images",
        "homepage": known.homepage if known else None,
    }
