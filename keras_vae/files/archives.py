"""Zip archives: what they hold, read safely."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .limits import MAX_NAME, check_unpacked
from .naming import first_line, printable
from .regular import HEAD, content_kind, open_regular

# Compression methods that Python unpacks; others are named where they are known.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
OTHER_METHODS = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
_ENCRYPTED = 1  # a bit of a member's flags


class Archive:
    """A zip archive, whose members are read but never written to disk.

    Args:
        path: The archive.

    Attributes:
        path: The archive.
        members: The files in it, by their path with forward slashes; folders, links, second files
            of a name, paths of more than `MAX_NAME` letters and what macOS and hidden folders add
            are not among them.
        left_out: Paths of the other files, by the reason.

    Raises:
        FileNotFoundError: If the path does not exist.
        ValueError: If it is not a zip file that can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.members: dict[str, zipfile.ZipInfo] = {}
        self.left_out: dict[str, list[str]] = {}
        with self._opened() as opened:
            for info in opened.infolist():
                name = info.filename.replace("\\", "/").removeprefix("./")
                reason = _reason_against(name, info)
                if reason is None and name in self.members:
                    reason = "second of its name"
                if reason is None:
                    self.members[name] = info
                elif reason:
                    self.left_out.setdefault(reason, []).append(name)

    def check_readable(self, names: list[str]) -> None:
        """Check that members can be unpacked.

        Raises:
            ValueError: If one is encrypted, or packed by a method that Python does not have; or if
                together they expand to far more than images do.
        """
        total = sum(self.members[name].file_size for name in names)
        check_unpacked(printable(self.path), total, self.path.stat().st_size, in_memory=False)
        for name in names:
            info = self.members[name]
            if info.flag_bits & _ENCRYPTED:
                problem, cure = "encrypted", "Unpack it with its password"
            elif info.compress_type not in METHODS:
                method = OTHER_METHODS.get(info.compress_type, f"method {info.compress_type}")
                problem, cure = f"packed with {method}", "Unpack it, for example with 7-Zip"
            else:
                continue
            raise ValueError(
                f"{printable(self.path)} cannot be unpacked: {printable(name)} is {problem}. "
                f"{cure}, and give the folder."
            )

    def read(self, name: str) -> bytes:
        """Unpack a member into memory.

        Raises:
            ValueError: If it is damaged, or too large.
        """
        self.check_readable([name])
        with self._opened() as opened:
            return self._unpacked(opened, name)

    def read_each(self, names: list[str]) -> Iterator[bytes | ValueError]:
        """Unpack members one after another; a damaged one is yielded as its error."""
        with self._opened() as opened:
            for name in names:
                try:
                    yield self._unpacked(opened, name)
                except ValueError as error:
                    yield error

    def _unpacked(self, opened: zipfile.ZipFile, name: str) -> bytes:
        info = self.members[name]
        described = f"{printable(name)} in {printable(self.path)}"
        check_unpacked(described, info.file_size, info.compress_size)
        try:
            return opened.read(info)
        except Exception as error:  # zipfile raises many kinds for damaged members
            raise ValueError(f"{described} is damaged: {first_line(error)}.") from error

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        with open_regular(self.path) as stream:
            try:
                opened = zipfile.ZipFile(stream)
            except Exception as error:  # zipfile raises many kinds, also for names
                stream.seek(0)
                kind = content_kind(stream.read(HEAD))
                reason = f"it is {kind}" if kind and "zip" not in kind else first_line(error)
                raise ValueError(
                    f"{printable(self.path)} is not a zip file that can be read: {reason}."
                ) from error
            with opened:
                yield opened


def _reason_against(name: str, info: zipfile.ZipInfo) -> str | None:
    """Return why a member is left out: None if it is not, "" if it needs no mention."""
    parts = name.split("/")
    if not parts[-1]:
        return ""
    if "__MACOSX" in parts or any(part.startswith(".") for part in parts):
        return "hidden"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "link"
    if len(name) > MAX_NAME:
        return f"path of more than {MAX_NAME:,} letters"
    return None
