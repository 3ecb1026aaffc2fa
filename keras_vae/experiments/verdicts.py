"""Verdicts: claims checked by numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .claims import CLAIMS

CONFIRMED = "confirmed"
DIRECTION = "confirmed in direction only"
REFUTED = "not confirmed"

TOLERANCE = 0.03  # relative difference up to which a loss is the one that the report states


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim.

    Attributes:
        claim: A key of `claims.CLAIMS`.
        verdict: `CONFIRMED`, `DIRECTION` or `REFUTED`.
        measured: The numbers, in words.
        why: Conditions of the verdict, and differences from the report.
        figures: Files of the figures that show it.
    """

    claim: str
    verdict: str
    measured: str
    why: str
    figures: Sequence[str]

    @classmethod
    def of(
        cls,
        claim: str,
        whole: bool,
        direction: bool,
        rows: Iterable[Mapping[str, Any]] = (),
        **numbers: Any,
    ) -> Verdict:
        """Judge a claim.

        Args:
            claim: A key of `claims.CLAIMS`.
            whole: Whether the claim holds as it is stated.
            direction: Whether it holds at least in its direction.
            rows: Values for the claim's format string `line`.
            **numbers: Values for the claim's other format strings.
        """
        about = CLAIMS[claim]
        numbers["lines"] = "; ".join(about.line.format(**row) for row in rows)
        verdict = CONFIRMED if whole else DIRECTION if direction else REFUTED
        measured, why = (text.format(**numbers) for text in (about.measured, about.why))
        return cls(claim, verdict, measured, why, about.figures)


def near(measured: float, claimed: float, tolerance: float = TOLERANCE) -> bool:
    """Whether a number equals the claimed one up to a relative tolerance."""
    return math.isclose(measured, claimed, rel_tol=0, abs_tol=tolerance * abs(claimed))
