"""Atomic writes: a file, a folder, or several files are complete, or unchanged."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import disk
from .output import DRAFT, Output

UNENCODABLE = "backslashreplace"  # how bytes of names that are no UTF-8 are written in a text


class OutputGroup:
    """Files that appear together or not at all.

    All drafts are complete before the first file appears. If one cannot be put in its place, those
    before it are removed, and files that were overwritten are restored. Streams come last, since
    what they received cannot be taken back.

    Example:
        >>> with OutputGroup() as group:
        ...     save(picture, "a.png", group=group)
        ...     write_text("a.csv", text, group=group)
    """

    def __init__(self) -> None:
        self._outputs: list[Output] = []

    def write(
        self,
        path: str | Path,
        write: Callable[[Path], Any],
        *,
        overwrite: bool = False,
        suffix: str = "",
    ) -> Path:
        """Write the draft of a file, which appears when the group ends.

        Args:
            path: Path of the file, or of another place: see `Output`.
            write: Called with the path of the draft, which has the same suffix.
            overwrite: Whether an existing file may be overwritten.
            suffix: Suffix of the draft for a stream, whose path has none.

        Returns:
            The path.

        Raises:
            OSError: See `Output.check`; or if the draft cannot be written.
        """
        output = Output(path, overwrite=overwrite)
        self._outputs.append(output)
        output.prepare(write, suffix)
        return output.path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Let the files appear, or none of them."""
        try:
            if kind is None:
                self._commit()
        finally:
            for output in reversed(self._outputs):  # the first one has made their folders
                output.close()

    def _commit(self) -> None:
        ordered = sorted(self._outputs, key=lambda output: output.is_stream)
        try:
            for output in ordered:
                output.commit(undoable=len(ordered) > 1)
            for folder in {output.target.parent for output in ordered if not output.is_stream}:
                disk.synchronize(folder)
        except BaseException as error:
            failures = [failure for output in reversed(ordered) if (failure := _undone(output))]
            if failures:
                raise OSError(" ".join(filter(None, map(str, (error, *failures))))) from error
            raise


def _undone(output: Output) -> OSError | None:
    """Undo an output; the others are undone, too, if that fails."""
    try:
        output.undo()
    except OSError as error:
        return error
    return None


def write_atomically(
    path: str | Path,
    write: Callable[[Path], Any],
    *,
    overwrite: bool = False,
    suffix: str = "",
    group: OutputGroup | None = None,
) -> Path:
    """Write a file: see `OutputGroup.write`.

    Args:
        path: Path of the file.
        write: Called with the path of the draft.
        overwrite: Whether an existing file may be overwritten.
        suffix: Suffix of the draft for a stream, whose path has none.
        group: The files that it appears together with; None: it appears now.

    Returns:
        The path.

    Raises:
        FileExistsError: If the file exists and `overwrite` is False.
        OSError: See `OutputGroup.write`.
    """
    if group is not None:
        return group.write(path, write, overwrite=overwrite, suffix=suffix)
    with OutputGroup() as alone:
        return alone.write(path, write, overwrite=overwrite, suffix=suffix)


def write_text(
    path: str | Path, text: str, *, overwrite: bool = False, group: OutputGroup | None = None
) -> Path:
    """Write a text as UTF-8, with its line ends unchanged: see `write_atomically`.

    Bytes of names that are no UTF-8 are escaped, as `UNENCODABLE` says.
    """

    def write(draft: Path) -> None:
        draft.write_text(text, "utf-8", UNENCODABLE, newline="")

    return write_atomically(path, write, overwrite=overwrite, group=group)


def check_free(path: str | Path, *, overwrite: bool = False) -> None:
    """Check that a file may be written: also before long work.

    Raises:
        FileExistsError: If the file exists and `overwrite` is False.
        IsADirectoryError: If the path is a folder.
    """
    Output(path, overwrite=overwrite).check()


def write_folder(
    choose: Callable[[], Path], write: Callable[[Path], None], *, overwrite: bool = False
) -> Path:
    """Write a folder, which appears whole or not at all, synchronized with the disk.

    A link to a folder stays a link, and what it points to is written.

    Args:
        choose: Returns the folder; it is called again if another process has just made it.
        write: Called with the path of a folder to make and fill, whose name starts with a dot.
        overwrite: Whether an existing folder is overwritten.

    Returns:
        The folder.

    Raises:
        FileExistsError: If the folder exists and `overwrite` is False.
        NotADirectoryError: If it is a file.
    """
    folder = choose()
    check_folder(folder, overwrite=overwrite)
    target = Path(os.path.realpath(folder))
    made = disk.make_folders(target.parent)
    draft = target.with_name(f"{DRAFT}{uuid.uuid4().hex}")
    try:
        write(draft)
        disk.synchronize_tree(draft)
        while True:
            try:
                _place(draft, target, overwrite=overwrite)
                break
            except FileExistsError:
                again = choose()
                if again == folder:
                    raise
                folder, target = again, Path(os.path.realpath(again))
        disk.synchronize(target.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        disk.remove_folders(made)
    return folder


def check_folder(folder: Path, *, overwrite: bool = False) -> None:
    """Check that a folder may be written.

    Raises:
        FileExistsError: If it exists and `overwrite` is False.
        NotADirectoryError: If it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} must be a folder. Received: a file.")
    if folder.exists() and not overwrite:
        raise FileExistsError(f"{folder} exists. Use `overwrite=True` to overwrite it.")


def remove_drafts(folder: Path) -> list[Path]:
    """Remove the unfinished files that killed processes left in a folder; not in folders of it.

    No other process may be writing to the folder.

    Returns:
        What was removed.
    """
    drafts = sorted(folder.glob(f"{DRAFT}*")) if folder.is_dir() else []
    for draft in drafts:
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink(missing_ok=True)
    return drafts


def _place(draft: Path, target: Path, *, overwrite: bool) -> None:
    """Put a finished folder in its place; a folder cannot be renamed over a full one."""
    if not overwrite or not target.exists():
        disk.rename_folder(draft, target)
        return
    before = draft.with_name(f"{draft.name}.before")
    disk.rename_folder(target, before)
    try:
        disk.rename_folder(draft, target)
    except BaseException:
        with suppress(FileExistsError):
            disk.rename_folder(before, target)
        raise
    shutil.rmtree(before, ignore_errors=True)
