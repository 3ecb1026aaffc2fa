"""Which numbers of several evaluations are not comparable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .report import Evaluation


def incomparable(evaluations: Sequence[Evaluation]) -> list[str]:
    """Return a sentence for each kind of number that is not comparable, with the reason.

    Args:
        evaluations: Those of several models.

    Example:
        >>> incomparable([])
        []
    """
    likelihoods = [each.likelihood for each in evaluations if each.likelihood]
    sampled = [each.samples.values() for each in evaluations if each.samples]
    kinds = [each.kind or "weighted loss" for each in likelihoods]
    checks = {  # of values that must be equal
        "Different images, so no number is comparable: {}.": [
            f"{each.images:,} of {each.data} {each.split} (seed {each.seed})"
            for each in evaluations
        ],
        "Different image sizes, so only FID, KID and probes are comparable: {}.": [
            "×".join(map(str, each.image_shape)) for each in evaluations
        ],
        "Likelihoods and pixel errors of different binarizations are not comparable: {}. Set "
        "`binarization` to measure both alike.": [each.binarization for each in evaluations],
        "Losses of different kinds are not comparable: {}. Compare bits/dim of a mass and a "
        "density; of a cross-entropy, or of a weighted loss, compare MSE and KL.": kinds,
        "−log p(x) falls with the number of importance samples, here {}.": [
            f"{each.importance_samples:,}" for each in likelihoods
        ],
        "FID and KID of different feature extractors are not comparable: {}.": [
            f"{each.extractor}; {each.preprocessing}" for found in sampled for each in found
        ],
        # As many reconstructions as real images are compared, but perhaps fewer generated images.
        "FID falls with the number of images, here {}.": [
            f"{min(each.count for each in found):,}" for found in sampled
        ],
    }
    distinct = {sentence: list(dict.fromkeys(values)) for sentence, values in checks.items()}
    notes = [each.format(", ".join(values)) for each, values in distinct.items() if values[1:]]
    if len(kinds) > 1 and set(kinds) == {"weighted loss"}:
        notes.append(
            "Weighted losses have no unit; they are comparable only with equal weights. Compare "
            "MSE and KL."
        )
    return notes
