"""Claims judged by numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIRMED = "confirmed"
DIRECTION = "confirmed in direction only"
REFUTED = "not confirmed"

TOLERANCE = 0.03  # by which a repeated loss may differ from the stated one
CONFIDENCE = 0.95

EXTRACTOR = (
    "FID by the features of a small classifier of the 40 attributes that was trained on the same "
    "faces, so it compares with no FID of elsewhere."
)


@dataclass(frozen=True)
class Verdict:
    """What became of a claim.

    Attributes:
        claim: Its id, a key of `claims.CLAIMS`.
        verdict: `CONFIRMED`, `DIRECTION` or `REFUTED`.
        measured: The numbers, in words.
        why: Where they differ from the report's, and why.
        figures: Files that show it.
    """

    claim: str
    verdict: str
    measured: str
    why: str = ""
    figures: tuple[str, ...] = ()


def judge(whole: bool, direction: bool) -> str:
    """Name the verdict on a claim that holds as a whole, or at least in its direction."""
    if whole:
        return CONFIRMED
    return DIRECTION if direction else REFUTED


def near(measured: float, claimed: float, tolerance: float = TOLERANCE) -> bool:
    """Whether a number is a stated one, up to a share of it."""
    return abs(measured - claimed) <= tolerance * abs(claimed)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and half the width of its 95 % interval (Student's t); infinite for one value."""
    if len(values) < 2:
        return float(np.mean(values)), math.inf
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return float(np.mean(values)), error * stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)


def intervals(series: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    """Means and half widths of several settings, to be drawn: 0 where there is one value only."""
    found = [interval(values) for values in series]
    return [mean for mean, _ in found], [half if math.isfinite(half) else 0.0 for _, half in found]


def difference(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Mean of a less that of b, and half the width of its 95 % interval (Welch 1947).

    Infinite where there is one value only: a single seed tells nothing of its noise.
    """
    gap = float(np.mean(a) - np.mean(b))
    if min(len(a), len(b)) < 2:
        return gap, math.inf
    parts = [float(np.var(values, ddof=1)) / len(values) for values in (a, b)]
    if sum(parts) == 0.0:
        return gap, 0.0
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (a, b), strict=True)
    )
    return gap, math.sqrt(sum(parts)) * stats.t.ppf((1 + CONFIDENCE) / 2, freedom)


def lower(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether a is lower than b beyond the noise of the seeds."""
    gap, half = difference(a, b)
    return gap + half < 0


def with_interval(values: Sequence[float], digits: int = 2) -> str:
    """Write a mean with its interval, if there is one: "115.21 ± 0.35"."""
    mean, half = interval(values)
    text = f"{mean:.{digits}f}"
    return text if math.isinf(half) else f"{text} ± {half:.{digits}f}"


def each(values: Sequence[float], digits: int = 1) -> str:
    """Write numbers in a row: "365.1, 302.4, 258.0"."""
    return ", ".join(f"{value:.{digits}f}" for value in values)
