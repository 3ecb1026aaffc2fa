"""Names that people type: what they may have meant, and how they are spelt here."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


def near_names(name: str, names: Sequence[str]) -> str:
    """Say which names come near a mistyped one, or all of them where none does."""
    by_fold = {known.casefold(): known for known in names}
    near = get_close_matches(name.casefold(), by_fold, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(repr(by_fold[match]) for match in near)}?"
    return f"Choose from: {', '.join(names)}."


def plain_name(name: str) -> str:
    """Spell a data set's name as here, in lower case with underscores: "Fashion-MNIST"."""
    return name.lower().replace("-", "_")
