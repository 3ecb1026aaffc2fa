"""`ImageDataset`: images, their split, and what is known about them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..files.naming import plural
from .binarization import binarize
from .source import label_name
from .splits import LEFT_OUT, SPLITS, counted

READ = 1000  # images that are read at a time


@dataclass(frozen=True, eq=False, repr=False)
class ImageDataset:
    """A data set, ready to be read in any order.

    Attributes:
        name: The name that it was loaded by, or the stem of its path.
        images: uint8 [N, H, W, C], memory-mapped: reading a row reads the disk.
        partition: int8 [N]: 0 train, 1 validation, 2 test; −1 for what a `limit` leaves out.
        attributes: int8 [N, A] of +1 and −1, or None.
        attribute_names: A names.
        labels: int64 [N], or None.
        label_names: Name of each label, where they have names.
        names: Name of each image, str [N], as NumPy's texts or as objects: its path in the set,
            where it is a file; None if the names are not known.
        provenance: JSON-ready: `dataset`, the known set that the images are, or None; source,
            licence, counts, `account` (what was taken and what was left out), the split.

    Raises:
        ValueError: If an array has another type or shape, or not one row for each image.

    Example:
        >>> digits = load_dataset("digits")
        >>> digits.images.shape, digits.count("train")
        ((1797, 8, 8, 1), 1439)
    """

    name: str
    images: np.ndarray
    partition: np.ndarray
    attributes: np.ndarray | None = None
    attribute_names: tuple[str, ...] = ()
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    names: np.ndarray | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The pixels are not read: they may be many gigabytes on a disk.
        _check("images", self.images, np.uint8, (None,) * 4, "a uint8 array [N, H, W, C]")
        count = len(self.images)
        each = f"one for each of the {count:,} images"
        splits = f"an array [N] of 0 (train), 1 (validation), 2 (test) or −1 (left out), {each}"
        numbers = (LEFT_OUT, *SPLITS.values())
        _check("partition", self.partition, np.integer, (count,), splits, numbers)
        if self.labels is not None:
            _check("labels", self.labels, np.integer, (count,), f"an array [N] of integers, {each}")
        if self.names is not None:
            kind = np.object_ if _are_objects_of_str(self.names) else np.str_
            _check("names", self.names, kind, (count,), f"an array [N] of str, {each}")
        if self.attributes is not None:
            signs = f"an array [N, A] of the integers +1 and −1, a row{each.removeprefix('one')}"
            _check("attributes", self.attributes, np.integer, (count, None), signs, (1, -1))
        columns = 0 if self.attributes is None else self.attributes.shape[1]
        if len(self.attribute_names) != columns:
            raise ValueError(
                f"`attribute_names` must be {columns} names, one for each attribute. "
                f"Received: {len(self.attribute_names)}."
            )

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.image_shape))
        images = f"{plural(len(self.images), 'image')} {shape}, {counted(self.counts)}"
        return f"<ImageDataset {self.name!r}: {images}>"

    @property
    def labelled(self) -> bool:
        """Whether there are labels or attributes that a classifier can be trained on."""
        return self.labels is not None or self.attributes is not None

    def indices(self, split: str) -> np.ndarray:
        """Return the rows of a split ("train", "validation" or "test"), ascending, int64.

        Raises:
            ValueError: If there is no split of that name.
        """
        if split not in SPLITS:
            raise ValueError(f"`split` must be one of {', '.join(SPLITS)}. Received: {split!r}.")
        return np.flatnonzero(self.partition == SPLITS[split])

    def count(self, split: str) -> int:
        """Count the images of a split."""
        return len(self.indices(split))

    @property
    def counts(self) -> dict[str, int]:
        """Images of each split."""
        return {split: self.count(split) for split in SPLITS}

    def choose(self, split: str, limit: int | None, seed: int) -> np.ndarray:
        """Choose images of a split at random; a smaller limit chooses some of the same.

        Args:
            split: "train", "validation" or "test".
            limit: The most images to choose, at least 1; None chooses all.
            seed: Of the choice.

        Returns:
            Rows of the data set, ascending, int64 [N].

        Raises:
            ValueError: If the split has no images; the message names those that have some. If
                `limit` is below 1.
        """
        if limit is not None and limit < 1:
            raise ValueError(f"`limit` must be at least 1. Received: {limit}.")
        rows = self.indices(split)
        if not len(rows):
            held = ", ".join(f"{name} ({count:,})" for name, count in self.counts.items() if count)
            raise ValueError(f"{self.name!r} has no {split} images. It has: {held}.")
        order = np.random.default_rng(seed).permutation(len(rows))
        return rows[np.sort(order[:limit])]

    def digest(self) -> str:
        """Hash what a training sees: the split, and the images and labels that are in it.

        Returns:
            BLAKE2b of 16 bytes, hexadecimal.
        """
        return self._digest

    @cached_property
    def _digest(self) -> str:
        # Once: it reads all images, and a training asks for it at its start and for the export.
        rows = np.flatnonzero(self.partition >= 0)
        found = hashlib.blake2b(
            repr((self.image_shape, self.attribute_names)).encode(), digest_size=16
        )
        for array in (self.partition, self.attributes, self.labels):
            if array is not None:
                found.update(np.ascontiguousarray(array[rows]))
        for first in range(0, len(rows), READ):
            found.update(np.ascontiguousarray(self.images[rows[first : first + READ]]))
        return found.hexdigest()

    def binarized(self, binarization: str, seed: int = 0) -> ImageDataset:
        """Return the data set with all its images binarized; see `binarize`.

        All of them at once, so that no split and no limit changes the pixels of an image.

        Raises:
            ValueError: If `binarization` is unknown.
        """
        return replace(self, images=binarize(self.images, binarization, seed))

    def name_of(self, row: int) -> str:
        """Return the name of an image, by its row."""
        return f"image {row}" if self.names is None else str(self.names[row])

    def label_name(self, label: int) -> str:
        """Return the name of a label; its number, if labels have no names."""
        return label_name(label, self.label_names)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.images.shape[1:]


def _are_objects_of_str(names: Any) -> bool:
    """Return whether it is an array of Python's texts, each of which has the room that it needs."""
    is_of_objects = isinstance(names, np.ndarray) and names.dtype == np.object_
    return is_of_objects and all(isinstance(name, str) for name in names.flat)


def _check(
    name: str,
    array: Any,
    dtype: type[np.generic],
    shape: tuple[int | None, ...],
    expected: str,
    values: tuple[int, ...] = (),
) -> None:
    """Refuse what is no array of a type and a shape, where None is any length, or of other values.

    Raises:
        ValueError: If it is not; the message names the argument and says what is expected.
    """
    if not isinstance(array, np.ndarray):
        received = type(array).__name__
    elif not np.issubdtype(array.dtype, dtype) or not _fits(array.shape, shape):
        received = f"{array.dtype} of shape {list(array.shape)}"
    elif values and (others := array[~np.isin(array, values)]).size:
        received = f"the value {others[0]}"
    else:
        return
    raise ValueError(f"`{name}` must be {expected}. Received: {received}.")


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(
        length in (None, side) for side, length in zip(shape, expected, strict=True)
    )
