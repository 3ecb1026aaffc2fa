"""Image files with what is known of them: from lists, and from the folders that they are in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..files.naming import printable, short
from .account import ending
from .lists import ImageList, attribute, finite_number, split
from .source import Source
from .splits import SPLITS, split_named
from .tree import Tree

# Columns of a list of landmarks, as CelebA's; left and right are those of the image.
LANDMARKS = ("lefteye", "righteye", "nose", "leftmouth", "rightmouth")

SHOWN = 25  # values in an error
NO_SPLIT, NO_LABELS = "no split: ", "no labels: "  # how notes on unused folders begin


@dataclass(frozen=True)
class FolderMeaning:
    """What the folders of image files say.

    Attributes:
        splits: The split of each image, int8 [N], or None.
        labels: Its label, int64 [N], or None.
        label_names: The labels' names.
        notes: Why folders are neither, where they look like it.
    """

    splits: np.ndarray | None
    labels: np.ndarray | None
    label_names: tuple[str, ...]
    notes: tuple[str, ...]


def listed_source(
    tree: Tree,
    images: Sequence[str],
    attributes: ImageList | None = None,
    partition: ImageList | None = None,
    landmarks: ImageList | None = None,
    used: Sequence[str] = (),
) -> Source:
    """Join image files with the lines of their lists, and with the meaning of their folders.

    Folders named train, val and test are the split, and folders of classes the labels.

    Args:
        tree: Where the files are.
        images: The files, in order. Those that a list does not name are left out.
        attributes: List of attributes.
        partition: List of splits.
        landmarks: List of the faces' landmarks; it may lack images.
        used: Further files of the tree that are used, for the account.

    Raises:
        ValueError: If a list names none of the images, or contradicts their folders.
    """
    lists = [each for each in (attributes, partition) if each is not None]
    rows = {each: np.array(each.rows_of(images), np.int64) for each in lists}
    kept = np.full(len(images), True)
    for each, found in rows.items():
        if not (found >= 0).any():
            raise ValueError(
                f"{each.file} must name the images in {tree.location}. Received: "
                f"{each.names[0]!r} and others, for {images[0]!r} and others."
            )
        kept &= found >= 0
    names = [name for name, keep in zip(images, kept, strict=True) if keep]
    unlisted = [name for name, keep in zip(images, kept, strict=True) if not keep]
    account = tree.account(images, used)
    account.taken = Counter(map(ending, names))
    account.leave_out("not named by a list", unlisted)
    if lists:
        longest = max(lists, key=lambda each: len(each.names))
        missing = len(longest.names) - (rows[longest] >= 0).sum()
        account.leave_out("named by the lists, but not there", count=int(missing))
    folders = folder_meaning(names)
    splits = folders.splits
    of_list = () if partition is None else (NO_SPLIT,)
    account.notes += [note for note in folders.notes if not note.startswith(of_list)]
    if partition is not None:
        listed = partition.values(rows[partition][kept].tolist(), split)
        listed = _one_column(listed, partition).astype(np.int8)
        _check_agreement(listed, splits, names, partition)
        splits = listed
    return Source(
        count=len(names),
        payloads=partial(tree.payloads, names),
        payloads_of=lambda indices: tree.payloads([names[index] for index in indices]),
        name_of=names.__getitem__,
        partition=splits,
        attributes=None if attributes is None else _signs(attributes, rows[attributes][kept]),
        attribute_names=() if attributes is None else attributes.columns,
        labels=folders.labels,
        label_names=folders.label_names,
        landmarks=None if landmarks is None else _points(landmarks, names),
        account=account,
    )


def folder_meaning(names: Sequence[str]) -> FolderMeaning:
    """Read splits and labels off the folders of image files.

    Args:
        names: Paths with forward slashes.
    """
    folders = [name.split("/")[:-1] for name in names]
    while folders and all(folders) and len({path[0] for path in folders}) == 1:
        folders = [path[1:] for path in folders]
    numbers = [split_named(path[0]) if path else None for path in folders]
    splits, notes = None, []
    if None not in numbers and SPLITS["train"] in numbers:
        splits = np.array(numbers, np.int8)
        folders = [path[1:] for path in folders]
    elif SPLITS["train"] in numbers and len({*numbers} - {None}) > 1:
        outside = [name for name, number in zip(names, numbers, strict=True) if number is None]
        notes.append(NO_SPLIT + _outside(outside, len(names), "none of the folders of splits"))
    labels, classes, reason = _classes(names, folders)
    notes += [NO_LABELS + reason] if reason else []
    return FolderMeaning(splits, labels, classes, tuple(notes))


def _classes(
    names: Sequence[str], folders: Sequence[Sequence[str]]
) -> tuple[np.ndarray | None, tuple[str, ...], str]:
    """Return labels and their names, or why the folders are no classes; "" if there are none."""
    classes = tuple(sorted({path[0] for path in folders if path}))
    outside = [name for name, path in zip(names, folders, strict=True) if not path]
    reason = ""
    if classes and outside:
        reason = _outside(outside, len(names), "no class folder")
    elif len(classes) > len(names) / 2:
        first = printable(classes[0])
        reason = f"{len(classes):,} folders, such as {first}, for only {len(names):,} images"
    if reason or len(classes) < 2:
        return None, (), reason
    number = {name: index for index, name in enumerate(classes)}
    return np.array([number[path[0]] for path in folders], np.int64), classes, ""


def _outside(outside: Sequence[str], total: int, place: str) -> str:
    """Say that images are in no folder of a kind, with the first of them."""
    verb = "is" if len(outside) == 1 else "are"
    return f"{len(outside):,} of {total:,} images {verb} in {place}: {printable(outside[0])}"


def signs(values: np.ndarray) -> np.ndarray:
    """Turn attributes of 1 and 0, or of 1 and −1, into int8 of 1 and −1.

    Raises:
        ValueError: If there are −1 and 0 both, or other values.
    """
    found = np.unique(values)
    if not any(np.isin(found, pair).all() for pair in ((-1, 1), (0, 1))):
        raise ValueError(f"1 and 0, or 1 and −1. Received: {short(found[:SHOWN].tolist())}")
    return np.where(values > 0, 1, -1).astype(np.int8)


def _signs(attributes: ImageList, rows: np.ndarray) -> np.ndarray:
    values = attributes.values(rows.tolist(), attribute)
    try:
        return signs(values)
    except ValueError as error:
        raise ValueError(f"The values of {attributes.file} must be {error}.") from error


def _points(landmarks: ImageList, names: Sequence[str]) -> np.ndarray:
    """Read five points for each image, [N, 5, 2]; NaN where the list has none."""
    columns = [f"{point}_{axis}" for point in LANDMARKS for axis in "xy"]
    plain = [re.sub(r"[^a-z]", "", column.lower()) for column in landmarks.columns]
    named = [column.replace("_", "") for column in columns]
    if plain not in (named, ["value"] * len(columns)):  # the latter without a header
        raise ValueError(
            f"{landmarks.file} must have the columns {', '.join(columns)}. "
            f"Received: {', '.join(landmarks.columns)}."
        )
    rows = np.array(landmarks.rows_of(names), np.int64)
    there = np.flatnonzero(rows >= 0)
    points = np.full((len(names), len(LANDMARKS), 2), np.nan)
    values = landmarks.values(rows[there].tolist(), finite_number)
    points[there] = values.reshape(-1, len(LANDMARKS), 2)
    eyes, below = points[:, 1] - points[:, 0], points[:, 3:].mean(axis=1) - points[:, 0]
    turn = eyes[:, 0] * below[:, 1] - eyes[:, 1] * below[:, 0]
    if (turn < 0).any():
        first = int(np.flatnonzero(turn < 0)[0])
        raise ValueError(
            f"{landmarks.file}, line {landmarks.numbers[rows[first]]}: the left eye must be the "
            f"one on the left of an upright face. Received: {points[first, :2].tolist()}."
        )
    points[turn == 0] = np.nan  # as zeros, where no face was found
    return points


def _one_column(values: np.ndarray, partition: ImageList) -> np.ndarray:
    if values.shape[1] != 1:
        raise ValueError(
            f"{partition.file} must have one value for each image, its split. "
            f"Received: {values.shape[1]} columns."
        )
    return values[:, 0]


def _check_agreement(
    listed: np.ndarray, of_folders: np.ndarray | None, names: Sequence[str], partition: ImageList
) -> None:
    if of_folders is None or (listed == of_folders).all():
        return
    first = int(np.argmax(listed != of_folders))
    word = {number: name for name, number in SPLITS.items()}[int(listed[first])]
    raise ValueError(
        f"{partition.file} must agree with the folders train, val and test. "
        f"Received: {word} for {names[first]!r}."
    )
