"""Results by image in a file, so that an interrupted evaluation resumes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..files.arrays import read_arrays
from ..files.atomic import write_atomically

EVERY = 30.0  # seconds between two writes


@dataclass
class Checkpoint:
    """A file with the results so far.

    Attributes:
        path: An .npz file; None stores nothing.
        key: A hash of what is measured; a file with another key is refused.
        started: When the evaluation started, on the clock of `time.monotonic`; `load` moves it
            back by the seconds of the interrupted evaluations before.
    """

    path: Path | None = None
    key: str = ""
    started: float = field(default_factory=time.monotonic)
    _written: float = field(default_factory=time.monotonic, repr=False)

    @property
    def seconds(self) -> float:
        """Seconds of this evaluation and of the interrupted ones before it."""
        return time.monotonic() - self.started

    def load(self, shape: tuple[int, ...]) -> np.ndarray:
        """Read the results of an earlier, interrupted evaluation.

        Args:
            shape: Shape of the results.

        Returns:
            float64; NaN where nothing has been measured yet.

        Raises:
            ValueError: If the file is no checkpoint, or that of another evaluation.
        """
        if self.path is None or not self.path.exists():
            return np.full(shape, np.nan)
        try:
            file = read_arrays(self.path)
            key, values, spent = str(file["key"]), file["values"], float(file["spent"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{self.path} is not the checkpoint of an evaluation.") from error
        if key != self.key or values.shape != shape:
            raise ValueError(
                f"{self.path} belongs to another evaluation, of another model, other images, "
                "samples or seed. Remove it, or write to another file."
            )
        self.started -= spent
        return values

    def save(self, values: np.ndarray) -> None:
        """Write the results, at most every 30 seconds."""
        if self.path is None or time.monotonic() - self._written < EVERY:
            return
        arrays = {"values": values, "key": np.array(self.key), "spent": self.seconds}
        write_atomically(self.path, lambda draft: np.savez(draft, **arrays), overwrite=True)
        self._written = time.monotonic()

    def remove(self) -> None:
        """Delete the file after the evaluation."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
