"""Named directions of the latent space: fitted, looked up, saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ...files.atomic import write_atomically
from ...files.naming import near_names
from .cells import Cells
from .comparison import StandardErrors, attribute_index
from .fitting import METHODS, Fit, bootstrap_multipliers, check_latents

# NumPy's errors for a file that is not an .npz file, or is cut short.
_UNREADABLE = (KeyError, TypeError, AttributeError, OSError, ValueError, EOFError, BadZipFile)

Latents = tuple[np.ndarray, np.ndarray]  # z_mean [N, L] and attributes [N, A], positive if present


@dataclass(frozen=True)
class Attributes:
    """Named directions in the latent space.

    Attributes:
        names: A names.
        directions: Δ of each, float32 [A, L].
        counts: Images with and without each attribute that Δ was fitted on, int64 [A, 2]; None if
            unknown.
        scores: How each Δ separates held-out images with and without the attribute, float32 [A, 3]:
            area under the ROC curve, accuracy, balanced accuracy; NaN where all held-out images are
            alike; None without held-out images.
        standard_errors: Those of the products of the Δ with one another; None if unknown.
        method: How Δ was fitted: one of `METHODS`.
        balance: The attributes that every Δ was balanced by.

    Raises:
        ValueError: If the shapes do not fit one another, or a direction is not finite.
    """

    names: tuple[str, ...]
    directions: np.ndarray
    counts: np.ndarray | None = None
    scores: np.ndarray | None = None
    standard_errors: StandardErrors | None = None
    method: str = "mean"
    balance: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        size, errors = len(self.names), self.standard_errors
        latent_dim = (np.shape(self.directions) or (0,))[-1]
        for name, array, expected in (
            ("directions", self.directions, (size, latent_dim)),
            ("counts", self.counts, (size, 2)),
            ("scores", self.scores, (size, 3)),
            ("standard_errors.dot", errors and errors.dot, (size, size)),
            ("standard_errors.cosine", errors and errors.cosine, (size, size)),
        ):
            if array is not None and np.shape(array) != expected:
                raise ValueError(
                    f"`{name}` must have shape {list(expected)}. Received: {list(np.shape(array))}."
                )
        if not np.isfinite(self.directions).all():
            raise ValueError("`directions` must be finite.")

    @classmethod
    def fit(
        cls,
        z: np.ndarray,
        labels: np.ndarray,
        names: Sequence[str],
        *,
        method: str = "mean",
        balance: Sequence[str] = (),
        held_out: Latents | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Attributes:
        """Fit a direction to every attribute that some images have and others lack.

        Balancing weighs images so that the attributes of `balance` (and their combinations) are
        equally frequent among the images with and without each attribute: one image weighs the
        inverse frequency of its combination in its group. No attribute is balanced by itself.

        Args:
            z: Latents, float [N, L].
            labels: Positive where an image has the attribute, [N, A].
            names: A names.
            method: "mean" for mean differences, "logistic" for the normals of regressions.
            balance: Names of the attributes to balance by.
            held_out: Latents and labels of other images, to score the directions on.
            progress: Called with (done, total) attributes.

        Returns:
            The directions; attributes without images in one of their cells are left out.

        Raises:
            ValueError: If the shapes do not fit, or a method or name is unknown.
        """
        z, present = check_latents(z, labels)
        check_choices(names, method, balance)
        balance = tuple(dict.fromkeys(balance))
        columns, fits = [], []
        multipliers = bootstrap_multipliers(len(z))
        for column, name in enumerate(names):
            others = [names.index(other) for other in balance if other != name]
            cells = Cells.of(present[:, column], present[:, others])
            if cells.counts.all():
                columns.append(column)
                fits.append(METHODS[method](z, cells, multipliers))
            if progress:
                progress(column + 1, len(names))
        having = present[:, columns].sum(axis=0)
        return cls(
            tuple(names[column] for column in columns),
            np.reshape([fit.direction for fit in fits], (-1, z.shape[1])).astype(np.float32),
            np.stack([having, len(z) - having], axis=1),
            None if held_out is None else _score(fits, columns, held_out),
            StandardErrors.of(np.stack([fit.replicates for fit in fits], axis=1)) if fits else None,
            method,
            balance,
        )

    def direction(self, name: str) -> np.ndarray:
        """Look a direction up, [L].

        Raises:
            ValueError: If there is none of that name; the message lists near ones.
        """
        return self.directions[attribute_index(name, self.names)]

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write an .npz file atomically.

        Raises:
            FileExistsError: If the file exists and `overwrite` is False.
        """
        errors = self.standard_errors
        arrays = {
            "names": np.array(self.names, dtype=np.str_),
            "directions": self.directions,
            "counts": self.counts,
            "scores": self.scores,
            "dot_errors": errors and errors.dot,
            "cosine_errors": errors and errors.cosine,
            "method": np.array(self.method),
            "balance": np.array(self.balance, dtype=np.str_),
        }
        known = {name: array for name, array in arrays.items() if array is not None}

        def write(draft: Path) -> None:
            with draft.open("wb") as file:  # a name without .npz would be given one
                np.savez(file, **known)

        write_atomically(path, write, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Attributes:
        """Read a file of `save`; files with names and directions alone are supported.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it holds no directions.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                known = dict(file)
            errors = known.get("dot_errors"), known.get("cosine_errors")
            return cls(
                tuple(map(str, known["names"])),
                known["directions"].astype(np.float32),
                known.get("counts"),
                known.get("scores"),
                None if errors[0] is None else StandardErrors(*errors),
                str(known.get("method", "mean")),
                tuple(map(str, known.get("balance", ()))),
            )
        except FileNotFoundError:
            raise
        except _UNREADABLE as error:
            raise ValueError(f"{path} holds no attribute directions: {error}") from error


def check_choices(names: Sequence[str], method: str, balance: Sequence[str]) -> None:
    """Check the arguments of `Attributes.fit`, before long work.

    Raises:
        ValueError: If a method or a name to balance by is unknown.
    """
    if method not in METHODS:
        raise ValueError(f"`method` must be one of {', '.join(METHODS)}. Received: {method!r}.")
    for name in balance:
        if name not in names:
            raise ValueError(
                f"`balance` must name attributes. Received: {name!r}. {near_names(name, names)}"
            )


def _score(fits: Sequence[Fit], columns: Sequence[int], held_out: Latents) -> np.ndarray:
    z, present = check_latents(*held_out)
    scores = [fit.scores(z, present[:, at]) for fit, at in zip(fits, columns, strict=True)]
    return np.reshape(scores, (-1, 3)).astype(np.float32)
