"""How a dimension of z is written in pictures."""

from __future__ import annotations

from collections.abc import Sequence

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def dimension_label(dim: int, kl: Sequence[float] | None = None) -> str:
    """Label a dimension of z, such as "z₁₇ (KL 3.21 nats)".

    Args:
        dim: Number of the dimension, from 0.
        kl: The KL of every dimension in nats, [L]; None: the label is only "z₁₇".
    """
    name = f"z{dim}".translate(_SUBSCRIPTS)
    return name if kl is None else f"{name} (KL {kl[dim]:.2f} nats)"
