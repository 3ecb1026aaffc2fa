"""Why an exported model has no fitted prior, by the facts of its `model.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..latent_space.priors import MOST_DIMENSIONS, fewest_images

UNKNOWN = (
    "it was exported without a fitted prior, or by an older kvae. Export its run again: "
    "`kvae export RUN`."
)


def why_missing(facts: Mapping[str, Any]) -> str:
    """Say why no prior was fitted to a model's latents, and what to do.

    Args:
        facts: Of `model.json`, without "gmm" among its `priors`.

    Returns:
        The end of a sentence about the model, with its full stop.
    """
    if facts.get("condition") is not None:
        return "a conditional model is exported without a fitted prior."
    counts, dims = (facts.get("data") or {}).get("counts"), facts.get("latent_dim")
    images = counts.get("train") if isinstance(counts, dict) else None
    if dims is None or not isinstance(images, int):
        return UNKNOWN
    fewer = f"fewer than {dims} dimensions of z: `kvae train --latent`"
    if dims > MOST_DIMENSIONS:
        return f"only one of at most {MOST_DIMENSIONS} dimensions of z is fitted. Train {fewer}."
    if images < fewest_images(dims):
        return (
            f"none was fitted to its {images:,} training images, since {dims} dimensions of z "
            f"need {fewest_images(dims):,}. Train with more images, or {fewer}."
        )
    return UNKNOWN
