"""How codes lie to the prior N(0, I): arrays only."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

NEAR = 0.99  # of draws that lie near a draw of the prior itself


def code_spread(codes: np.ndarray) -> float:
    """Root mean square of a coordinate about the codes' mean: 1 for the prior.

    Args:
        codes: [N, L].
    """
    return float(np.sqrt(np.var(codes, axis=0, dtype=np.float64).mean()))


def prior_coverage(codes: np.ndarray, *, seed: int = 0) -> float:
    """Share of draws from N(0, I) that land near some code.

    Near is as near as 99 % of draws lie to one of as many codes that are drawn from N(0, I)
    themselves, so that a perfect aggregate posterior covers 0.99 of the prior whatever L and N.

    Args:
        codes: [N, L].
        seed: Of the draws.
    """
    rng = np.random.default_rng(seed)
    draws, ideal = rng.standard_normal((2, *codes.shape))
    reach = np.quantile(cKDTree(ideal).query(draws)[0], NEAR)
    return float(np.mean(cKDTree(codes).query(draws)[0] <= reach))
