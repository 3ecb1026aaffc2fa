"""Wolfram note, figures 7 to 20: what a model of faces draws, sees, and can change."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .conventions import STRENGTHS, TARGET
from .experiment import Experiment
from .results import Results
from .store import Row
from .study import Study
from .verdicts import Verdict, judge

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

# Real: a probe tells drawn faces from photos with an AUC below 0.75, and they are at least half as
# sharp; "in direction" below 0.95.
LIKE_PHOTOS, NEARLY, SHARP = 0.75, 0.95, 0.5
# Distinct: a probe of the whole latent reaches 0.75, and one of the map's two dimensions 0.6.
IN_LATENT, ON_MAP = 0.75, 0.6
# Smooth: the judged score rises with every n, and no step is 1.5 times the mean one on average.
SMOOTH = 1.5
LAYERS, CHANNELS = 9, 8 * 128 + 3  # as the note's figures 10 to 18 show
REDRAWN = 10
OBJECTIVE = "The shipped model has the note's network, trained with the objective of Rybkin et al."
MEASURES = ("card", "draws", "feature_maps", "latent_map", "morphs")


def cells() -> list[Study]:
    """The shipped model of faces."""
    return [Study("celeba", MEASURES)]


def figures(results: Results) -> dict[str, Image]:
    """Forty draws, reconstructions of draws, feature maps, the map of the latent, morphs."""
    from ..files.pictures import grid
    from ..plotting import feature_overview, number_label, scatter, strip

    (row,) = results.rows
    arrays = results.arrays(row)
    labels = [
        f"n = {number_label(n)}\n{score:.0%}"
        for n, score in zip(STRENGTHS, arrays[f"scores_{TARGET}"], strict=True)
    ]
    title = f"celeba: drawn faces, z + nΔ of {TARGET}; below n the judged mean of 200"
    return {
        "draws.png": grid(arrays["drawn"]),
        "redrawn.png": strip(
            [arrays[name][:REDRAWN] for name in ("drawn", "redrawn", "from_normal")],
            [""] * REDRAWN,
            ["drawn from the fitted prior", "these, reconstructed", "drawn from N(0, I)"],
            "celeba: draws and reconstructions",
            cell=96,
        ),
        "feature-maps.png": feature_overview(_layers(arrays), arrays["face"]),
        "latent-map.png": scatter(
            arrays["points"],
            arrays["groups"],
            arrays["group_names"].tolist(),
            axes=("UMAP 1", "UMAP 2"),
            title=f"{TARGET} in the latent space of celeba",
            caption=f"UMAP of z_mean of {len(arrays['points']):,} held-out photos. Disks are group "
            "means.",
        ),
        "morphs.png": strip(arrays[f"walk_{TARGET}"], labels, None, title),
    }


def verdicts(results: Results) -> list[Verdict]:
    """Judge W2, W3, W4 and W5."""
    (row,) = results.rows
    return [_draws(row), _feature_maps(row), _latent_map(row), _morphs(row, results.arrays(row))]


def _layers(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    prefix = "maps_"
    return {name.removeprefix(prefix): maps for name, maps in arrays.items() if prefix in name}


def _draws(row: Row) -> Verdict:
    auc, psnr = row["drawn_auc"], -10 * math.log10(row["test_mse_of_mean"])
    measured = (
        f"a linear probe of a classifier's features tells drawn faces from photos with AUC "
        f"{auc:.3f}, and reconstructions with {row['rebuilt_auc']:.3f} (0.5: not at all); "
        f"drawn faces are {row['drawn_sharpness']:.2f} times as sharp as photos (mean square of "
        f"the Laplacian); reconstructions of held-out photos have {psnr:.1f} dB"
    )
    why = (
        f"{OBJECTIVE} Draws are from the prior that was fitted to its latents. The enlargement "
        "from 32 to 96 pixels has its own model and numbers: see docs/decisions/0012."
    )
    whole = auc < LIKE_PHOTOS and row["drawn_sharpness"] > SHARP
    figures = ("draws.png", "redrawn.png")
    return Verdict("W2", judge(whole, auc < NEARLY), measured, why, figures)


def _feature_maps(row: Row) -> Verdict:
    whole = (row["layers"], row["channels"]) == (LAYERS, CHANNELS)
    measured = (
        f"{row['layers']:.0f} convolutions with {row['channels']:,.0f} channels, of which "
        f"{row['varied_channels']:,.0f} vary over a drawn face"
    )
    why = (
        "`kvae feature-maps` draws the same of any image, and all channels of a layer. As many as "
        "the note shows: four of 128 channels in the encoder, four and one of 3 in the decoder."
    )
    verdict = judge(whole and row["varied_channels"] == CHANNELS, whole)
    return Verdict("W3", verdict, measured, why, ("feature-maps.png",))


def _latent_map(row: Row) -> Verdict:
    latent, on_map = row["latent_auc"], row["map_auc"]
    measured = f"linear probe for {TARGET}: AUC {latent:.3f} from z_mean, {on_map:.3f} from the map"
    whole = latent > IN_LATENT and on_map > ON_MAP
    why = f"{OBJECTIVE} The groups overlap in two dimensions more than they do in 200."
    return Verdict("W4", judge(whole, latent > IN_LATENT), measured, why, ("latent-map.png",))


def _morphs(row: Row, arrays: dict[str, np.ndarray]) -> Verdict:
    scores = ", ".join(f"{score:.2f}" for score in arrays[f"scores_{TARGET}"])
    ratio = row[f"{TARGET}_step_ratio"]
    rises = row[f"{TARGET}_least_rise"] > 0
    measured = (
        f"judged probability at n = −3 … 3: {scores}; the largest step of an image is {ratio:.2f} "
        "mean ones"
    )
    why = (
        "Means over 200 drawn faces, of which the figure shows four. The judge is a classifier of "
        "the 40 attributes, trained on photos. `Attractive` is the raters' taste."
    )
    return Verdict("W5", judge(rises and ratio < SMOOTH, rises), measured, why, ("morphs.png",))


EXPERIMENT = Experiment(
    "face-model",
    ("W2", "W3", "W4", "W5"),
    "The shipped model of faces; its map needs pip install 'keras-vae[umap]'",
    cells,
    figures,
    verdicts,
)
