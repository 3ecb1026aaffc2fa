"""Names that people type: suggestions for a mistyped one, and the spelling used here."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


def near_names(name: str, names: Sequence[str]) -> str:
    """Suggest the names that are similar to a mistyped one, or list all where none is."""
    by_fold = {known.casefold(): known for known in names}
    near = get_close_matches(name.casefold(), by_fold, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(repr(by_fold[match]) for match in near)}?"
    return f"Choose from: {', '.join(names)}."


def plain_name(name: str) -> str:
    """Spell a data set's name in lower case with underscores: "Fashion-MNIST" → "fashion_mnist"."""
    return name.lower().replace("-", "_")
