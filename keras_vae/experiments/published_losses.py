"""Numbers from outside the reports: Burda et al. 2015, and runs of the notebooks of Foster 2023."""

from __future__ import annotations

from .results import Results
from .verdicts import Verdict, near
from .workspace import Arrays

BURDA, BURDA_AGAIN = 86.76, 86.35  # nats: the paper's VAE, and a reproduction's
IWAE = 84.78  # nats: the paper's bound of 50 samples
WITHIN = 0.01  # share of a likelihood
TERMS = ("loss", "reconstruction_loss", "kl_loss")
FACES = (63.0, 45.25, 17.6)  # Foster's losses: total, reconstruction, KL
FASHION = (132.85, 127.8, 5.05)
UNIT = 500 / 1024  # of our losses, in the book's: see `experiments.toml`


def verdicts(results: Results) -> list[Verdict]:
    """Judge O1 to O4."""
    fashion, best, burda, faces = results.rows
    reproduced = any(near(burda["nll"], claimed, WITHIN) for claimed in (BURDA, BURDA_AGAIN))
    return [
        Verdict.of("O1", reproduced, burda["nll"] < BURDA, **burda),
        Verdict.of("O2", best["nll"] <= IWAE, near(best["nll"], IWAE, WITHIN), **best),
        _foster("O3", results.arrays(faces), FACES),
        _foster("O4", results.arrays(fashion), FASHION, UNIT),
    ]


def _foster(
    claim: str, history: Arrays, claimed: tuple[float, float, float], unit: float = 1.0
) -> Verdict:
    """The last epoch's loss and its terms; "in direction" where the KL divergence is near."""
    total, reconstruction, kl = (float(history[f"history_{term}"][-1]) for term in TERMS)
    ours = (total * unit, reconstruction * unit, kl)
    whole = all(near(a, b, 0.05) for a, b in zip(ours, claimed, strict=True))
    direction = near(kl, claimed[2], 0.15)
    return Verdict.of(claim, whole, direction, **dict(zip(TERMS, ours, strict=True)))
