"""Atomic writes: a file is complete, or unchanged."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_atomically(
    path: str | Path, write: Callable[[Path], Any], *, overwrite: bool = False
) -> Path:
    """Write a temporary file beside `path`, then rename it.

    Args:
        path: Path of the file; its folder is created.
        write: Called with the path of the temporary file, which has the same suffix.
        overwrite: Whether an existing file may be overwritten.

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
    """Write a text atomically as UTF-8, with its line ends unchanged.

    Returns:
        The path.

    Raises:
        FileExistsError: If the file exists and `overwrite` is False.
    """
    return write_atomically(
        path, lambda draft: draft.write_text(text, "utf-8", newline=""), overwrite=overwrite
    )


def check_free(path: str | Path, *, overwrite: bool = False) -> None:
    """Check that a file may be written: also before long work.

    Raises:
        FileExistsError: If the file exists and `overwrite` is False.
        IsADirectoryError: If the path is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"`path` must be a file, not a folder. Received: {path}.")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists. Use `overwrite=True` to overwrite it.")
