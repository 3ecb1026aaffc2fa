"""The heading that every benchmark prints above its numbers."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("keras-vae", "tensorflow", "keras")


def heading(*facts: str, packages: tuple[str, ...] = ()) -> str:
    """Format command, settings, versions and machine.

    Args:
        facts: Settings that the numbers depend on and that the command does not show: counts,
            seeds.
        packages: Packages in addition to `PACKAGES`. Those that are not installed are left out.
    """
    found = [name for name in (*PACKAGES, *packages) if _version(name)]
    versions = ", ".join(f"{name} {_version(name)}" for name in found)
    parts = [*facts, f"Python {platform.python_version()}, {versions}", _machine()]
    return f"$ python {shlex.join(sys.argv)}\n{'; '.join(parts)}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _machine() -> str:
    """Name the processor, if Linux reports it, and count its cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return f"{next(names, platform.machine())}, {os.cpu_count()} cores"
