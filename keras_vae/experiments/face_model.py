"""Wolfram note, figures 7 to 20: samples, feature maps, latent space and morphs of faces."""

from __future__ import annotations

import math

from PIL.Image import Image

from ..plotting import feature_overview, scatter
from .claims import TARGET
from .results import Results, Series
from .verdicts import Verdict
from .workspace import Arrays, Row

# Real: a probe separates generated faces from photos with an AUC below 0.75, and they are at least
# half as sharp; "in direction" below 0.95.
LIKE_PHOTOS, NEARLY, SHARP = 0.75, 0.95, 0.5
# Distinct: a probe of the whole latent reaches 0.75, and one of the map's two dimensions 0.6.
IN_LATENT, ON_MAP = 0.75, 0.6
# Smooth: the probability rises with every n, and the largest step is below 1.5 mean steps.
SMOOTH = 1.5
LAYERS, CHANNELS = 9, 8 * 128 + 3  # as the note's figures 10 to 18 show


def figures(results: Results) -> dict[str, Image]:
    """Feature maps, the latent map."""
    arrays = results.arrays(results.rows[0])
    prefix = "maps_"
    layers = {name.removeprefix(prefix): maps for name, maps in arrays.items() if prefix in name}
    return {
        "feature-maps.png": feature_overview(layers, arrays["face"]),
        "latent-map.png": scatter(
            arrays["points"],
            arrays["groups"],
            arrays["group_names"].tolist(),
            axes=("UMAP 1", "UMAP 2"),
            title=f"{TARGET} in the latent space of celeba",
            caption=f"UMAP of z_mean of {len(arrays['points']):,} held-out photos. Disks are group "
            "means.",
        ),
    }


def verdicts(results: Results) -> list[Verdict]:
    """Judge W2, W3, W4 and W5."""
    (row,) = results.rows
    return [_samples(row), _feature_maps(row), _latent_map(row), _morphs(row, results.arrays(row))]


def _samples(row: Row) -> Verdict:
    auc = row["drawn_auc"]
    psnr = -10 * math.log10(row["test_mse_of_mean"])
    whole = auc < LIKE_PHOTOS and row["drawn_sharpness"] > SHARP
    return Verdict.of("W2", whole, auc < NEARLY, psnr=psnr, **row)


def _feature_maps(row: Row) -> Verdict:
    direction = (row["layers"], row["channels"]) == (LAYERS, CHANNELS)
    return Verdict.of("W3", direction and row["varied_channels"] == CHANNELS, direction, **row)


def _latent_map(row: Row) -> Verdict:
    distinct = row["latent_auc"] > IN_LATENT
    return Verdict.of("W4", distinct and row["map_auc"] > ON_MAP, distinct, **row)


def _morphs(row: Row, arrays: Arrays) -> Verdict:
    ratio, rises = row[f"{TARGET}_step_ratio"], row[f"{TARGET}_least_rise"] > 0
    scores = Series(arrays[f"scores_{TARGET}"])
    return Verdict.of("W5", rises and ratio < SMOOTH, rises, scores=scores, ratio=ratio)
