"""Omniglot as distributed: 1,623 characters of 50 alphabets, drawn by 20 people each.

Lake et al. 2015, https://github.com/brendenlake/omniglot. The 30 alphabets of images_background are
the training split, the 20 of images_evaluation the test split: no character is in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from .account import Account
from .source import Origin, Source
from .splits import SPLITS
from .tree import Tree, open_tree

PARTS = {"images_background": SPLITS["train"], "images_evaluation": SPLITS["test"]}
FILES = tuple(f"{part}.zip or {part}/" for part in PARTS)
SIDE = 105  # pixels


def find(location: Path, name: str) -> Origin | None:
    """Find both parts in a folder, zipped or not."""
    parts = [_part(location, part) for part in PARTS]
    if None in parts:
        return None
    trees = tuple(map(open_tree, parts))
    return Origin(
        "Omniglot as distributed",
        location,
        (),
        partial(read, trees),
        image_size=(SIDE, SIDE),
        channels=1,
        dataset="omniglot",
        trees=trees,
    )


def read(trees: Sequence[Tree]) -> Source:
    """List the drawings of both parts; each is labelled by its alphabet and character.

    Raises:
        ValueError: If a zip is damaged.
    """
    drawings = [[name for name in tree.images if name.count("/") >= 2] for tree in trees]
    account = Account()
    for tree, some in zip(trees, drawings, strict=True):
        tree.account(some, account=account)
    paths = [name.split("/") for some in drawings for name in some]
    sizes = list(map(len, drawings))
    files = [
        "/".join([part, *path[-3:]])
        for part, path in zip(np.repeat(list(PARTS), sizes), paths, strict=True)
    ]
    names, labels = np.unique(["/".join(path[-3:-1]) for path in paths], return_inverse=True)
    return Source(
        count=len(files),
        payloads=lambda: chain.from_iterable(
            tree.payloads(some) for tree, some in zip(trees, drawings, strict=True)
        ),
        name_of=files.__getitem__,
        partition=np.repeat(np.array(list(PARTS.values()), np.int8), sizes),
        labels=labels.astype(np.int64),
        label_names=tuple(names.tolist()),
        account=account,
    )


def _part(location: Path, part: str) -> Path | None:
    """Return the zip or the folder of a part."""
    places = (location / part, location / "python" / part)
    paths = [path for place in places for path in (place.with_suffix(".zip"), place)]
    return next(filter(Path.exists, paths), None)
