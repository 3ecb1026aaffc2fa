"""Jiang 2024, section 4: which dense network is enough for MNIST."""

from __future__ import annotations

import numpy as np
from PIL.Image import Image

from ..plotting import Line, Panel, line_plot
from .results import Results, Seeds
from .verdicts import Verdict, near
from .workspace import Row

LATENTS = (3, 5, 10, 20)
BEST = {3: "512-256-128", 5: "512-256-64", 10: "512-256", 20: "512"}  # as claimed
OVERALL = "512-256"
CLAIMED_LOSS = 115.0  # of the best at z = 3
NEAREST = 3  # architectures of each z that are trained with more seeds
CLOSE = 0.01  # share of the best loss within which an architecture is as good
LOSS = "test_reconstruction_loss"
AXES = ("parameters", "test binary cross-entropy, nats")


def losses(results: Results, latent: int, name: str) -> Seeds:
    """The test losses of an architecture."""
    return results.values(LOSS, latent_dim=latent, hidden=name)


def ranking(results: Results, latent: int) -> list[str]:
    """Architectures by their mean test loss, the best first."""
    names = results.distinct("hidden", latent_dim=latent)
    return sorted(names, key=lambda name: losses(results, latent, name).mean)


def minimal(results: Results, latent: int) -> str:
    """The architecture of fewest parameters that is as good as the best one.

    As good means within 1 % of its loss, or within the 95 % interval of its seeds if that is wider.
    """
    best = losses(results, latent, ranking(results, latent)[0])
    enough = best.mean + max(CLOSE * best.mean, best.half if np.isfinite(best.half) else 0.0)
    good = [row for row in results.where(latent_dim=latent, seed=0) if row[LOSS] <= enough]
    return min(good, key=lambda row: row["parameters"])["hidden"]


def repeated(results: Results) -> list[Row]:
    """The best of each latent, and the best according to the report."""
    return [
        results.row(latent_dim=latent, hidden=name)
        for latent in LATENTS
        for name in dict.fromkeys([*ranking(results, latent)[:NEAREST], BEST[latent], OVERALL])
    ]


def figures(results: Results) -> dict[str, Image]:
    """Parameters against test loss, as Jiang's figures 6 and 7."""
    panels = [_panel(results, latent) for latent in LATENTS]
    caption = (
        "The ring marks the smallest network whose loss is within 1 % of the best, or within its "
        "95 % interval over seeds."
    )
    picture = line_plot(panels, title="Architectures for MNIST", caption=caption)
    return {"architectures.png": picture}


def _panel(results: Results, latent: int) -> Panel:
    """The networks of a latent, those of so many layers in one colour, the smallest first."""
    rows = results.where(latent_dim=latent, seed=0)
    lines = []
    for layers in range(1, 6):
        chosen = [row for row in rows if len(row["hidden"].split("-")) == layers]
        chosen.sort(key=lambda row: row["parameters"])
        xs, ys = ([row[column] for row in chosen] for column in ("parameters", LOSS))
        labels = [_brackets(row["hidden"]).replace(" ", "") for row in chosen]
        name = f"{layers} hidden layer{'s' * (layers > 1)}"
        lines.append(Line(name, xs, ys, colour=layers - 1, labels=labels))
    smallest = _brackets(minimal(results, latent))
    title, circled = f"z = {latent}: minimal {smallest}", smallest.replace(" ", "")
    return Panel(title, AXES, lines, log="x", circled=circled)


def verdicts(results: Results) -> list[Verdict]:
    """J2: its best are the best, its 32-wide layers harm, and [512, 256] is enough."""
    best = {latent: losses(results, latent, ranking(results, latent)[0]) for latent in LATENTS}
    claimed = {latent: losses(results, latent, BEST[latent]) for latent in LATENTS}
    held = all(not _better(results, latent) for latent in LATENTS)
    close = all(claimed[latent].mean / best[latent].mean - 1 <= CLOSE for latent in LATENTS)
    overall = max(losses(results, z, OVERALL).mean / best[z].mean - 1 for z in LATENTS)
    changes = _changes_by_32(results)
    harm = changes.mean - changes.half > 0
    verdict = Verdict.of(
        "J2",
        held and harm and overall <= CLOSE and near(claimed[3].mean, CLAIMED_LOSS),
        close or harm,
        [_line(results, latent) for latent in LATENTS],
        agreed=sum(minimal(results, latent) == name for latent, name in BEST.items()),
        overall=overall,
        changes=changes,
        worse=sum(change > 0 for change in changes),
        pairs=len(changes),
    )
    return [verdict]


def _better(results: Results, latent: int) -> bool:
    """Whether an architecture with several seeds is better than the claimed one."""
    claimed = losses(results, latent, BEST[latent])
    return any(losses(results, latent, name).lower(claimed) for name in ranking(results, latent))


def _line(results: Results, latent: int) -> dict[str, object]:
    best, claimed = ranking(results, latent)[0], ""
    if best != BEST[latent]:
        relation = "worse" if _better(results, latent) else "no significant difference"
        loss = losses(results, latent, BEST[latent])
        claimed = f", the report's {_brackets(BEST[latent])} {loss:.2f} ({relation})"
    return {
        "latent": latent,
        "best": _brackets(best),
        "loss": losses(results, latent, best),
        "claimed": claimed,
        "minimal": _brackets(minimal(results, latent)),
    }


def _brackets(name: str) -> str:
    return f"[{name.replace('-', ', ')}]"


def _changes_by_32(results: Results) -> Seeds:
    """By how much a last layer of 32 raises the loss, over all pairs with and without it."""
    return Seeds(
        losses(results, latent, f"{name}-32")[0] - losses(results, latent, name)[0]
        for latent in LATENTS
        for name in results.distinct("hidden", latent_dim=latent)
        if "32" not in name.split("-")
    )
