"""The operations that make a write durable: nothing else synchronizes, renames or links files.

Tests replace these functions to kill a process, or to fill the disk, at each of them.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

# Links are not supported by FAT, some network mounts and some containers.
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV, errno.ENOSYS}
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP}


def synchronize(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:  # some file systems do not synchronize folders
            raise
    finally:
        os.close(descriptor)


def synchronize_tree(folder: Path) -> None:
    """Wait until all that a folder contains is on the disk."""
    for parent, _, files in os.walk(folder):
        for name in files:
            synchronize(Path(parent, name))
        synchronize(Path(parent))


def replace(source: Path, target: Path) -> None:
    """Rename a file, over another one if there is one."""
    os.replace(source, target)


def place_new(source: Path, target: Path) -> None:
    """Give a file a second name, which must be new: of two processes, one succeeds.

    Raises:
        FileExistsError: If `target` exists.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        replace(source, target)


def keep(source: Path, copy: Path) -> None:
    """Give a file a second name under which it remains when it is overwritten, or copy it."""
    try:
        os.link(source, copy)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copy2(source, copy)


def rename_folder(source: Path, target: Path) -> None:
    """Rename a folder to a new name: of two processes, one succeeds.

    Raises:
        FileExistsError: If `target` exists and is not an empty folder.
    """
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise FileExistsError(f"{target} exists.") from error
        raise


def make_folders(folder: Path) -> list[Path]:
    """Make a folder and its parents, or none of them.

    Returns:
        Those that are new, the innermost first.
    """
    missing = []
    parent = folder
    while not parent.exists():
        missing.append(parent)
        parent = parent.parent
    new: list[Path] = []
    try:
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            new.insert(0, each)
        folder.mkdir(exist_ok=True)  # it may be a file
    except OSError:
        remove_folders(new)
        raise
    return new


def remove_folders(folders: list[Path]) -> None:
    """Remove the folders of `make_folders`, unless something has been written to them since."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
