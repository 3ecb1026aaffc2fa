"""The page of all claims, with the numbers and the verdicts of the finished experiments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..files.atomic import OutputGroup, check_free, write_text
from ..files.templates import templates
from ..training.run_directory import read_json
from . import EXPERIMENTS, get_experiment
from .claims import CLAIMS
from .workspace import Workspace


def write_report(results: Path, page: Path, *, overwrite: bool = False) -> Path:
    """Write the page, and the tables and figures of the finished experiments beside it.

    Args:
        results: Folder of the experiments' results.
        page: The page. The folder of its name without the suffix gets a folder for each finished
            experiment; it may be `results` itself. Other experiments in it are unchanged.
        overwrite: Whether an existing page, tables and figures are overwritten.

    Returns:
        The page.

    Raises:
        ValueError: If the page has no suffix.
        FileExistsError: If a file exists and `overwrite` is False; nothing is written then.
    """
    if not page.suffix:
        raise ValueError(
            "`page` must be a file with a suffix, such as report.md: tables and figures are "
            f"written to the folder of its name without it. Received: {page}."
        )
    check_free(page, overwrite=overwrite)
    folder, found = page.with_suffix(""), {}
    with OutputGroup() as group:
        for name in EXPERIMENTS:
            experiment, known = get_experiment(name), folder / name / "verdicts.json"
            finished = experiment.results(Workspace(results))
            if finished.complete:
                experiment.write(finished, folder / name, group, overwrite=overwrite)
                found[name] = experiment.summary(finished)
            elif known.exists():
                found[name] = read_json(known)
        text = _page(found, folder.name)
        return write_text(page, text, overwrite=overwrite, group=group)


def _page(found: Mapping[str, Any], folder: str) -> str:
    """Write the page of the summaries of experiments, whose files are in a folder beside it."""
    verdicts = [verdict for summary in found.values() for verdict in summary["verdicts"]]
    judged = {verdict["claim"]: verdict["verdict"] for verdict in verdicts}
    template = templates(__package__).get_template("reproduction.md.j2")
    text = template.render(claims=CLAIMS, judged=judged, found=found, folder=folder)
    return f"{text.rstrip()}\n"
