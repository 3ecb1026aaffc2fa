"""Perriu and Amadi, section 4: the weight λ of the KL divergence, and the latent's size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cell import Cell, Training
from .experiment import Experiment
from .results import Results
from .samples import sample_sheet
from .verdicts import EXTRACTOR, Verdict, intervals, judge, lower, with_interval

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..plotting import Line

WEIGHTS = (1e-3, 1e-4, 1e-5, 1e-6)
LATENTS = (32, 64, 128)
BEST_WEIGHT, BEST_LATENT = 1e-5, 64  # as claimed
SEEDS = (0, 1, 2)
IMAGES, EPOCHS = 12_000, 4
FID = "sample_fid"

Setting = tuple[float, int]  # λ and the size of z
BY_WEIGHT = [(weight, BEST_LATENT) for weight in WEIGHTS]
BY_LATENT = [(BEST_WEIGHT, latent) for latent in LATENTS]
PANELS = {  # title → (unit, column)
    "Held-out faces": ("MSE of a pixel", "test_mse_of_mean"),
    "KL divergence": ("nats", "test_kl_loss"),
    "Draws from N(0, I)": ("FID", FID),
}


def cell(setting: Setting, seed: int = 0) -> Cell:
    """One of the report's models."""
    weight, latent = setting
    return Training(
        "celeba-perriu",
        {"beta": weight, "latent_dim": latent, "epochs": EPOCHS},
        seed,
        limit=IMAGES,
        measures=("losses", "samples", "fid", "smoothness", "groups"),
    )


def cells() -> list[Cell]:
    """Each λ at z = 64, and each z at the report's best λ."""
    return [cell(setting) for setting in dict.fromkeys(BY_WEIGHT + BY_LATENT)]


def refine(results: Results) -> list[Cell]:
    """More seeds of the best and the second of either series."""
    chosen = []
    for series in (BY_WEIGHT, BY_LATENT):
        chosen += sorted(series, key=lambda setting: values(results, FID, setting)[0])[:2]
    return [cell(setting, seed) for setting in dict.fromkeys(chosen) for seed in SEEDS[1:]]


def values(results: Results, column: str, setting: Setting) -> list[float]:
    """A column's numbers of one setting, over its seeds."""
    return results.values(column, beta=setting[0], latent_dim=setting[1])


def name_of(setting: Setting) -> str:
    """Write a setting, as "λ = 1e-5, z = 64"."""
    weight = f"{setting[0]:.0e}".replace("e-0", "e-")
    return f"λ = {weight}, z = {setting[1]}"


def figures(results: Results) -> dict[str, Image]:
    """Error, divergence and distance, by λ and by z; samples."""
    from ..plotting import Panel, line_plot

    panels = [
        Panel(title, (axis, unit), [_curve(results, column, series, colour)], "x", ticks)
        for colour, (title, (unit, column)) in enumerate(PANELS.items())
        for axis, series, ticks in (
            ("weight λ", BY_WEIGHT, ()),
            ("latent dimensions", BY_LATENT, LATENTS),
        )
    ]
    models = {
        name_of((beta, z)): results.where(beta=beta, latent_dim=z, seed=0)[0]
        for beta, z in BY_WEIGHT + BY_LATENT
    }
    return {
        "kl-weight-faces.png": line_plot(
            panels,
            title="Perriu and Amadi: the weight λ at z = 64, and z at λ = 1e-5",
            caption=f"{EXTRACTOR} Bars are 95 % intervals of three seeds.",
        ),
        "kl-weight-faces-samples.png": sample_sheet(
            results, models, "celeba-perriu: draws from the prior"
        ),
    }


def _curve(results: Results, column: str, series: list[Setting], colour: int) -> Line:
    from ..plotting import Line

    means, halves = intervals([values(results, column, setting) for setting in series])
    varied = 0 if series is BY_WEIGHT else 1
    return Line("", [setting[varied] for setting in series], means, halves, colour)


def verdicts(results: Results) -> list[Verdict]:
    """P1 and P2: the claimed setting's draws are nearest to photos, beyond the seeds' noise."""
    return [
        _best("P1", results, BY_WEIGHT, "Beyond it, at 1e-6, the report sees faces deform."),
        _best("P2", results, BY_LATENT, "At the report's best λ, 1e-5."),
    ]


def _best(claim: str, results: Results, series: list[Setting], note: str) -> Verdict:
    """Whether the claimed setting is the best of a series."""
    fid = {setting: values(results, FID, setting) for setting in series}
    means, _ = intervals(list(fid.values()))
    best, second = sorted(series, key=lambda setting: means[series.index(setting)])[:2]
    first = best == (BEST_WEIGHT, BEST_LATENT)
    lines = [_line(results, setting) for setting in series]
    why = (
        f"{note} The report judges by eye; ours is the distance of draws from photos. Trained on "
        f"12,000 faces for 4 epochs. {EXTRACTOR}"
    )
    figures = ("kl-weight-faces.png", "kl-weight-faces-samples.png")
    verdict = judge(first and lower(fid[best], fid[second]), first)
    measured = f"{'; '.join(lines)}. Least at {name_of(best)}"
    return Verdict(claim, verdict, measured, why, figures)


def _line(results: Results, setting: Setting) -> str:
    distances, errors, nats = (
        values(results, column, setting) for column in (FID, "test_mse_of_mean", "test_kl_loss")
    )
    return (
        f"{name_of(setting)}: FID {with_interval(distances)}, MSE {with_interval(errors, 4)}, "
        f"KL {with_interval(nats, 0)} nats"
    )


EXPERIMENT = Experiment(
    "kl-weight-faces",
    ("P1", "P2"),
    "6 models of 12,000 faces of 64×48, 4 epochs each; two more seeds of the closest",
    cells,
    figures,
    verdicts,
    refine,
)
