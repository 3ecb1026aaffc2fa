"""CelebA as distributed: aligned photos in a zip or a folder, and the lists that go with them.

The Kaggle copy is the same with one more level of folders and with commas in the lists; its
`archive.zip` contains both.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ..files.photos import ALIGNED_CROP
from .listed import listed_source
from .lists import read_list, unused_note
from .source import Origin, Source
from .tree import FolderTree, Tree, ZipTree

FILES = (
    "img_align_celeba.zip or img_align_celeba/",
    "list_attr_celeba.txt or .csv",
    "list_eval_partition.txt or .csv",
)

# The folder of photos, or else the zip; "" where they are beside the lists.
_PHOTOS = ("img_align_celeba", "img_align_celeba.zip", "")
# The points of the photos before their alignment, which may be there instead.
_LANDMARKS = ("list_landmarks_celeba.txt", "list_landmarks_celeba.csv")
_LISTS = tuple(
    tuple(stem + ending for ending in (".txt", ".csv"))
    for stem in ("list_attr_celeba", "list_eval_partition")
)

# The folders of the official download; "" where all files are in one folder.
_FOLDERS = ("", "Img", "Anno", "Eval")


def find(location: Path, name: str) -> Origin | None:
    """Find photos and lists: in a folder or one below it, in a zip, or a zip with lists beside."""
    if location.is_dir():
        below = (path for path in sorted(location.iterdir()) if path.is_dir())
        return next(filter(None, map(_find_in, (location, *below))), None)
    if location.suffix.lower() != ".zip":
        return None
    lists = [_first(location.parent, *names) for names in _LISTS]
    tree = ZipTree(location)
    if None not in lists:
        return _origin(tree, lists)
    members = {member.rpartition("/")[2]: member for member in reversed(tree.names)}
    inside = [next((members[name] for name in names if name in members), None) for names in _LISTS]
    return None if None in inside or not tree.images else _origin(tree, [], inside)


def read(tree: Tree, files: list[Path], members: list[str]) -> Source:
    """Match the photos that exist with their lines in the lists.

    Args:
        tree: The photos.
        files: The lists of attributes and of splits, and that of landmarks where it is used.
        members: Instead of them, the lists among the tree's files.

    Raises:
        ValueError: If an archive cannot be unpacked, or a list is wrong.
    """
    if isinstance(tree, ZipTree):
        tree.check_readable(tree.images)
    lists = [read_list(file) for file in files]
    lists += [read_list(f"{tree.location}/{name}", tree.read(name)) for name in members]
    inside = [
        path.relative_to(tree.location).as_posix()
        for path in files
        if path.is_relative_to(tree.location)
    ]
    source = listed_source(tree, tree.images, *lists, used=[*members, *inside])
    beside = {str(file) for listed in files for file in listed.parent.iterdir()}
    if source.landmarks is not None:
        source.account.notes.append(f"{files[-1].name} is used where faces are aligned")
    source.account.notes += unused_note([*tree.names, *beside], map(str, files))
    return source


def _find_in(folder: Path) -> Origin | None:
    lists = [_first(folder, *names) for names in _LISTS]
    if None in lists:
        return None
    photos = _first(folder, *_PHOTOS)
    tree = FolderTree(photos) if photos.is_dir() else ZipTree(photos)
    if photos.name not in _PHOTOS and (landmarks := _first(folder, *_LANDMARKS)):
        lists.append(landmarks)
    return _origin(tree, lists) if tree.images else None


def _origin(tree: Tree, files: list[Path], members: list[str] | None = None) -> Origin:
    kind = "folder" if isinstance(tree, FolderTree) else "zip"
    return Origin(
        f"CelebA as distributed, {kind}",
        tree.location,
        tuple(files),
        partial(read, tree, files, members or []),
        image_size=(ALIGNED_CROP, ALIGNED_CROP),
        dataset="celeba",
        trees=(tree,),
    )


def _first(folder: Path, *names: str) -> Path | None:
    """Return the first of the names that exists, in any of the download's folders."""
    paths = (folder / part / name for name in names for part in _FOLDERS)
    return next(filter(Path.exists, paths), None)
