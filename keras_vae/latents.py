"""Ways through the latent space: morphs. Arrays only."""

from __future__ import annotations

import numpy as np


def morph(z: np.ndarray, directions: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """Move latents along directions: z' = z + Σ strength · Δ (Foster 2023; Jiang 2024, 5.3).

    Args:
        z: Latents, [..., L].
        directions: One Δ [L], or several [A, L], whose moves add up.
        strengths: n of each direction, [A], or one n for a single Δ.

    Returns:
        z', of the shape and type of z.
    """
    directions, strengths = np.atleast_2d(directions), np.atleast_1d(strengths)
    if strengths.shape != (len(directions),):
        raise ValueError(
            f"`strengths` must have one value for each of {len(directions)} directions. "
            f"Received shape: {list(strengths.shape)}."
        )
    return (z + strengths @ directions).astype(np.asarray(z).dtype)
