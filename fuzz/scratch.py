"""Files that targets write: in memory, one folder for each process."""

from __future__ import annotations

import atexit
import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp


@cache
def folder() -> Path:
    """A folder that is removed at the end of the process."""
    shared = "/dev/shm"
    path = Path(mkdtemp(prefix="kvae-fuzz-", dir=shared if os.path.isdir(shared) else None))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def written(name: str, content: bytes) -> Path:
    """Write a file of the folder, and return its path."""
    path = folder() / name
    path.write_bytes(content)
    return path
