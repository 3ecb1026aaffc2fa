"""Perriu and Amadi, section 4: the weight λ of the KL divergence, and the latent's size."""

from __future__ import annotations

from .figures import labelled
from .results import Results
from .verdicts import Verdict
from .workspace import Row

BEST = {"beta": 1e-5, "latent_dim": 64}  # as claimed
LABEL = "λ = {beta:.0e}, z = {latent_dim}"
FID = "sample_fid"
COLUMNS = (FID, "test_mse_of_mean", "test_kl_loss")
# P1 is about λ at the best z, P2 about z at the best λ.
SERIES = {"P1": {"latent_dim": BEST["latent_dim"]}, "P2": {"beta": BEST["beta"]}}


def repeated(results: Results) -> list[Row]:
    """The best and the second of both series."""
    rows = {}
    for fixed in SERIES.values():
        best = sorted(results.where(**fixed), key=lambda row: row[FID])[:2]
        rows |= {row["cell"]: row for row in best}
    return list(rows.values())


def verdicts(results: Results) -> list[Verdict]:
    """P1 and P2: the claimed setting's samples are nearest to photos, beyond the seeds' noise."""
    return [_best(claim, results, fixed) for claim, fixed in SERIES.items()]


def _best(claim: str, results: Results, fixed: dict[str, float]) -> Verdict:
    lines = []
    rows = results.where(seed=0, **fixed)
    for row in sorted(rows, key=lambda row: (-row["beta"], row["latent_dim"])):
        setting = {name: row[name] for name in BEST}
        numbers = {column: results.values(column, **setting) for column in COLUMNS}
        lines.append({**setting, "name": labelled(LABEL, row), **numbers})
    best, second = sorted(lines, key=lambda line: line[FID].mean)[:2]
    first = all(best[name] == value for name, value in BEST.items())
    whole = first and best[FID].lower(second[FID])
    return Verdict.of(claim, whole, first, lines, best=best["name"])
