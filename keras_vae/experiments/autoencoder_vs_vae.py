"""Zhao 2023, section 1.3, figure 1: where the codes of an autoencoder lie, and those of a VAE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .cell import Cell, Training
from .experiment import Experiment
from .results import Results
from .samples import sample_sheet
from .verdicts import Verdict, judge, lower, with_interval

if TYPE_CHECKING:
    from PIL.Image import Image

SEEDS = (0, 1, 2)
KINDS = {False: "plain autoencoder", True: "VAE"}  # by whether z is drawn
FILES = {False: "autoencoder.png", True: "vae.png"}


def cells() -> list[Cell]:
    """The dense network at z = 2, with and without noise and KL divergence."""
    measures = ("losses", "coverage", "latents", "samples")
    return [
        Training("mnist-zhao-mlp", {"stochastic": stochastic}, seed, measures=measures)
        for stochastic in KINDS
        for seed in SEEDS
    ]


def figures(results: Results) -> dict[str, Image]:
    """A scatter of each, and draws from the prior through both decoders."""
    from ..plotting import scatter

    pictures, models = {}, {}
    for stochastic, name in KINDS.items():
        (row,) = results.where(stochastic=stochastic, seed=0)
        arrays = results.arrays(row)
        models[name] = row
        pictures[FILES[stochastic]] = scatter(
            arrays["z_mean"],
            arrays["labels"],
            [str(digit) for digit in np.unique(arrays["labels"])],
            axes=("z 0", "z 1"),
            title=f"MNIST's test images in the latent space of a {name}",
            caption=f"Codes spread by {row['code_spread']:.2f} about their mean (the prior: 1); "
            f"{row['prior_coverage']:.1%} of draws from N(0, I) land near one.",
        )
    pictures["draws.png"] = sample_sheet(results, models, "Draws from N(0, I), decoded")
    return pictures


def verdicts(results: Results) -> list[Verdict]:
    """Whether the autoencoder's codes spread wide with gaps, and the VAE's gather at the origin."""
    spread, covered = (
        {kind: results.values(column, stochastic=kind) for kind in KINDS}
        for column in ("code_spread", "prior_coverage")
    )
    wide = lower(spread[True], spread[False])
    gaps = lower(covered[False], covered[True])
    measured = "; ".join(
        f"{name}: spread {with_interval(spread[kind])}, share of N(0, I) near some code "
        f"{with_interval(covered[kind], 3)}"
        for kind, name in KINDS.items()
    )
    why = (
        "Over three seeds. A draw is near if it is as near as 99 % of draws lie to one of as many "
        "codes drawn from N(0, I) itself."
    )
    figures = (*FILES.values(), "draws.png")
    return [Verdict("Z0", judge(wide and gaps, wide or gaps), measured, why, figures)]


EXPERIMENT = Experiment(
    "autoencoder-vs-vae", ("Z0",), "6 models of MNIST, 15 epochs each", cells, figures, verdicts
)
