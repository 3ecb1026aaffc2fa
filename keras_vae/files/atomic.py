"""Files that are either the old one or the whole new one."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_atomically(
    path: str | Path, write: Callable[[Path], Any], *, overwrite: bool = False
) -> Path:
    """Let `write` fill a file beside `path`, then put it in its place at once.

    Args:
        path: Where the file shall be; its folder is made.
        write: Called with the path to fill, which has the same suffix.
        overwrite: Whether a file that is there may be replaced.

    Returns:
        The path.

    Raises:
        FileExistsError: If the file exists and `overwrite` is False.
    """
    path = Path(path)
    check_free(path, overwrite=overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        write(draft)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def write_text(path: str | Path, text: str, *, overwrite: bool = False) -> Path:
    """Write a text as UTF-8, whole or not at all, its line ends as they are.

    Returns:
        The path.

    Raises:
        FileExistsError: If the file exists and `overwrite` is False.
    """
    return write_atomically(
        path, lambda draft: draft.write_text(text, "utf-8", newline=""), overwrite=overwrite
    )


def check_free(path: str | Path, *, overwrite: bool = False) -> None:
    """Refuse a path that is taken: worth asking before long work, too.

    Raises:
        FileExistsError: If the file exists and `overwrite` is False.
        IsADirectoryError: If the path is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; a file's path is needed.")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists. Use --overwrite to replace it.")
