"""Astorga et al. 2025, section 4, and Zhao 2023, section 4.2: what more latent dimensions buy."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from .cell import Cell, Training
from .experiment import Experiment
from .results import Results
from .samples import sample_sheet
from .verdicts import Verdict, each, intervals, judge, lower, near, with_interval

if TYPE_CHECKING:
    from PIL.Image import Image

ASTORGA = (1, 2, 4, 8, 16, 64)
ZHAO = (1, 2, 3, 5, 20)
DENSE, CONVOLUTIONAL = "mnist-zhao-mlp", "mnist-zhao-cnn"
CLAIMED = {  # the loss by z
    DENSE: dict(zip(ZHAO, (365, 302, 258, 204, 154), strict=True)),
    CONVOLUTIONAL: dict(zip(ZHAO, (399, 336, 284, 218, 133), strict=True)),
}
CLAIMS = {DENSE: "Z4", CONVOLUTIONAL: "Z5"}
NAMES = {DENSE: "dense", CONVOLUTIONAL: "convolutional"}
CROSSING = 20  # the only z at which the convolutional network wins
CLOSE = 0.1  # share of the loss within which two networks are trained with more seeds
SEEDS = (0, 1, 2)
LOSS = "epoch_loss"


def cells() -> list[Cell]:
    """The dense network of Astorga et al., and Zhao's two."""
    return [
        *(
            Training("mnist-astorga", {"latent_dim": latent}, measures=("losses", "samples", "fid"))
            for latent in ASTORGA
        ),
        *(zhao(preset, latent) for preset in (DENSE, CONVOLUTIONAL) for latent in ZHAO),
    ]


def zhao(preset: str, latent: int, seed: int = 0, dataset: str | None = None) -> Cell:
    """One of Zhao's models."""
    measures = ("losses", "samples", "manifold") if latent == 2 else ("losses", "samples")
    return Training(preset, {"latent_dim": latent}, seed, dataset, measures=measures)


def refine(results: Results) -> list[Cell]:
    """More seeds where the two networks are close, and where the report says that they cross."""
    close = [
        latent
        for latent in ZHAO
        if latent == CROSSING or abs(_gap(results, latent)) < CLOSE * _mean(results, DENSE, latent)
    ]
    return [
        zhao(preset, latent, seed)
        for latent in close
        for preset in (DENSE, CONVOLUTIONAL)
        for seed in SEEDS[1:]
    ]


def figures(results: Results) -> dict[str, Image]:
    """Losses and sample distance by z; samples by z."""
    from ..plotting import Line, Panel, line_plot

    rows = results.where(preset="mnist-astorga")
    axes = ("latent dimensions", "nats")
    terms = {"−ELBO": "loss", "cross-entropy": "reconstruction_loss", "KL": "kl_loss"}
    parts = [
        Line(name, ASTORGA, [row[f"test_{term}"] for row in rows], colour=colour)
        for colour, (name, term) in enumerate(terms.items())
    ]
    distances = [
        Line(f"FID of {kind}s", ASTORGA, [row[f"{kind}_fid"] for row in rows], colour=colour)
        for colour, kind in enumerate(("sample", "reconstruction"), start=3)
    ]
    panels = [
        Panel("Astorga et al.: test images", axes, parts, "x", ASTORGA),
        Panel("Astorga et al.: samples", (axes[0], "FID"), distances, "x", ASTORGA),
        Panel("Zhao: training loss", (axes[0], "weighted"), _zhao_curves(results), "x", ZHAO),
    ]
    caption = "FID by the features of a classifier of the digits. Bars are 95 % intervals of seeds."
    return {
        "latent-dim.png": line_plot(panels, title="Latent dimensions", caption=caption),
        "latent-dim-astorga.png": _samples(results, "mnist-astorga", ASTORGA),
        "latent-dim-zhao-mlp.png": _samples(results, DENSE, ZHAO),
        "latent-dim-zhao-cnn.png": _samples(results, CONVOLUTIONAL, ZHAO),
    }


def verdicts(results: Results) -> list[Verdict]:
    """Judge A1, Z4 and Z5."""
    return [
        _little_gain(results),
        _losses(results, DENSE),
        _losses(results, CONVOLUTIONAL),
    ]


