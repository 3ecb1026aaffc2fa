"""What every source of images provides: where it was found, and its images one after another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from ..files.jobs import Row
from ..files.photos import ALIGNED_CROP, ALIGNED_SIZE
from .account import Account
from .splits import SPLITS

if TYPE_CHECKING:
    from .photo_map import PhotoMap
    from .tree import Tree

# An image before preparation: a file, the bytes of one, pixels [H, W] or [H, W, C] of any numbers,
# or why it cannot be read.
Payload = Path | bytes | np.ndarray | ValueError


def native_size(height: int, width: int) -> tuple[int, int]:
    """Return the size unchanged; for an aligned CelebA photo, that of its central square."""
    if (width, height) == ALIGNED_SIZE:
        return ALIGNED_CROP, ALIGNED_CROP
    return height, width


def label_name(label: int, names: Sequence[str]) -> str:
    """Return the name of a label; its number, if it has none."""
    return names[label] if 0 <= label < len(names) else str(label)


@dataclass(frozen=True, eq=False)
class Source:
    """The images of a data set before preparation, and what is known of each.

    Attributes:
        count: Number of images, N.
        payloads: Starts a pass over the images in order; each is read when it is needed.
        name_of: The name of an image by its index: its path in the set, where it is a file.
        partition: int8 [N]: 0 train, 1 validation, 2 test; None where the set has no split.
        attributes: int8 [N, A] of +1 and −1, or None.
        attribute_names: A names.
        labels: int64 [N], or None.
        label_names: Name of each label, where they have names.
        landmarks: Five points of the face in each photo, (x, y) in its pixels, float64 [N, 5, 2],
            in the order of `listed.LANDMARKS`; NaN for photos without; or None.
        payloads_of: Reads chosen images, by their indices; None where only a whole pass reads them.
        photo_map: Changes each photo before it is prepared, or None.
        account: What was taken and what was left out, as far as it is known before the images are
            decoded.
    """

    count: int
    payloads: Callable[[], Iterator[Payload]]
    name_of: Callable[[int], str] = "image {}".format
    partition: np.ndarray | None = None
    attributes: np.ndarray | None = None
    attribute_names: tuple[str, ...] = ()
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    landmarks: np.ndarray | None = None
    payloads_of: Callable[[Sequence[int]], Iterator[Payload]] | None = None
    photo_map: PhotoMap | None = None
    account: Account = field(default_factory=Account)

    @classmethod
    def of_train_and_test(
        cls, images: Sequence[np.ndarray], labels: Sequence[np.ndarray], files: str
    ) -> Self:
        """Join the images and the labels of the training files and of the test files.

        Args:
            images: Of each split, [N, H, W] or [N, H, W, C].
            labels: Of each split, integers [N].
            files: The files, as the error's subject.

        Raises:
            ValueError: If the numbers of images and labels, or the sizes of images, differ.
        """
        sizes = [len(part) for part in images]
        if sizes != [len(part) for part in labels] or images[0].shape[1:] != images[1].shape[1:]:
            raise ValueError(
                f"{files} must have a label for each image. Received: "
                f"images {sizes}, labels {[len(part) for part in labels]}."
            )
        return cls(
            count=sum(sizes),
            payloads=lambda: (image for part in images for image in part),
            partition=np.repeat(np.array([SPLITS["train"], SPLITS["test"]], np.int8), sizes),
            labels=np.concatenate(labels).astype(np.int64),
        )

    def landmarks_of(self, index: int) -> np.ndarray | None:
        """Return the five points of the face in a photo, [5, 2]; None if they are not known."""
        if self.landmarks is None or np.isnan(self.landmarks[index]).any():
            return None
        return self.landmarks[index]

    def label_name(self, label: int) -> str:
        """Return the name of a label; its number, if labels have no names."""
        return label_name(label, self.label_names)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield the name of each image, with what a job needs to know.

        Returns:
            Names and rows: `index`; `payload`; and what is known of `label`, `attributes` and
            `partition`.
        """
        kinds = {"label": self.labels, "attributes": self.attributes, "partition": self.partition}
        known = {kind: values for kind, values in kinds.items() if values is not None}
        for index, payload in enumerate(self.payloads()):
            facts = {kind: values[index] for kind, values in known.items()}
            yield self.name_of(index), {"index": index, "payload": payload, **facts}


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a data set was found, and how its images are prepared. Nothing has been read yet.

    Attributes:
        description: What it is, in words.
        location: The file or folder; None for sets that are not read from a given place.
        files: The files whose sizes and times show whether the set has changed.
        read: Opens the set.
        image_size: Height and width, by default the native ones; None where only the images
            themselves show them.
        channels: 1 or 3.
        dataset: Which known set the images are, a key of `DATASETS`; None for other images. It
            changes no pixels, so it is no part of the fingerprint.
        trees: The folders or archives of the images, whose files show changes too.
        resampling: How images are scaled: see `photos.prepare`.
    """

    description: str
    location: Path | None
    files: tuple[Path, ...]
    read: Callable[[], Source]
    image_size: tuple[int, int] | None = None
    channels: int = 3
    dataset: str | None = None
    trees: tuple[Tree, ...] = ()
    resampling: str = "bilinear"

    def fingerprint(self) -> str:
        """Hash the description, the place, and each file's path, size and modification time."""
        rows = [self.description, *map(stamp, self.files)]
        for tree in self.trees:
            rows += [str(tree.location.absolute()), *tree.stamps()]
        if len(rows) == 1 and self.location is not None:  # files that another package reads
            rows.append(str(self.location.absolute()))
        return hashlib.sha256("\n".join(rows).encode(errors="surrogateescape")).hexdigest()


def stamp(path: Path) -> str:
    """Return a file's path, size and modification time."""
    stat = path.stat()
    return f"{path.absolute()}\0{stat.st_size}\0{stat.st_mtime_ns}"
