"""Attribute directions: fitted to labelled latents, saved, compared. Arrays only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from .files import write_atomically
from .naming import near_names

# What NumPy raises when it is given a file of something else, or half of one.
_UNREADABLE = (KeyError, TypeError, AttributeError, OSError, ValueError, EOFError, BadZipFile)


@dataclass(frozen=True)
class Attributes:
    """Named directions in the latent space.

    Attributes:
        names: A names.
        directions: Δ of each, float32 [A, L].
        counts: Images with and without each attribute that Δ was fitted on, int64 [A, 2]; None
            where that is not known.

    Raises:
        ValueError: If the shapes do not fit one another, or a direction is not finite.
    """

    names: tuple[str, ...]
    directions: np.ndarray
    counts: np.ndarray | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.directions)
        if len(shape) != 2 or shape[0] != len(self.names):
            raise ValueError(
                f"`directions` must have shape [{len(self.names)}, L], a row for each name. "
                f"Received: {list(shape)}."
            )
        if not np.isfinite(self.directions).all():
            raise ValueError("`directions` must be finite.")
        if self.counts is not None and np.shape(self.counts) != (len(self.names), 2):
            raise ValueError(
                f"`counts` must have shape [{len(self.names)}, 2]. "
                f"Received: {list(np.shape(self.counts))}."
            )

    @classmethod
    def fit(cls, z: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> Attributes:
        """Fit a direction to every attribute that some images have and others lack.

        Args:
            z: Latents, float [N, L].
            labels: Positive where an image has the attribute, [N, A].
            names: A names.

        Returns:
            Mean differences; attributes that all images share, or none has, are left out.
        """
        present = np.asarray(labels) > 0
        counts = np.stack([present.sum(axis=0), (~present).sum(axis=0)], axis=1)
        varied = (counts > 0).all(axis=1)
        kept = tuple(name for name, keep in zip(names, varied, strict=True) if keep)
        return cls(kept, mean_difference(z, present[:, varied]), counts[varied])

    def direction(self, name: str) -> np.ndarray:
        """Look a direction up, [L].

        Raises:
            ValueError: If there is none of that name; the message lists near ones.
        """
        if name in self.names:
            return self.directions[self.names.index(name)]
        if not self.names:
            raise ValueError(f"There are no attributes here. Received: {name!r}.")
        raise ValueError(f"No attribute is called {name!r}. {near_names(name, self.names)}")

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write `names`, `directions` and `counts` as an .npz file, whole or not at all.

        Raises:
            FileExistsError: If the file exists and `overwrite` is False.
        """
        arrays = {"names": np.array(self.names, dtype=np.str_), "directions": self.directions}
        if self.counts is not None:
            arrays["counts"] = self.counts

        def write(draft: Path) -> None:
            with draft.open("wb") as file:  # a name without .npz would be given one
                np.savez(file, **arrays)

        write_atomically(path, write, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Attributes:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it holds no directions.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                counts = file["counts"] if "counts" in file.files else None
                names = tuple(str(name) for name in file["names"])
                return cls(names, file["directions"].astype(np.float32), counts)
        except FileNotFoundError:
            raise
        except _UNREADABLE as error:
            raise ValueError(f"{path} holds no attribute directions: {error}") from error


@dataclass(frozen=True)
class Contribution:
    """How far one direction points along another.

    Attributes:
        name: The attribute's name.
        dot: Dot product of the two directions; it grows with the length of both.
        cosine: Dot product of the two made unit length.
    """

    name: str
    dot: float
    cosine: float


def mean_difference(z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Take Δ = mean z with the attribute − mean z without, for each attribute.

    The "smile vector" of Foster 2023 (chapter 3, Latent Space Arithmetic), Jiang 2024 (section 5)
    and the Wolfram note.

    Args:
        z: Latents (z_mean of the training split), float [N, L].
        labels: Positive where an image has the attribute, [N, A].

    Returns:
        Directions, float32 [A, L].

    Raises:
        ValueError: If the lengths differ, or an attribute is had by all images or by none.
    """
    z = np.asarray(z)
    present = np.asarray(labels) > 0
    if z.ndim != 2 or present.ndim != 2 or len(z) != len(present):
        raise ValueError(
            "`z` and `labels` must be [N, L] and [N, A]. "
            f"Received: {list(z.shape)} and {list(present.shape)}."
        )
    having = present.sum(axis=0)
    lacking = len(z) - having
    if not (having.all() and lacking.all()):
        constant = np.flatnonzero((having == 0) | (lacking == 0)).tolist()
        raise ValueError(
            "`labels` must hold both kinds in every column. "
            f"All images agree in columns: {constant}."
        )
    total = z.sum(axis=0, dtype=np.float64)
    sums = present.T.astype(np.float64) @ z  # [A, L]
    return (sums / having[:, None] - (total - sums) / lacking[:, None]).astype(np.float32)


def contributions(directions: np.ndarray, names: Sequence[str], to: str) -> list[Contribution]:
    """Measure how far every other attribute points along one of them (Jiang 2024, section 5.4).

    Jiang ranks by the dot product, which a long vector wins whatever its angle (rare attributes
    have long and noisy ones), so the cosine stands beside it.

    Args:
        directions: Δ of each attribute, [A, L].
        names: A names.
        to: The attribute that the others may contribute to.

    Returns:
        One entry for each other attribute, the largest dot product first.

    Raises:
        ValueError: If `to` is none of the names; the message lists near ones.
    """
    target = Attributes(tuple(names), directions).direction(to).astype(np.float64)
    table = []
    for name, direction in zip(names, directions.astype(np.float64), strict=True):
        if name != to:
            dot = float(direction @ target)
            length = float(np.linalg.norm(direction) * np.linalg.norm(target))
            table.append(Contribution(name, dot, dot / length if length else 0.0))
    return sorted(table, key=lambda entry: entry.dot, reverse=True)
