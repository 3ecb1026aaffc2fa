"""Jiang 2024, section 3.3: −ELBO against the samples seen, as in Kingma and Welling 2013."""

from __future__ import annotations

import numpy as np
from PIL.Image import Image

from ..plotting import Line, Panel, line_plot
from .results import Results
from .verdicts import Verdict, near
from .workspace import Row

LATENTS = (3, 5, 20)
CLAIMED = 132.0  # −ELBO in nats at z = 3 after 1.75e6 samples
STARTS = {False: "as reported", True: "the preset `mnist`"}  # by the preset's `spread`
SPLITS = {"train": "history_loss", "test": "history_val_loss"}


def figures(results: Results) -> dict[str, Image]:
    """A panel for each latent, as Jiang's figure 3."""
    axes = ("samples seen", "−ELBO, nats")
    panels = [Panel(f"z = {latent}", axes, _curves(results, latent), log="x") for latent in LATENTS]
    caption = (
        "Mean over each epoch for the training images, after each epoch for the test images. "
        "“As reported”: Keras's initialization and a learning rate of 0.001."
    )
    picture = line_plot(panels, title="−ELBO on MNIST, one hidden layer of 512", caption=caption)
    return {"elbo-curve.png": picture}


def _curves(results: Results, latent: int) -> list[Line]:
    curves = []
    for colour, (spread, name) in enumerate(STARTS.items()):
        row = results.row(latent_dim=latent, spread=spread)
        history = results.arrays(row)
        samples = np.arange(1, row["epochs"] + 1) * (row["images"] / row["epochs"])
        for split, column in SPLITS.items():
            options = {"colour": colour, "dashed": split == "test"}
            curves.append(Line(f"{name}, {split}", samples, history[column], **options))
    return curves


def verdicts(results: Results) -> list[Verdict]:
    """J1: z = 3 comes to about 132 nats."""
    plain, spread = ([results.row(latent_dim=z, spread=kind) for z in LATENTS] for kind in STARTS)
    ends = plain[0]["epoch_loss"], spread[0]["epoch_loss"]
    lines = [
        {"start": start, "losses": ", ".join(map(_losses, rows))}
        for start, rows in zip(STARTS.values(), (plain, spread), strict=True)
    ]
    direction = any(near(end, CLAIMED, 0.05) for end in ends)
    return [Verdict.of("J1", near(ends[0], CLAIMED), direction, lines, ends=ends)]


def _losses(row: Row) -> str:
    return "z = {latent_dim}: train {train_loss:.1f}, test {test_loss:.1f}".format(**row)
