"""Zhao 2023, section 4.3: the balance of reconstruction and KL divergence, by the variance c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cell import Cell, Training
from .experiment import Experiment
from .results import Results
from .samples import sample_sheet
from .verdicts import Verdict, each, judge

if TYPE_CHECKING:
    from PIL.Image import Image

VARIANCES = (0.0001, 0.001, 0.01, 0.05, 0.1, 1.0)


def cells() -> list[Cell]:
    """The dense network at z = 2."""
    measures = ("losses", "coverage", "samples", "fid")
    return [
        Training("mnist-zhao-mlp", {"variance": variance}, measures=measures)
        for variance in VARIANCES
    ]


def figures(results: Results) -> dict[str, Image]:
    """Error, coverage and distances by c; samples by c."""
    from ..plotting import Line, Panel, line_plot

    def panel(title: str, unit: str, columns: dict[str, str], log: str = "x") -> Panel:
        curves = [
            Line(name, VARIANCES, _column(results, column), colour=colour)
            for colour, (name, column) in enumerate(columns.items())
        ]
        return Panel(title, ("variance c", unit), curves, log)

    panels = [
        panel("Reconstruction of test images", "MSE of a pixel", {"": "test_mse_of_mean"}),
        panel("KL divergence", "nats", {"": "test_kl_loss"}),
        panel(
            "Codes against the prior",
            "share; MMD²",
            {"share of prior covered": "prior_coverage", "MMD²": "mmd"},
        ),
        panel("Draws from the prior", "FID", {"": "sample_fid"}),
    ]
    models = {
        f"c = {variance:g}": row for variance, row in zip(VARIANCES, results.rows, strict=True)
    }
    title = "mnist-zhao-mlp: draws from the prior by the variance c"
    return {
        "kl-weight.png": line_plot(panels, title="Zhao: the variance c, z = 2"),
        "kl-weight-samples.png": sample_sheet(results, models, title),
    }


def verdicts(results: Results) -> list[Verdict]:
    """Small c: the prior is covered badly. Large c: blur."""
    coverage, error = (_column(results, name) for name in ("prior_coverage", "test_mse_of_mean"))
    mmd, kl = (_column(results, name) for name in ("mmd", "test_kl_loss"))
    middle = VARIANCES.index(0.05)
    gaps = coverage[0] < coverage[middle] and mmd[0] > mmd[middle]
    blur = error[-1] > error[middle]
    measured = (
        f"at c = {', '.join(f'{variance:g}' for variance in VARIANCES)}: "
        f"share of the prior covered {each(coverage, 3)}; MMD² {each(mmd, 4)}; "
        f"KL {each(kl)} nats; test MSE {each(error, 4)}"
    )
    why = "The report shows samples; coverage and MMD² are our measures of the same."
    figures = ("kl-weight.png", "kl-weight-samples.png")
    return [Verdict("Z6", judge(gaps and blur, gaps or blur), measured, why, figures)]


def _column(results: Results, name: str) -> list[float]:
    return [results.where(variance=variance)[0][name] for variance in VARIANCES]


EXPERIMENT = Experiment(
    "kl-weight", ("Z6",), "6 models of MNIST, 15 epochs each", cells, figures, verdicts
)
