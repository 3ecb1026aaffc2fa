"""Astorga et al. 2025, section 5.2.3: how many latent dimensions faces need."""

from __future__ import annotations

from .results import Results
from .verdicts import Verdict
from .workspace import Row

LATENTS = (2, 8, 16, 32, 64, 96)
BEST, WORSE = (32, 64), 96  # as claimed


def repeated(results: Results) -> list[Row]:
    """The sizes that the claim compares."""
    return [results.row(latent_dim=latent) for latent in (*BEST, WORSE)]


def verdicts(results: Results) -> list[Verdict]:
    """A2: the samples of 32 or 64 dimensions are nearest to photos, those of 96 farther away."""
    fid, loss, error = (
        results.series(column, "latent_dim", LATENTS)
        for column in ("sample_fid", "test_loss", "test_mse_of_mean")
    )
    best = min(range(len(LATENTS)), key=fid.means.__getitem__)
    direction = LATENTS[best] in BEST
    whole = direction and fid[best].lower(fid[LATENTS.index(WORSE)])
    numbers = {"fid": fid, "best": LATENTS[best], "loss": loss.means, "error": error.means}
    return [Verdict.of("A2", whole, direction, **numbers)]
