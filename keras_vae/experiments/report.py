"""The page of all claims: what was claimed, what was measured, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..files.atomic import write_text
from . import EXPERIMENTS, get_experiment
from .claims import CLAIMS
from .workspace import Workspace

HEAD = """\
# The reports' experiments, repeated

Written by `kvae experiment report`; nothing here is typed by hand. Each experiment is repeated by
the command beside it, keeps what it has trained, and goes on where it was stopped. Add
`--data-dir DIR` with the data sets' files: a folder with `mnist/`, `fashion-mnist/`, and CelebA in
`celeba/` or as `celeba….npz`. Losses in nats are means over images; intervals are of 95 % over
seeds. Pictures of faces show what models drew, never a photo.
"""


def write_report(results: Path, page: Path) -> Path:
    """Write the page, and the tables and figures of finished experiments beside it.

    Args:
        results: Folder that the experiments were run in.
        page: The page; the folder beside it, of its name, gets a folder for each experiment, and
            may be `results` itself. What is there of experiments that `results` does not have stays
            as it is.

    Returns:
        The page.
    """
    folder = page.with_suffix("")
    for name in EXPERIMENTS:
        experiment = get_experiment(name)
        finished = experiment.results(Workspace(results))
        if finished.complete:
            experiment.write(finished, folder / name)
    found = _read(folder)
    text = "\n".join([HEAD, *_summary(found), *_sections(found, folder.name)])
    return write_text(page, text, overwrite=True)


def _read(folder: Path) -> dict[str, dict[str, Any]]:
    """The verdicts of every experiment that has some, by its name."""
    files = {name: folder / name / "verdicts.json" for name in EXPERIMENTS}
    return {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}


def _summary(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """One line for each claim."""
    judged = {
        verdict["claim"]: verdict["verdict"]
        for facts in found.values()
        for verdict in facts["verdicts"]
    }
    yield "| id | report | claim | verdict | command |\n|---|---|---|---|---|"
    for claim, about in CLAIMS.items():
        verdict = "not measured yet"
        if claim in judged:
            verdict = f"[{judged[claim]}](#{claim.lower()})"
        command = f"`kvae experiment {about.experiment}`"
        yield f"| {claim} | {about.report} | {about.text} | {verdict} | {command} |"
    yield ""


def _sections(found: dict[str, dict[str, Any]], folder: str) -> Iterator[str]:
    """What was measured, experiment by experiment."""
    for name, facts in found.items():
        yield f"## `kvae experiment {name}`\n"
        models = f"{facts['models']} model{'s' * (facts['models'] != 1)}"
        yield (
            f"{facts['budget']}: {models}, {facts['core_minutes']:.0f} minutes of one core, "
            f"TensorFlow {', '.join(facts['tensorflow'])}. "
            f"[Every number]({folder}/{name}/results.csv).\n"
        )
        for verdict in facts["verdicts"]:
            yield from _section(verdict, f"{folder}/{name}")


def _section(verdict: dict[str, Any], folder: str) -> Iterator[str]:
    about = CLAIMS[verdict["claim"]]
    yield f"### {verdict['claim']}\n"
    yield f"- Claimed ({about.report}; {about.setting}): {about.text}."
    yield f"- Measured: {verdict['measured']}."
    yield f"- Verdict: **{verdict['verdict']}**. {verdict['why']}".rstrip() + "\n"
    for figure in verdict["figures"]:
        yield f"![{Path(figure).stem}]({folder}/{figure})\n"


__all__ = ["write_report"]
