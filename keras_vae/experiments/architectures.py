"""Jiang 2024, section 4: which dense network is enough for MNIST."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from .cell import Cell, Training, plain
from .experiment import Experiment
from .results import Results
from .verdicts import Verdict, interval, judge, lower, near, with_interval

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTHS = (512, 256, 128, 64, 32)
LATENTS = (3, 5, 10, 20)
BEST = {3: "512-256-128", 5: "512-256-64", 10: "512-256", 20: "512"}  # as claimed
OVERALL = "512-256"
CLAIMED_LOSS = 115.0  # of the best at z = 3
NEAREST = 3  # architectures of each z that more seeds are spent on
SEEDS = (0, 1, 2)
CLOSE = 0.01  # share of the best loss within which an architecture is as good
LOSS = "test_reconstruction_loss"


def architectures() -> list[tuple[int, ...]]:
    """The non-empty subsets of the widths, decreasing, those of fewer layers first."""
    return [
        subset
        for layers in range(1, len(WIDTHS) + 1)
        for subset in combinations(sorted(WIDTHS, reverse=True), layers)
    ]


def cell(latent_dim: int, hidden: tuple[int, ...], seed: int = 0) -> Cell:
    """One model, as the report trains it: Adam's usual rate, Keras's usual start."""
    return Training(
        "mnist",
        {
            "hidden": hidden,
            "latent_dim": latent_dim,
            "spread": False,
            "decay": "constant",
            "learning_rate": 1e-3,
            "epochs": 20,
        },
        seed=seed,
        tolerance=0.01,
        measures=("losses", "batch"),
    )


def cells() -> list[Cell]:
    """31 architectures × 4 latents."""
    return [cell(latent, hidden) for hidden in reversed_widths() for latent in LATENTS]


def reversed_widths() -> list[tuple[int, ...]]:
    """The architectures, small ones first: a trial is quick."""
    return sorted(architectures(), key=lambda hidden: (len(hidden), sum(hidden)))


def refine(results: Results) -> list[Cell]:
    """More seeds for the best of each latent, and for what the report holds to be the best."""
    more = []
    for latent in LATENTS:
        chosen = dict.fromkeys([*ranking(results, latent)[:NEAREST], BEST[latent], OVERALL])
        for name in chosen:
            hidden = tuple(map(int, name.split("-")))
            more += [cell(latent, hidden, seed) for seed in SEEDS[1:]]
    return more


def ranking(results: Results, latent: int) -> list[str]:
    """Architectures by their test loss, the best first."""
    names = results.distinct("hidden", latent_dim=latent)
    return sorted(names, key=lambda name: results.mean(LOSS, latent_dim=latent, hidden=name))


def minimal(results: Results, latent: int) -> str:
    """The architecture of fewest parameters that is as good as the best one.

    As good means within 1 % of its loss, or within the 95 % interval of its seeds if that is wider.
    """
    best = results.values(LOSS, latent_dim=latent, hidden=ranking(results, latent)[0])
    mean, half = interval(best)
    enough = mean + max(CLOSE * mean, half if np.isfinite(half) else 0.0)
    good = [row for row in results.where(latent_dim=latent, seed=0) if row[LOSS] <= enough]
    return min(good, key=lambda row: row["parameters"])["hidden"]


def figures(results: Results) -> dict[str, Image]:
    """Parameters against test loss, as Jiang's figures 6 and 7."""
    from ..plotting import Line, Panel, line_plot

    panels = []
    for latent in LATENTS:
        rows = results.where(latent_dim=latent, seed=0)
        lines = []
        for layers in range(1, len(WIDTHS) + 1):
            chosen = [row for row in rows if _layers(row["hidden"]) == layers]
            chosen.sort(key=lambda row: row["parameters"])
            lines.append(
                Line(
                    f"{layers} hidden layer{'s' * (layers > 1)}",
                    [row["parameters"] for row in chosen],
                    [row[LOSS] for row in chosen],
                    colour=layers - 1,
                    labels=[f"[{str(row['hidden']).replace('-', ',')}]" for row in chosen],
                )
            )
        panels.append(
            Panel(
                f"z = {latent}: minimal [{minimal(results, latent).replace('-', ', ')}]",
                ("parameters", "test binary cross-entropy, nats"),
                lines,
                log="x",
                circled=f"[{minimal(results, latent).replace('-', ',')}]",
            )
        )
    picture = line_plot(
        panels,
        title="Architectures for MNIST",
        caption="The ring marks the smallest network whose loss is within 1 % of the best, or "
        "within its 95 % interval over seeds.",
    )
    return {"architectures.png": picture}


