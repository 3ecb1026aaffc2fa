"""An experiment: its cells, figures and verdicts; and how each of them is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..files.atomic import OutputGroup, check_free, write_text
from ..files.pictures import save
from ..training.run_directory import json_text
from .cell import Cell, expand
from .claims import CLAIMS, EXPERIMENTS
from .figures import listed_figures
from .pool import train_cells
from .results import Results
from .verdicts import Verdict
from .workspace import Row, Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

TRIALS = "trials"
MORE_SEEDS = (1, 2)  # of the second stage


@dataclass(frozen=True)
class Experiment:
    """An experiment of a report.

    Attributes:
        name: Name that `kvae experiment` takes.
        module: Module of this package with a function `verdicts` of the results, and perhaps
            `figures`, which draws more than `experiments.toml` lists, and `repeated`, which chooses
            the rows of the cells that the second stage trains with more seeds.
    """

    name: str
    module: ModuleType

    @property
    def claims(self) -> tuple[str, ...]:
        """Ids of the claims that it judges."""
        return tuple(name for name, claim in CLAIMS.items() if claim.experiment == self.name)

    @property
    def budget(self) -> str:
        """What it trains and measures, in words."""
        return EXPERIMENTS[self.name]["budget"]

    def cells(self) -> list[Cell]:
        """What it trains or measures first."""
        cells = EXPERIMENTS[self.name]["cells"]
        entries = EXPERIMENTS[cells]["cells"] if isinstance(cells, str) else cells
        return [cell for entry in entries for cell in expand(entry)]

    def refine(self, results: Results) -> list[Cell]:
        """What it trains next, by the results of the first stage: more seeds of some cells."""
        cells = {cell.key: cell for cell in self.cells()}
        repeated: Callable[[Results], list[Row]] = getattr(self.module, "repeated", lambda _: [])
        return [
            replace(cells[row["cell"]], seed=seed)
            for row in repeated(results)
            for seed in MORE_SEEDS
        ]

    def results(self, workspace: Workspace) -> Results:
        """Read the finished cells of the first stage, and of the second once it is known."""
        first = Results.read(workspace, self.cells())
        if not first.complete:
            return first
        return Results.read(workspace, self.cells() + self.refine(first))

    def figures(self, results: Results) -> dict[str, Image]:
        """Draw the results: file name → picture."""
        more = getattr(self.module, "figures", lambda _: {})
        return listed_figures(results, EXPERIMENTS[self.name]) | more(results)

    def verdicts(self, results: Results) -> list[Verdict]:
        """Judge its claims by the results."""
        return self.module.verdicts(results)

    def write(
        self, results: Results, folder: Path, group: OutputGroup, *, overwrite: bool = True
    ) -> list[Path]:
        """Write table, figures and verdicts of complete results.

        Args:
            results: The results.
            folder: Where the files are written.
            group: The files that they appear together with.
            overwrite: Whether existing files are overwritten.

        Raises:
            FileExistsError: If one exists and `overwrite` is False.
        """
        options = {"overwrite": overwrite, "group": group}
        files = [results.write_csv(folder / "results.csv", **options)]
        for name, picture in self.figures(results).items():
            files.append(save(picture, folder / name, **options))
        summary = json_text(self.summary(results))
        return [*files, write_text(folder / "verdicts.json", summary, **options)]

    def summary(self, results: Results) -> dict[str, Any]:
        """The verdicts on complete results, and what was spent on them, as JSON holds them."""
        return {
            "experiment": self.name,
            "budget": self.budget,
            "models": len(results.rows),
            "core_minutes": round(sum(row["cpu_seconds"] for row in results.rows) / 60, 1),
            "tensorflow": results.distinct("tensorflow"),
            "verdicts": [asdict(verdict) for verdict in self.verdicts(results)],
        }

    def run(
        self,
        workspace: Workspace,
        *,
        limit: int | None = None,
        epochs: int | None = None,
        **options: Any,
    ) -> tuple[list[Path], dict[str, str]]:
        """Train what is missing, and write table, figures and verdicts to a folder of its name.

        Args:
            workspace: Data sets and cells.
            limit: For a trial: maximum number of cells of the first stage.
            epochs: For a trial: number of epochs.
            **options: `jobs`, `preparing`, `progress` and `finished` of `train_cells`.

        Returns:
            The files that were written, and the errors by the cell's key. A trial, and an
            experiment of which cells failed, writes its table only, if a cell is finished.

        Raises:
            OSError: If the folder of the results cannot be written to; nothing is trained then.
        """
        trial = limit is not None or epochs is not None
        folder = workspace.folder / (TRIALS if trial else "") / self.name
        check_free(folder / "results.csv", overwrite=True)
        cells = self.cells()
        if trial:
            cells = [cell.override(epochs=epochs) for cell in cells[:limit]]
        failures = train_cells(cells, workspace, **options)
        if not trial and not failures:
            cells += self.refine(Results.read(workspace, cells))
            failures = train_cells(cells, workspace, **options)
        results = Results.read(workspace, cells)
        if trial or failures:
            written = [results.write_csv(folder / "results.csv")] if results.rows else []
            return written, failures
        with OutputGroup() as group:
            return self.write(results, folder, group), {}
