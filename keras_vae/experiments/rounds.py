"""Wolfram note, figure 6: how many rounds of training are enough."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .cell import Cell, Training
from .experiment import Experiment
from .results import Results
from .verdicts import Verdict, judge

if TYPE_CHECKING:
    from PIL.Image import Image

ROUNDS, IMAGES = 10, 40_000
# Flat: the last two rounds bring less than 5 % of what all rounds after the first bring.
LAST, FLAT, NEARLY_FLAT = 2, 0.05, 0.1
WOLFRAM = Training(
    "celeba-wolfram",
    {"epochs": ROUNDS},
    limit=IMAGES,
    watch="validation",
    measures=("losses", "samples"),
)


def cells() -> list[Cell]:
    """The report's model."""
    return [WOLFRAM]


def figures(results: Results) -> dict[str, Image]:
    """The loss and its two terms by round, as the note's figure 6; draws."""
    from ..files.pictures import grid
    from ..plotting import Line, Panel, line_plot

    (row,) = results.rows
    arrays = results.arrays(row)
    rounds = range(1, row["epochs"] + 1)
    panels = []
    terms = {"Loss": "loss", "Squared error": "reconstruction_loss", "KL divergence": "kl_loss"}
    for title, column in terms.items():
        curves = [
            Line("training", rounds, arrays[f"history_{column}"]),
            Line("validation", rounds, arrays[f"history_val_{column}"], colour=1, dashed=True),
        ]
        panels.append(Panel(title, ("round", "sum over an image"), curves))
    caption = (
        "Training: mean over each round. Validation: after each round, by the moving averages of "
        "batch normalisation, which need some seven rounds of 80 steps to follow."
    )
    title = f"celeba-wolfram: ten rounds of {IMAGES:,} faces"
    return {
        "rounds.png": line_plot(panels, title=title, caption=caption),
        "rounds-draws.png": grid(arrays["samples"]),
    }


def verdicts(results: Results) -> list[Verdict]:
    """W1: the curve is flat after ten rounds."""
    (row,) = results.rows
    losses = results.arrays(row)["history_loss"]
    share = last_share(losses)
    falls = [a - b for a, b in pairwise(losses)]
    measured = (
        f"training loss {losses[0]:.1f} in the first round, {losses[-1]:.1f} in the last; the last "
        f"two rounds bring {share:.1%} of the fall (the first two after it "
        f"{sum(falls[:LAST]) / sum(falls):.1%}); validation loss {row['test_loss']:.1f}"
    )
    why = (
        f"Ten rounds of {IMAGES:,} faces, where the note has 202,599: about a fifth of its steps. "
        "Flat is less than 5 %."
    )
    figures = ("rounds.png", "rounds-draws.png")
    return [Verdict("W1", judge(share < FLAT, share < NEARLY_FLAT), measured, why, figures)]


def last_share(losses: np.ndarray) -> float:
    """Share of the fall from first to last that the last two rounds bring."""
    return float((losses[-1 - LAST] - losses[-1]) / (losses[0] - losses[-1]))


EXPERIMENT = Experiment(
    "rounds",
    ("W1",),
    "One model of 40,000 faces of 32×32, 10 epochs in batches of 500",
    cells,
    figures,
    verdicts,
)
