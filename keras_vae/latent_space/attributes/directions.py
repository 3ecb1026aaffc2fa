"""Named directions of the latent space: fitted, looked up, saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from ...files.arrays import read_arrays
from ...files.atomic import write_atomically
from ...files.naming import first_line, near_names
from ...files.progress import Progress
from .cells import Cells
from .comparison import standard_errors
from .fitting import METHODS, Fit, bootstrap_multipliers, check_latents

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
        dot_errors: Bootstrap standard errors of the dot products of the Δ with one another, float32
            [A, A]; None if unknown.
        cosine_errors: The same of their cosine similarities.
        method: How Δ was fitted: one of `METHODS`.
        balance: The attributes that every Δ was balanced by.
        model: Name and version of the model whose latents they were fitted to; None if unknown.
        fingerprint: That of the model, see `inference.fitting.fingerprint`; None if unknown.

    Raises:
        ValueError: If the shapes do not fit one another, or a direction is not finite.

    Example:
        >>> model = keras_vae.load("celeba64")
        >>> model.attributes.direction("Smiling").shape
        (200,)
    """

    names: tuple[str, ...]
    directions: np.ndarray
    counts: np.ndarray | None = None
    scores: np.ndarray | None = None
    dot_errors: np.ndarray | None = None
    cosine_errors: np.ndarray | None = None
    method: str = "mean"
    balance: tuple[str, ...] = ()
    model: str | None = None
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        size = len(self.names)
        shapes = {
            "directions": (size, (np.shape(self.directions) or (0,))[-1]),
            "counts": (size, 2),
            "scores": (size, 3),
            "dot_errors": (size, size),
            "cosine_errors": (size, size),
        }
        for name, expected in shapes.items():
            array = getattr(self, name)
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
        progress: Progress | None = None,
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
        having, errors = present[:, columns].sum(axis=0), (None, None)
        if fits:
            errors = standard_errors(np.stack([fit.replicates for fit in fits], axis=1))
        return cls(
            tuple(names[column] for column in columns),
            np.reshape([fit.direction for fit in fits], (-1, z.shape[1])).astype(np.float32),
            np.stack([having, len(z) - having], axis=1),
            None if held_out is None else _score(fits, columns, held_out),
            *errors,
            method,
            balance,
        )

    def index(self, name: str) -> int:
        """Look up the index of an attribute.

        Raises:
            ValueError: If there is none of that name; the message lists near ones.
        """
        if name not in self.names:
            raise ValueError(f"No attribute is called {name!r}. {near_names(name, self.names)}")
        return self.names.index(name)

    def direction(self, name: str) -> np.ndarray:
        """Look a direction up, [L]; see `index`."""
        return self.directions[self.index(name)]

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write an .npz file atomically: an array for each attribute of the class that is known.

        Raises:
            FileExistsError: If the file exists and `overwrite` is False.
        """
        known = {name: value for name, value in vars(self).items() if value is not None}

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
            arrays = read_arrays(path)
            known = {each.name: arrays[each.name] for each in fields(cls) if each.name in arrays}
            known["names"] = tuple(map(str, known["names"]))
            with np.errstate(over="ignore"):  # what is too large is infinite, and refused
                known["directions"] = known["directions"].astype(np.float32)
            for name in ("method", "model", "fingerprint"):
                if name in known:
                    known[name] = str(known[name])
            known["balance"] = tuple(map(str, known.get("balance", ())))
            return cls(**known)
        except FileNotFoundError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path} holds no attribute directions: {first_line(error)}"
            ) from error


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
