"""Cold processes: what each costs, and the photos that they read."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

# In a process, as all that needs memory: the peak of a process includes that of its parent.
ENLARGE = """
from PIL import Image
from skimage import data
photo = Image.fromarray(data.astronaut()).resize(({0}, {0}), Image.Resampling.BICUBIC)
photo.save({1!r}, quality=95)
"""


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds by the clock, seconds of the processor, peak memory in MB."""

    seconds: float
    processor: float
    peak: float


def run(command: Sequence[str]) -> Cost:
    """Run a command; its modules may be those of this folder.

    Raises:
        click.ClickException: If it fails.
    """
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path[1:]])
    with tempfile.TemporaryFile("w+") as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=os.environ | {"PYTHONPATH": paths},
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if status:
            log.seek(0)
            raise click.ClickException(f"It failed: {' '.join(command)}\n{log.read()}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def python(code: str) -> list[str]:
    """The command that runs Python code."""
    return [sys.executable, "-c", code]


def save_photo(path: Path, side: int) -> Path:
    """Write scikit-image's photo of Eileen Collins (NASA, public domain), enlarged to a square."""
    run(python(ENLARGE.format(side, str(path))))
    return path