def _zhao_curves(results: Results) -> list:
    from ..plotting import Line

    curves = []
    for colour, (preset, name) in enumerate(NAMES.items(), start=5):
        seeds = [results.values(LOSS, preset=preset, latent_dim=latent) for latent in ZHAO]
        curves.append(Line(f"{name}, ours", ZHAO, *intervals(seeds), colour=colour))
        claimed = list(CLAIMED[preset].values())
        curves.append(Line(f"{name}, report", ZHAO, claimed, colour=colour, dashed=True))
    return curves


def _samples(results: Results, preset: str, latents: tuple[int, ...]) -> Image:
    models = {
        f"z = {latent}": results.where(preset=preset, latent_dim=latent, seed=0)[0]
        for latent in latents
    }
    return sample_sheet(results, models, f"{preset}: draws from the prior by latent dimensions")


def _little_gain(results: Results) -> Verdict:
    """A1: samples gain little past z = 2, whatever the likelihood does."""
    rows = {row["latent_dim"]: row for row in results.where(preset="mnist-astorga")}
    fid = [rows[latent]["sample_fid"] for latent in ASTORGA]
    elbo = [rows[latent]["test_loss"] for latent in ASTORGA]
    first, later = fid[0] - fid[1], fid[1] - min(fid[1:])
    measured = (
        f"−ELBO at z = {each(ASTORGA, 0)}: {each(elbo)} nats; FID of samples: {each(fid)}. "
        f"From z = 1 to 2 the FID falls by {first:.1f}, past 2 by {later:.1f} at most"
    )
    why = (
        "The report looked at samples by eye and states no number; the likelihood goes on gaining "
        "long after they can be recognised. FID is measured with a classifier of the digits."
    )
    figures = ("latent-dim.png", "latent-dim-astorga.png")
    return Verdict("A1", judge(later < 0.1 * fid[1], later < first), measured, why, figures)


def _losses(results: Results, preset: str) -> Verdict:
    """Z4, Z5: the loss by z; and for the convolutional network, where it wins."""
    ours = [_mean(results, preset, latent) for latent in ZHAO]
    claimed = list(CLAIMED[preset].values())
    whole = all(near(a, b) for a, b in zip(ours, claimed, strict=True))
    falls = all(a > b for a, b in pairwise(ours))
    measured = f"loss at z = {each(ZHAO, 0)}: {each(ours)} (report: {each(claimed, 0)})"
    if preset == CONVOLUTIONAL:
        wins, text = _crossing(results)
        whole, falls = whole and wins == [CROSSING], falls and CROSSING in wins
        measured += f"; {text}"
    why = (
        "Means over the last epoch, as a training shows them. The report's hidden size is given "
        "both as 10 and as 20, and two values for z = 2; ours is 10."
    )
    name = "mlp" if preset == DENSE else "cnn"
    figures = ("latent-dim.png", f"latent-dim-zhao-{name}.png")
    return Verdict(CLAIMS[preset], judge(whole, falls), measured, why, figures)


def _crossing(results: Results) -> tuple[list[int], str]:
    """At which z the convolutional network is better beyond the seeds' noise, if there are any."""
    wins, lines = [], []
    for latent in ZHAO:
        dense, conv = (
            results.values(LOSS, preset=preset, latent_dim=latent)
            for preset in (DENSE, CONVOLUTIONAL)
        )
        sure = min(len(dense), len(conv)) > 1
        if lower(conv, dense) if sure else _gap(results, latent) < 0:
            wins.append(latent)
        if sure:
            lines.append(
                f"at z = {latent} dense {with_interval(dense)}, "
                f"convolutional {with_interval(conv)} over {len(conv)} seeds"
            )
    where = each(wins, 0) if wins else "no z"
    return wins, f"the convolutional network wins at {where}: " + "; ".join(lines)


def _mean(results: Results, preset: str, latent: int) -> float:
    return results.mean(LOSS, preset=preset, latent_dim=latent)


def _gap(results: Results, latent: int) -> float:
    return _mean(results, CONVOLUTIONAL, latent) - _mean(results, DENSE, latent)


EXPERIMENT = Experiment(
    "latent-dim",
    ("A1", "Z4", "Z5"),
    "16 models of MNIST, 20 (Astorga) and 15 epochs (Zhao); two more seeds where they are close",
    cells,
    figures,
    verdicts,
    refine,
)
