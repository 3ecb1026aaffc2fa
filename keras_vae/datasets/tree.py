"""The files below a folder or in a zip archive: which are images, and what else is there."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from pathlib import Path

from ..files.archives import Archive
from ..files.formats import HEIF, NEEDS_HEIF, image_suffixes
from ..files.limits import check_count, check_unpacked
from ..files.naming import printable
from ..files.regular import file_kind, open_regular
from .account import Account, ending
from .source import Payload, stamp

ARRAYS = (".npz", ".npy")


class Tree(ABC):
    """Files by their path, with forward slashes, in the order of their names.

    Attributes:
        location: The folder or the archive.
        names: Paths of the regular files.
        left_out: Paths of everything else, by the reason.
    """

    location: Path
    names: list[str]
    left_out: dict[str, list[str]]

    @cached_property
    def images(self) -> list[str]:
        """Paths of the files with an image's ending."""
        suffixes = image_suffixes()
        return [name for name in self.names if name.lower().endswith(suffixes)]

    def account(
        self, images: Sequence[str], used: Sequence[str] = (), account: Account | None = None
    ) -> Account:
        """Account for every file.

        Args:
            images: Those that are taken.
            used: Other files that are used, such as lists.
            account: An account that is continued; None begins one.
        """
        account = Account() if account is None else account
        account.taken.update(map(ending, images))
        known = {*images, *used}
        for name in self.names:
            if name not in known:
                account.leave_out(_reason_for_ending(name), [name])
        for reason, names in self.left_out.items():
            account.leave_out(reason, names)
        return account

    @abstractmethod
    def payloads(self, names: Sequence[str]) -> Iterator[Payload]:
        """Return the files' paths or contents, one after another."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Read a list."""

    @abstractmethod
    def stamps(self) -> list[str]:
        """Return a line for each file that changes if the file does."""


class FolderTree(Tree):
    """The files below a folder; a linked folder is read once, whatever leads to it.

    Args:
        location: The folder.
    """

    def __init__(self, location: Path) -> None:
        self.location = location
        self.left_out = {}
        self._entries = self._walked()
        self.names = sorted(self._entries)

    def payloads(self, names: Sequence[str]) -> Iterator[Payload]:
        """Return the files' paths."""
        return (self.location / name for name in names)

    def read(self, name: str) -> bytes:
        """Read a list; see `read_small`."""
        return read_small(self.location / name)

    def stamps(self) -> list[str]:
        """Return path, size and modification time of each image."""
        stats = [(name, self._entries[name].stat()) for name in self.images]
        return [f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}" for name, stat in stats]

    def _walked(self) -> dict[str, os.DirEntry[str]]:
        """Find all files; links to folders come last, so that they do not hide the folders."""
        # CelebA's folder has 202,599 files and is searched at each start: no `Path` is made.
        found: dict[str, os.DirEntry[str]] = {}
        visited = {_identity(os.stat(self.location))}
        folders, links = [("", os.fspath(self.location))], []
        while folders or links:
            prefix, path = folders.pop() if folders else links.pop(0)
            try:
                entries = sorted(os.scandir(path), key=attrgetter("name"))
            except OSError as error:
                self._leave_out(f"folder that cannot be read: {error.strerror}", prefix)
                continue
            for entry in entries:
                name = prefix + entry.name
                is_file, is_folder = _kind(entry)
                if entry.name.startswith((".", "__MACOSX")):
                    self._leave_out("hidden", name)
                elif is_file:
                    found[name] = entry
                elif is_folder:
                    identity = _identity(entry.stat())
                    if entry.is_symlink():
                        links.append((name + "/", entry.path))
                    elif identity not in visited:
                        visited.add(identity)
                        folders.append((name + "/", entry.path))
                else:
                    self._leave_out(_reason_against(entry), name)
            while links and not folders:  # follow the next link that leads to something new
                name, path = links[0]
                identity = _identity(os.stat(path))
                if identity not in visited:
                    visited.add(identity)
                    break
                self._leave_out("link to a folder that is read already", name)
                links.pop(0)
        return found

    def _leave_out(self, reason: str, name: str) -> None:
        self.left_out.setdefault(reason, []).append(name)


class ZipTree(Tree):
    """The files in a zip archive.

    Args:
        location: The archive.
    """

    def __init__(self, location: Path) -> None:
        self.location = location
        self._archive = Archive(location)
        self.left_out = self._archive.left_out
        self.names = sorted(self._archive.members)

    def payloads(self, names: Sequence[str]) -> Iterator[Payload]:
        """Return the files' contents; a damaged one is the error."""
        return self._archive.read_each(names)

    def check_readable(self, names: Sequence[str]) -> None:
        """Check that members can be unpacked; see `Archive.check_readable`."""
        self._archive.check_readable(names)

    def read(self, name: str) -> bytes:
        """Unpack a list.

        Raises:
            ValueError: If it is damaged or too large, or has more lines than a packed list can.
        """
        content = self._archive.read(name)
        lines = max(map(content.count, (b"\n", b"\r")))
        described = f"{printable(name)} in {self.location}"
        check_count(described, "lines", lines, self.location.stat().st_size)
        return content

    def stamps(self) -> list[str]:
        """Return path, size and modification time of the archive."""
        return [stamp(self.location)]


def open_tree(location: Path) -> Tree | None:
    """Open a folder or a zip archive; None for other files."""
    if location.is_dir():
        return FolderTree(location)
    return ZipTree(location) if location.suffix.lower() == ".zip" else None


def read_small(path: Path) -> bytes:
    """Read a regular file into memory.

    Raises:
        ValueError: If it is no regular file, or too large.
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        check_unpacked(str(path), size, size)
        return stream.read()


def _identity(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_dev, stat.st_ino


def _kind(entry: os.DirEntry[str]) -> tuple[bool, bool]:
    """Return whether an entry, or what it links to, is a file, and whether a folder."""
    try:
        return entry.is_file(), entry.is_dir()
    except OSError:  # a link that leads in a circle
        return False, False


def _reason_against(entry: os.DirEntry[str]) -> str:
    """Say what an entry is that is neither a file nor a folder."""
    try:
        return file_kind(entry.stat().st_mode).removeprefix("a ")
    except OSError:
        return "link that leads nowhere"


def _reason_for_ending(name: str) -> str:
    """Say why a file is left out whose ending is not that of an image that is read."""
    if name.lower().endswith(HEIF):
        return f"{ending(name)}: {NEEDS_HEIF}"
    if name.lower().endswith(ARRAYS):
        return f"{ending(name)}: no image; arrays are read where their file is given"
    return f"{ending(name)}: no image"