def verdicts(results: Results) -> list[Verdict]:
    """Whether the report's best are the best, its 32-wide layers harm, and [512, 256] is enough."""
    held = {latent: _best_holds(results, latent) for latent in LATENTS}
    close = {latent: _excess(results, latent, BEST[latent]) <= CLOSE for latent in LATENTS}
    harm, widened = _harm_of_32(results)
    overall = max(_excess(results, latent, OVERALL) for latent in LATENTS)
    value = results.mean(LOSS, latent_dim=3, hidden=BEST[3])
    whole = all(held.values()) and harm and overall <= CLOSE and near(value, CLAIMED_LOSS)
    lines = [_line(results, latent, held[latent]) for latent in LATENTS]
    agreed = sum(minimal(results, latent) == best for latent, best in BEST.items())
    lines.append(f"the report's best is the minimal one at {agreed} of {len(BEST)} z")
    lines.append(f"[512, 256] is at most {overall:.1%} above the best of each z")
    lines.append(widened)
    return [
        Verdict(
            "J2",
            judge(whole, all(close.values()) or harm),
            "; ".join(lines),
            "Trained on 55,000 digits, 5,000 being held out for validation, where the report "
            "speaks of 60,000; its learning rate is not stated, ours is Adam's 0.001. It measures "
            "one batch of 128 and one seed; ours are means over the whole test set.",
            ("architectures.png",),
        )
    ]


def _layers(name: str | int) -> int:
    return len(str(name).split("-"))


def _excess(results: Results, latent: int, name: str) -> float:
    """By what share of the best loss an architecture is above it."""
    best = results.mean(LOSS, latent_dim=latent, hidden=ranking(results, latent)[0])
    return results.mean(LOSS, latent_dim=latent, hidden=name) / best - 1.0


def _best_holds(results: Results, latent: int) -> bool:
    """Whether no refined architecture is better than the claimed one beyond the seeds' noise."""
    claimed = results.values(LOSS, latent_dim=latent, hidden=BEST[latent])
    others = (
        results.values(LOSS, latent_dim=latent, hidden=name) for name in ranking(results, latent)
    )
    return not any(lower(values, claimed) for values in others if len(values) > 1)


def _line(results: Results, latent: int, held: bool) -> str:
    best = ranking(results, latent)[0]
    where = {"latent_dim": latent}
    text = f"z = {latent}: best [{best.replace('-', ', ')}]"
    text += f" {with_interval(results.values(LOSS, hidden=best, **where))} nats"
    if best != BEST[latent]:
        claimed = with_interval(results.values(LOSS, hidden=BEST[latent], **where))
        relation = "not told apart from it" if held else "worse"
        text += f", the report's [{BEST[latent].replace('-', ', ')}] {claimed} ({relation})"
    return f"{text}, minimal [{minimal(results, latent).replace('-', ', ')}]"


def _harm_of_32(results: Results) -> tuple[bool, str]:
    """Whether a last layer of 32 raises the loss, over all pairs with and without it."""
    gaps = []
    for hidden in architectures():
        if 32 in hidden:
            continue
        for latent in LATENTS:
            pair = (plain((*hidden, 32)), plain(hidden))
            with_, without = (
                results.where(latent_dim=latent, hidden=name, seed=0)[0][LOSS] for name in pair
            )
            gaps.append(with_ - without)
    mean, half = interval(gaps)
    worse = sum(gap > 0 for gap in gaps)
    text = (
        f"a 32-wide layer next to the latent changes the loss by {with_interval(gaps)} nats, "
        f"for the worse in {worse} of {len(gaps)} pairs"
    )
    return mean - half > 0, text


EXPERIMENT = Experiment(
    "architectures",
    ("J2",),
    "124 models of MNIST, 20 epochs each; two more seeds of the best",
    cells,
    figures,
    verdicts,
    refine,
)
