"""Any folder or zip archive of images, with its subfolders and the lists in it or beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..files.naming import printable
from .listed import listed_source
from .lists import LANDMARK_LIST, UNUSED_LIST, ImageList, read_list, unused_note
from .source import Origin, Source
from .tree import Tree, ZipTree, open_tree

# Names of lists, as CelebA's are called and as people call their own.
ATTRIBUTE_LIST = re.compile(r"(list_)?attr(ibutes?|s)?([_-].*)?\.(txt|csv|tsv)")
PARTITION_LIST = re.compile(r"(list_eval_)?(partitions?|splits?)([_-].*)?\.(txt|csv|tsv)")
USED_LISTS = (ATTRIBUTE_LIST, PARTITION_LIST, LANDMARK_LIST)


def find(location: Path, name: str) -> Origin | None:
    """Find the images of a folder or a zip archive; None if there are none."""
    tree = open_tree(location)
    if tree is None or not tree.images:
        return None
    if isinstance(tree, ZipTree):
        return Origin("zip of images", location, (), partial(read, tree, []), trees=(tree,))
    beside = _lists_beside(location)
    inside = [location / name for name in tree.names if _is_list(name)]
    files = (*beside, *inside)
    return Origin("folder of images", location, files, partial(read, tree, beside), trees=(tree,))


def read(tree: Tree, beside: list[Path]) -> Source:
    """List the images, in the order of their names; each is named by its path in the folder.

    Lists that name at least half of the images are used.

    Args:
        tree: The files.
        beside: Lists that are not among them.

    Raises:
        ValueError: If an archive cannot be unpacked, or a list is wrong.
    """
    if isinstance(tree, ZipTree):
        tree.check_readable(tree.images)
    notes: list[str] = []
    names = {path.name.lower(): (str(path), partial(read_list, path)) for path in beside}
    names |= {
        name.rpartition("/")[2].lower(): (name, partial(_list_in, tree, name))
        for name in tree.names
    }
    lists = [_matching(tree, names, pattern, notes) for pattern in USED_LISTS]
    used = [found[0] for found in lists if found]
    source = listed_source(tree, tree.images, *(found and found[1] for found in lists), used=used)
    noted = filter(LANDMARK_LIST.fullmatch, names)
    source.account.notes += notes + unused_note([path for path, _ in names.values()], noted)
    if source.labels is not None:
        source.account.notes.append(f"labels: {len(source.label_names)} folders")
    return source


def _matching(
    tree: Tree,
    names: dict[str, tuple[str, Callable[[], ImageList]]],
    pattern: re.Pattern[str],
    notes: list[str],
) -> tuple[str, ImageList] | None:
    """Read the list whose name matches, if it names the images."""
    for name, (path, open_list) in names.items():
        if pattern.fullmatch(name):
            shown = printable(path)
            try:
                found = open_list()
                named = sum(row >= 0 for row in found.rows_of(tree.images))
            except ValueError as error:
                if path in tree.names:
                    raise
                notes.append(f"not used: {error}".rstrip("."))  # it may belong to other images
                continue
            if 2 * named >= len(tree.images):
                when = " where faces are aligned" if pattern is LANDMARK_LIST else ""
                notes.append(f"{shown} is used{when}")
                return path, found
            notes.append(f"{shown} names {named:,} of {len(tree.images):,} images: not used")
    return None


def _list_in(tree: Tree, name: str) -> ImageList:
    return read_list(f"{tree.location}/{printable(name)}", tree.read(name))


def _lists_beside(folder: Path) -> list[Path]:
    """Find lists in the folder that contains this one."""
    try:
        files = sorted(folder.absolute().parent.iterdir())
    except OSError:
        return []
    return [file for file in files if file.is_file() and _is_list(file.name)]


def _is_list(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return any(each.fullmatch(name) for each in (*USED_LISTS, UNUSED_LIST))
