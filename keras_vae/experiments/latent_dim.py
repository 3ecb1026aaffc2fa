"""Astorga et al. 2025, section 4, and Zhao 2023, section 4.2: more latent dimensions."""

from __future__ import annotations

from itertools import pairwise

from .results import Results, Series
from .verdicts import Verdict, near
from .workspace import Row

ASTORGA = (1, 2, 4, 8, 16, 64)
ZHAO = (1, 2, 3, 5, 20)
DENSE, CONVOLUTIONAL = "mnist-zhao-mlp", "mnist-zhao-cnn"
CLAIMED = {DENSE: (365, 302, 258, 204, 154), CONVOLUTIONAL: (399, 336, 284, 218, 133)}  # by z
CROSSING = 20  # the only z at which the convolutional network wins, as claimed
CLOSE = 0.1  # share of the loss within which two networks are trained with more seeds


def repeated(results: Results) -> list[Row]:
    """Where the two networks are close, and where they cross according to the report."""
    dense, convolutional = (losses(results, preset).means for preset in CLAIMED)
    return [
        results.row(preset=preset, latent_dim=latent)
        for latent, a, b in zip(ZHAO, dense, convolutional, strict=True)
        if latent == CROSSING or abs(a - b) < CLOSE * a
        for preset in CLAIMED
    ]


def losses(results: Results, preset: str) -> Series:
    """The losses of one of Zhao's networks by z."""
    return results.series("epoch_loss", "latent_dim", ZHAO, preset=preset)


def verdicts(results: Results) -> list[Verdict]:
    """Judge A1, Z4 and Z5."""
    dense, convolutional = (losses(results, preset) for preset in CLAIMED)
    return [_little_gain(results), _dense(dense), _convolutional(dense, convolutional)]


def _little_gain(results: Results) -> Verdict:
    """A1: samples gain little past z = 2, whatever the likelihood does."""
    fid, elbo = (
        results.series(column, "latent_dim", ASTORGA, preset="mnist-astorga").means
        for column in ("sample_fid", "test_loss")
    )
    first, later = fid[0] - fid[1], fid[1] - min(fid[1:])
    numbers = {"elbo": elbo, "fid": fid, "first": first, "later": later}
    return Verdict.of("A1", later < 0.1 * fid[1], later < first, **numbers)


def _dense(dense: Series) -> Verdict:
    """Z4: the loss by z."""
    return Verdict.of("Z4", *_hold(DENSE, dense.means), losses=dense.means)


def _convolutional(dense: Series, convolutional: Series) -> Verdict:
    """Z5: the loss by z, and the only z at which the convolutional network wins."""
    wins, lines = Series(), []
    for latent, a, b in zip(ZHAO, dense, convolutional, strict=True):
        several = min(len(a), len(b)) > 1
        if b.lower(a) if several else b.mean < a.mean:
            wins.append(latent)
        if several:
            lines.append({"latent": latent, "dense": a, "convolutional": b, "seeds": len(b)})
    whole, falls = _hold(CONVOLUTIONAL, convolutional.means)
    whole, direction = whole and wins == [CROSSING], falls and CROSSING in wins
    numbers = {"losses": convolutional.means, "wins": wins or "no z"}
    return Verdict.of("Z5", whole, direction, lines, **numbers)


def _hold(preset: str, ours: Series) -> tuple[bool, bool]:
    """Whether the losses are the claimed ones, and whether they fall with z."""
    return all(map(near, ours, CLAIMED[preset])), all(a > b for a, b in pairwise(ours))
