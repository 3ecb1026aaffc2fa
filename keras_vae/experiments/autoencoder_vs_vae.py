"""Zhao 2023, section 1.3, figure 1: the latents of an autoencoder, and those of a VAE."""

from __future__ import annotations

from .results import Results
from .verdicts import Verdict

KINDS = {False: "plain autoencoder", True: "VAE"}  # by whether z is sampled
COLUMNS = ("code_spread", "prior_coverage")


def verdicts(results: Results) -> list[Verdict]:
    """Z0: the autoencoder's latents spread wide with gaps, the VAE's gather at the origin."""
    plain, vae = (
        {"name": name, **{column: results.values(column, stochastic=kind) for column in COLUMNS}}
        for kind, name in KINDS.items()
    )
    wide = vae["code_spread"].lower(plain["code_spread"])
    gaps = plain["prior_coverage"].lower(vae["prior_coverage"])
    return [Verdict.of("Z0", wide and gaps, wide or gaps, [plain, vae])]
