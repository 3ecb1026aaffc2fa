"""Zhao 2023, section 4.3: reconstruction against KL divergence, by the variance c."""

from __future__ import annotations

from .results import Results
from .verdicts import Verdict

VARIANCES = (0.0001, 0.001, 0.01, 0.05, 0.1, 1.0)
MIDDLE = VARIANCES.index(0.05)


def verdicts(results: Results) -> list[Verdict]:
    """Z6. Small c: the prior is covered badly. Large c: blur."""
    coverage, mmd, kl, error = (
        results.series(column, "variance", VARIANCES).means
        for column in ("prior_coverage", "mmd", "test_kl_loss", "test_mse_of_mean")
    )
    gaps = coverage[0] < coverage[MIDDLE] and mmd[0] > mmd[MIDDLE]
    blur = error[-1] > error[MIDDLE]
    numbers = {"coverage": coverage, "mmd": mmd, "kl": kl, "error": error}
    return [Verdict.of("Z6", gaps and blur, gaps or blur, **numbers)]
