"""Wolfram note, figure 6: how many rounds of training are enough."""

from __future__ import annotations

from itertools import pairwise

from PIL.Image import Image

from ..plotting import Line, Panel, line_plot
from .results import Results
from .verdicts import Verdict

# Flat: the last two rounds bring less than 5 % of what all rounds after the first bring.
LAST, FLAT, NEARLY_FLAT = 2, 0.05, 0.1
TERMS = {"Loss": "loss", "Squared error": "reconstruction_loss", "KL divergence": "kl_loss"}


def figures(results: Results) -> dict[str, Image]:
    """The loss and its two terms by round, as the note's figure 6."""
    (row,) = results.rows
    arrays = results.arrays(row)
    rounds = range(1, row["epochs"] + 1)
    panels = []
    for title, column in TERMS.items():
        curves = [
            Line("training", rounds, arrays[f"history_{column}"]),
            Line("validation", rounds, arrays[f"history_val_{column}"], colour=1, dashed=True),
        ]
        panels.append(Panel(title, ("round", "sum over an image"), curves))
    caption = (
        "Training: mean over each round. Validation: after each round, by the moving averages of "
        "batch normalization, which need some seven rounds of 80 steps to follow."
    )
    title = "celeba-wolfram: ten rounds of 40,000 faces"
    return {"rounds.png": line_plot(panels, title=title, caption=caption)}


def verdicts(results: Results) -> list[Verdict]:
    """W1: the curve is flat after ten rounds."""
    (row,) = results.rows
    losses = results.arrays(row)["history_loss"]
    falls = [before - after for before, after in pairwise(losses)]
    first, last = (float(sum(part) / sum(falls)) for part in (falls[:LAST], falls[-LAST:]))
    numbers = {"start": losses[0], "end": losses[-1], "first": first, "last": last}
    return [Verdict.of("W1", last < FLAT, last < NEARLY_FLAT, **numbers, **row)]
