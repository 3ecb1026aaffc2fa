"""The page of all claims, with the numbers and the verdicts of the finished experiments."""

from __future__ import annotations

from pathlib import Path

from ..files.atomic import check_free, write_text
from ..files.templates import templates
from ..training.run_directory import read_json
from . import EXPERIMENTS, get_experiment
from .claims import CLAIMS
from .workspace import Workspace


def write_report(results: Path, page: Path, *, overwrite: bool = False) -> Path:
    """Write the page, and the tables and figures of the finished experiments beside it.

    Args:
        results: Folder of the experiments' results.
        page: The page. The folder of its name gets a folder for each finished experiment; it may
            be `results` itself. Other experiments in it are unchanged.
        overwrite: Whether an existing page is overwritten.

    Returns:
        The page.

    Raises:
        FileExistsError: If the page exists and `overwrite` is False; nothing is written then.
    """
    check_free(page, overwrite=overwrite)
    folder = page.with_suffix("")
    for name in EXPERIMENTS:
        experiment = get_experiment(name)
        finished = experiment.results(Workspace(results))
        if finished.complete:
            experiment.write(finished, folder / name)
    files = {name: folder / name / "verdicts.json" for name in EXPERIMENTS}
    found = {name: read_json(file) for name, file in files.items() if file.exists()}
    verdicts = [verdict for summary in found.values() for verdict in summary["verdicts"]]
    judged = {verdict["claim"]: verdict["verdict"] for verdict in verdicts}
    template = templates(__package__).get_template("reproduction.md.j2")
    text = template.render(claims=CLAIMS, judged=judged, found=found, folder=folder.name)
    return write_text(page, f"{text.rstrip()}\n", overwrite=overwrite)
