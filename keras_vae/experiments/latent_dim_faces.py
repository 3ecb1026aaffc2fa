"""Astorga et al. 2025, section 5.2.3: how many latent dimensions faces need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cell import Cell, Training
from .experiment import Experiment
from .results import Results
from .samples import sample_sheet
from .verdicts import EXTRACTOR, Verdict, each, intervals, judge, lower, with_interval

if TYPE_CHECKING:
    from PIL.Image import Image

LATENTS = (2, 8, 16, 32, 64, 96)
BEST, WORSE = (32, 64), 96  # as claimed
SEEDS = (0, 1, 2)
IMAGES, EPOCHS = 20_000, 5
PANELS = {  # title → (unit, column)
    "Held-out faces: −ELBO": ("nats", "test_loss"),
    "Held-out faces: reconstruction": ("MSE of a pixel", "test_mse_of_mean"),
    "Draws from N(0, I)": ("FID", "sample_fid"),
}


def cell(latent_dim: int, seed: int = 0) -> Cell:
    """One of the report's models."""
    return Training(
        "celeba-astorga",
        {"latent_dim": latent_dim, "epochs": EPOCHS},
        seed,
        limit=IMAGES,
        measures=("losses", "samples", "fid", "probes", "traversals"),
    )


def cells() -> list[Cell]:
    """A model of each size."""
    return [cell(latent) for latent in LATENTS]


def refine(results: Results) -> list[Cell]:
    """More seeds of the sizes that the claim compares."""
    return [cell(latent, seed) for latent in (*BEST, WORSE) for seed in SEEDS[1:]]


def figures(results: Results) -> dict[str, Image]:
    """Likelihood, error and distance by z; samples by z."""
    from ..plotting import Line, Panel, line_plot

    panels = []
    for colour, (title, (unit, column)) in enumerate(PANELS.items()):
        means, halves = intervals([results.values(column, latent_dim=z) for z in LATENTS])
        curve = Line("", LATENTS, means, halves, colour)
        panels.append(Panel(title, ("latent dimensions", unit), [curve], "x", LATENTS))
    models = {f"z = {z}": results.where(latent_dim=z, seed=0)[0] for z in LATENTS}
    return {
        "latent-dim-faces.png": line_plot(
            panels,
            title="Astorga et al.: latent dimensions for faces of 64×48",
            caption=f"{EXTRACTOR} Bars are 95 % intervals of three seeds.",
        ),
        "latent-dim-faces-samples.png": sample_sheet(
            results, models, "celeba-astorga: draws from the prior"
        ),
    }


def verdicts(results: Results) -> list[Verdict]:
    """A2: the draws of 32 or 64 dimensions are nearest to photos, those of 96 farther away."""
    fid = {latent: results.values("sample_fid", latent_dim=latent) for latent in LATENTS}
    means, _ = intervals(list(fid.values()))
    best = LATENTS[means.index(min(means))]
    worse = best in BEST and lower(fid[best], fid[WORSE])
    losses = [results.mean("test_loss", latent_dim=latent) for latent in LATENTS]
    errors = [results.mean("test_mse_of_mean", latent_dim=latent) for latent in LATENTS]
    measured = (
        f"at z = {each(LATENTS, 0)}: FID of draws "
        f"{', '.join(with_interval(values) for values in fid.values())}, the least at {best}; "
        f"−ELBO {each(losses)} nats; MSE {each(errors, 4)}"
    )
    why = (
        "The report looked at one draw of each. Trained on 20,000 faces for 5 epochs, which is "
        f"less than it had. {EXTRACTOR}"
    )
    figures = ("latent-dim-faces.png", "latent-dim-faces-samples.png")
    return [Verdict("A2", judge(worse, best in BEST), measured, why, figures)]


EXPERIMENT = Experiment(
    "latent-dim-faces",
    ("A2",),
    "6 models of 20,000 faces of 64×48, 5 epochs each; two more seeds of z = 32, 64, 96",
    cells,
    figures,
    verdicts,
    refine,
)
