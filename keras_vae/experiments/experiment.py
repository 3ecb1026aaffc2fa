"""What an experiment is: cells, figures, verdicts; and the one way to run any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..training.run_directory import write_json
from .cell import Cell
from .pool import train_cells
from .results import Results
from .store import Store
from .verdicts import Verdict
from .workplace import Workplace

if TYPE_CHECKING:
    from PIL.Image import Image

CELLS, TRIALS = "cells", "trials"


@dataclass(frozen=True)
class Experiment:
    """A report's experiment.

    Attributes:
        name: What `kvae experiment` takes.
        claims: Ids of the claims that it judges.
        budget: What it trains and measures, in words.
        cells: What it trains and measures first.
        figures: Draws the results: file name → picture.
        verdicts: Judges them.
        refine: What it trains once the first cells are done, by their results: more seeds where
            the best are close.
    """

    name: str
    claims: tuple[str, ...]
    budget: str
    cells: Callable[[], list[Cell]]
    figures: Callable[[Results], dict[str, Image]]
    verdicts: Callable[[Results], list[Verdict]]
    refine: Callable[[Results], list[Cell]] = lambda results: []

    def state(self, store: Store) -> tuple[int, int, bool]:
        """Count the finished cells and all that are known of; and whether that is the whole."""
        first = self.cells()
        results = Results.read(store, first)
        whole = len(results.rows) == len(first)
        known = first + (self.refine(results) if whole else [])
        done = len(Results.read(store, known).rows)
        return done, len(known), whole and done == len(known)

    def results(self, store: Store) -> Results:
        """Read what is finished."""
        first = self.cells()
        results = Results.read(store, first)
        if len(results.rows) < len(first):
            return results
        return Results.read(store, first + self.refine(results))


def store_in(folder: Path) -> Store:
    """The cells of all experiments of a folder: two that ask for the same share it."""
    return Store(folder / CELLS)


def run(
    experiment: Experiment,
    folder: Path,
    place: Workplace,
    *,
    limit: int | None = None,
    epochs: int | None = None,
    **watching: Any,
) -> tuple[list[Path], dict[str, str]]:
    """Train what is missing, and write table, figures and verdicts.

    Args:
        experiment: Which.
        folder: Where results go, in a folder of the experiment's name.
        place: Data, and the store of cells.
        limit: A trial: only so many cells of the first stage.
        epochs: A trial: so many epochs.
        **watching: `jobs`, `preparing`, `progress` and `finished` of `train_cells`.

    Returns:
        The files that were written, and what went wrong, by cell. A trial, and an experiment of
        which cells failed, gets its table only.
    """
    if limit is not None or epochs is not None:
        cells = [cell.override(epochs=epochs) for cell in experiment.cells()[:limit]]
        failures = train_cells(cells, place, **watching)
        table = Results.read(place.store, cells)
        return [table.write_csv(folder / TRIALS / experiment.name / "results.csv")], failures
    cells = experiment.cells()
    failures = train_cells(cells, place, **watching)
    if not failures:
        cells += experiment.refine(Results.read(place.store, cells))
        failures = train_cells(cells, place, **watching)
    results = Results.read(place.store, cells)
    if failures:
        return [results.write_csv(folder / experiment.name / "results.csv")], failures
    return write(experiment, results, folder / experiment.name), {}


def write(experiment: Experiment, results: Results, folder: Path) -> list[Path]:
    """Write table, figures and verdicts of finished results."""
    from ..files.pictures import save

    files = [results.write_csv(folder / "results.csv")]
    for name, picture in experiment.figures(results).items():
        files.append(save(picture, folder / name, overwrite=True))
    write_json(folder / "verdicts.json", facts(experiment, results))
    return [*files, folder / "verdicts.json"]


def facts(experiment: Experiment, results: Results) -> dict[str, Any]:
    """What the report says of an experiment, JSON-ready."""
    return {
        "experiment": experiment.name,
        "budget": experiment.budget,
        "models": len(results.rows),
        "core_minutes": round(sum(row["cpu_seconds"] for row in results.rows) / 60, 1),
        "tensorflow": results.distinct("tensorflow"),
        "verdicts": [asdict(verdict) for verdict in experiment.verdicts(results)],
    }
