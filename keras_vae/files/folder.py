"""Folders that are filled with files: all of them appear at the end, or none."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from . import disk
from .atomic import OutputGroup
from .output import DRAFT


@contextmanager
def filled_folder(folder: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder, whose files are moved into `folder` at the end.

    After an error nothing is left of them, and files that were overwritten are restored. Each file
    is placed as an `Output` is: links stay links. The temporary folder is hidden in `folder`, so
    that a move is a renaming on one disk.

    Args:
        folder: The folder; it is created.
        overwrite: See `check_empty`.

    Raises:
        FileExistsError: If `folder` holds files and `overwrite` is False.
        NotADirectoryError: If `folder` is a file.
        OSError: See `Output.check`, of each file.
    """
    folder = Path(folder)
    check_empty(folder, overwrite=overwrite)
    made = disk.make_folders(folder)
    draft = folder / f"{DRAFT}{uuid.uuid4().hex}"
    draft.mkdir()
    try:
        yield draft
        with OutputGroup() as group:
            for file in sorted(file for file in draft.rglob("*") if not file.is_dir()):
                target = folder / file.relative_to(draft)
                group.write(target, partial(disk.keep, file), overwrite=overwrite)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        disk.remove_folders(made)  # only if they are empty


def check_empty(folder: str | Path, *, overwrite: bool = False) -> None:
    """Check that files may be written into a folder: also before long work.

    Args:
        folder: The folder, which may be missing.
        overwrite: Whether it may already hold files. Those of the same names are overwritten, the
            others are unchanged.

    Raises:
        FileExistsError: If it holds files, other than hidden ones, and `overwrite` is False.
        NotADirectoryError: If it is a file.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"`folder` must be a folder, not a file. Received: {folder}.")
    held = folder.iterdir() if folder.is_dir() and not overwrite else ()
    if any(not each.name.startswith(".") for each in held):
        raise FileExistsError(
            f"{folder} holds files. Use `overwrite=True` to overwrite those of the same names."
        )
