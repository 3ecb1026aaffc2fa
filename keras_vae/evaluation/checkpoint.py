"""Results by image that outlive a kill."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ..files.atomic import write_atomically

EVERY = 30.0  # seconds between two writes


@dataclass
class Checkpoint:
    """A file of the images that are measured so far.

    Attributes:
        path: An .npz file; None keeps nothing.
        key: What is measured; a file of another key is refused.
        spent: Seconds of the evaluations that were killed before this one.
    """

    path: Path | None
    key: str
    spent: float = 0.0
    _started: float = field(default_factory=time.monotonic, repr=False)
    _written: float = field(default_factory=time.monotonic, repr=False)

    def load(self, images: int, measures: int) -> np.ndarray:
        """Read what an earlier, killed evaluation left.

        Args:
            images: N.
            measures: M.

        Returns:
            float64 [N, M]; NaN in the rows of images that are still to be measured.

        Raises:
            ValueError: If the file is no checkpoint, or that of another evaluation.
        """
        if self.path is None or not self.path.exists():
            return np.full((images, measures), np.nan)
        try:
            with np.load(self.path, allow_pickle=False) as file:
                key, values = str(file["key"]), file["values"]
                spent = float(file["spent"])
        except (KeyError, OSError, ValueError, BadZipFile) as error:
            raise ValueError(f"{self.path} is not the checkpoint of an evaluation.") from error
        if key != self.key or values.shape != (images, measures):
            raise ValueError(
                f"{self.path} belongs to another evaluation, of another model, other images, "
                "samples or seed. Remove it, or write to another file."
            )
        self.spent = spent
        return values

    def save(self, values: np.ndarray) -> None:
        """Write results [N, M], unless that was done a moment ago."""
        now = time.monotonic()
        if self.path is None or now - self._written < EVERY:
            return
        facts = {"key": np.array(self.key), "spent": self.spent + now - self._started}

        def write(draft: Path) -> None:
            with draft.open("wb") as file:
                np.savez(file, values=values, **facts)

        write_atomically(self.path, write, overwrite=True)
        self._written = now

    def remove(self) -> None:
        """Delete the file, when all is done."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def digest(*parts: bytes | np.ndarray) -> str:
    """Hash bytes and arrays into a key."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(np.ascontiguousarray(part) if isinstance(part, np.ndarray) else part)
    return sha.hexdigest()
