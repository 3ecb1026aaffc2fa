"""One place that a result is written to: a file, a device, a FIFO, or an open descriptor."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from . import disk

STDOUT = Path("-")
DRAFT = ".draft-"  # the names of unfinished files start with it
LONGEST_SUFFIX = 32  # characters; a draft's name must not be too long where the file's is not

# As a shell names an open descriptor: >(cat) is /dev/fd/63.
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d{1,9})")  # an int of C
_DESCRIPTORS = {"-": 1, "/dev/stdout": 1, "/dev/stderr": 2}


class Output:
    """A place that a result is written to.

    A file appears whole or not at all: a draft beside it is written, synchronized with the disk,
    and renamed. A link stays a link, and what it points to is written. A device, a FIFO and an open
    descriptor (`-` is standard output) receive the bytes when the draft is complete; nothing of
    them is overwritten.

    Attributes:
        path: The path as it was given.
        target: The file, with all links resolved.
        is_stream: Whether it is a device, a FIFO or a descriptor.

    Args:
        path: The path.
        overwrite: Whether an existing file may be overwritten.
    """

    def __init__(self, path: str | Path, *, overwrite: bool = False) -> None:
        self.path = Path(path)
        self.overwrite = overwrite
        self.descriptor = _descriptor(self.path)
        self.is_stream = self.descriptor is not None or _is_special(self.path)
        self.target = self.path if self.is_stream else Path(os.path.realpath(self.path))
        self._draft: Path | None = None
        self._before: Path | None = None  # the file that was overwritten
        self._folders: list[Path] = []  # that were made for the draft
        self._placed = self._replaced = False

    @property
    def key(self) -> object:
        """What two outputs of one place have in common; devices may be given twice."""
        if self.descriptor is not None:
            return self.descriptor
        return object() if self.is_stream else self.target

    def suffix(self, default: str = "") -> str:
        """The suffix that names the format; `default` for a stream without one."""
        return self.path.suffix or (default if self.is_stream else "")

    def check(self) -> None:
        """Check that the place can be written to: also before long work.

        Raises:
            FileExistsError: If the file exists and `overwrite` is False.
            IsADirectoryError: If the path is a folder.
            OSError: If the name is too long, a folder of the path is a file, a link points to
                itself, or the folder is read-only.
        """
        if self.is_stream:
            return
        try:
            mode = self.target.stat().st_mode
        except FileNotFoundError:
            self._check_folder()
            return
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(f"{self.path} is a folder, not a file.")
        if not self.overwrite:
            raise FileExistsError(f"{self.path} exists. Use `overwrite=True` to overwrite it.")
        self._check_folder()

    def prepare(self, write: Callable[[Path], Any], suffix: str = "") -> None:
        """Let `write` write the draft, and synchronize it with the disk.

        Args:
            write: Called with the path of the draft.
            suffix: Suffix of the draft for a stream without one.
        """
        self.check()
        with named(self.path):
            if self.is_stream:
                folder = Path(tempfile.gettempdir())
            else:
                folder = self.target.parent
                self._folders = disk.make_folders(folder)
            ending = self.suffix(suffix)
            ending = ending if len(os.fsencode(ending)) <= LONGEST_SUFFIX else ""
            self._draft = folder / f"{DRAFT}{uuid.uuid4().hex}{ending}"
            write(self._draft)
            if not self.is_stream:
                disk.synchronize(self._draft)

    def commit(self, *, undoable: bool = False) -> None:
        """Put the draft in its place, or its bytes into the stream.

        Args:
            undoable: Whether `undo` may follow.

        Raises:
            FileExistsError: If a file appeared in the meantime and `overwrite` is False.
        """
        with named(self.path):
            if self.is_stream:
                self._send()
                return
            if not self.overwrite:
                disk.place_new(self._draft, self.target)
            else:
                self._replace(undoable)
            self._placed = True

    def undo(self) -> None:
        """Restore what was there before `commit`; a stream keeps what it received.

        A file that replaced another one, which was not kept, stays: it is complete.

        Raises:
            OSError: If it cannot be restored; the message names the file that keeps it.
        """
        if not self._placed:
            return
        if self._before is not None:
            self._restore()
        elif not self._replaced:
            with named(self.path):
                self.target.unlink(missing_ok=True)
        self._placed = False

    def close(self) -> None:
        """Remove the draft, and the folders that were made for a file that was not written."""
        for file in (self._draft, self._before):
            if file is not None:
                file.unlink(missing_ok=True)
        if not self._placed:
            disk.remove_folders(self._folders)

    def _restore(self) -> None:
        before, self._before = self._before, None  # `close` must not remove the only copy
        try:
            disk.replace(before, self.target)
        except OSError as error:
            raise OSError(
                f"{self.path} could not be restored ({error.strerror}): {before} holds what it "
                "was. Rename that file."
            ) from error

    def _replace(self, undoable: bool) -> None:
        with suppress(FileNotFoundError):
            shutil.copymode(self.target, self._draft)
            self._replaced = True
            if undoable:
                before = self.target.with_name(f"{DRAFT}{uuid.uuid4().hex}")
                disk.keep(self.target, before)
                self._before = before
        disk.replace(self._draft, self.target)

    def _send(self) -> None:
        with self._draft.open("rb") as draft, self._stream() as stream:
            while chunk := memoryview(draft.read(1 << 20)):
                while chunk:  # an unbuffered write may be a short one
                    chunk = chunk[stream.write(chunk) :]
            stream.flush()

    def _stream(self) -> AbstractContextManager[Any]:
        if self.descriptor is None:
            return self.path.open("wb", buffering=0)
        if self.descriptor == 1 and hasattr(sys.stdout, "buffer"):  # what was printed comes first
            sys.stdout.flush()
            return nullcontext(sys.stdout.buffer)
        return open(os.dup(self.descriptor), "wb", buffering=0)

    def _check_folder(self) -> None:
        folder = self.target.parent
        while not folder.exists():
            folder = folder.parent
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder} must be a folder, to write {self.path}.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"{folder} must be writable, to write {self.path}.")


def is_stdout(path: str | Path) -> bool:
    """Whether a path names standard output."""
    return _descriptor(Path(path)) == 1


def _descriptor(path: Path) -> int | None:
    """The open descriptor that a path names, or None.

    The descriptor itself is written to: opened by name, a file that it was redirected to would be
    truncated.
    """
    text = str(path)
    if text in _DESCRIPTORS:
        return _DESCRIPTORS[text]
    found = _DESCRIPTOR.fullmatch(text)
    return int(found[1]) if found else None


def _is_special(path: Path) -> bool:
    """Whether a path, or what it links to, is a device, a FIFO or a socket."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Name the file in an error of the system, not the draft or nothing."""
    try:
        yield
    except FileExistsError as error:
        raise FileExistsError(f"{path} exists. Use `overwrite=True` to overwrite it.") from error
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
