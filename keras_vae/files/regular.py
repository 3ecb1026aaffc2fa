"""Files that can be read: regular ones, and what their first bytes say they are."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from .naming import printable

HEAD = 512  # bytes at the start of a file that show its format

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)

_STARTS = (
    (b"version https://git-lfs", "a Git LFS pointer; `git lfs pull` fetches the file itself"),
    (b"PK\3\4", "a zip file"),
    (b"PK\5\6", "an empty zip file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"%!PS", "PostScript (EPS)"),
    (b"\xc5\xd0\xd3\xc6", "PostScript (EPS)"),
    (b"%PDF", "a PDF document"),
    (b"DDS ", "a DDS texture"),
    (b"8BPS", "a Photoshop document"),
    (b"\x93NUMPY", "an .npy file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"MATLAB", "a MATLAB file"),
    (b"\x80\x04\x95", "a pickle"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite", "an SQLite database"),
)
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script")


def open_regular(path: str | Path) -> BinaryIO:
    """Open a regular file for reading.

    A FIFO would wait for its other end, and a device may have no end.

    Raises:
        FileNotFoundError: If the path does not exist.
        ValueError: If it is not a regular file.
        OSError: If it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise ValueError(f"{printable(path)} must be a regular file. Received: {file_kind(mode)}.")
    return os.fdopen(descriptor, "rb")


def file_kind(mode: int) -> str:
    """Return what a file is that is not regular, by its mode."""
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), "a special file")


def content_kind(head: bytes) -> str | None:
    """Name the format of a file that is often found where another is expected.

    Args:
        head: The file's first `HEAD` bytes.

    Returns:
        The format, after "is"; None if it is not among these.
    """
    if not head:
        return "an empty file"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_HTML) or (text.startswith(b"<?xml") and b"<html" in text):
        return "a web page (HTML), as a failed download leaves it; download the file again"
    if b"<svg" in text:
        return "an SVG drawing"
    return next((kind for start, kind in _STARTS if head.startswith(start)), None)
