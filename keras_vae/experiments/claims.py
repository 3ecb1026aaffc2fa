"""The experiments, and the claims that they check, as `experiments.toml` lists them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TARGET = "Attractive"  # the attribute of J5, W4 and W5
TRAVERSED = ("Smiling", "Male")  # those of A3: Astorga et al. 2025, figure 5
STRENGTHS = tuple(range(-3, 4))  # n of z' = z + nΔ

_TABLES = tomllib.loads(Path(__file__).with_name("experiments.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Claim:
    """A claim of a report.

    Attributes:
        experiment: Name of the experiment that checks it.
        report: Who claims it.
        setting: What was trained.
        text: What is claimed.
        measured: Format string of the numbers that the experiment measures.
        line: Format string of one of several models or settings; all together are `{lines}`.
        why: Format string of the conditions of the verdict and of the differences from the report.
        figures: Files of the figures that show it.
    """

    experiment: str
    report: str
    setting: str
    text: str
    measured: str = "{lines}"
    line: str = ""
    why: str = ""
    figures: Sequence[str] = ()


CLAIMS = {name: Claim(**values) for name, values in _TABLES["claims"].items()}
EXPERIMENTS: dict[str, dict[str, Any]] = _TABLES["experiments"]
