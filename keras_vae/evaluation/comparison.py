"""Which numbers of several evaluations are not comparable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .report import Evaluation


def incomparable(evaluations: Sequence[Evaluation]) -> list[str]:
    """Return a sentence for each kind of number that is not comparable, with the reason."""
    likelihoods = [each.likelihood for each in evaluations if each.likelihood]
    sampled = [each.samples.values() for each in evaluations if each.samples]
    found = []
    if sets := _differing((e.data, e.split, e.images, e.seed) for e in evaluations):
        named = (f"{n:,} of {data} {split} (seed {seed})" for data, split, n, seed in sets)
        found.append(f"Different images, so no number is comparable: {', '.join(named)}.")
    if sizes := _differing("×".join(map(str, e.image_shape)) for e in evaluations):
        found.append(
            f"Different image sizes, so only FID, KID and probes are comparable: "
            f"{', '.join(sizes)}."
        )
    if ways := _differing(e.binarization for e in evaluations):
        found.append(
            "Likelihoods and pixel errors of different binarisations are not comparable: "
            f"{', '.join(ways)}. Set `binarization` to measure both alike."
        )
    if kinds := _differing(each.kind or "weighted loss" for each in likelihoods):
        advice = "Compare MSE and KL." if "weighted loss" in kinds else "Compare bits/dim."
        found.append(
            f"A {' and a '.join(kinds)} have different units, so their sums are not comparable. "
            + advice
        )
    elif len(likelihoods) > 1 and likelihoods[0].kind is None:
        found.append(
            "Weighted losses have no unit; they are comparable only with equal weights. Compare "
            "MSE and KL."
        )
    if counts := _differing(f"{each.importance_samples:,}" for each in likelihoods):
        found.append(
            f"−log p(x) falls with the number of importance samples, here {', '.join(counts)}."
        )
    if _differing((q.extractor, q.preprocessing) for qualities in sampled for q in qualities):
        found.append("FID and KID of different feature extractors are not comparable.")
    # As many reconstructions as real images are compared, but perhaps fewer generated ones.
    if counts := _differing(f"{min(q.count for q in qualities):,}" for qualities in sampled):
        found.append(f"FID falls with the number of images, here {', '.join(counts)}.")
    return found


def _differing(values: Iterable[Any]) -> list[Any]:
    """The distinct values, or none if all are equal."""
    different = list(dict.fromkeys(values))
    return different if len(different) > 1 else []
