"""What z_mean and the posterior's scale are read off."""

from __future__ import annotations

from typing import Any

import keras

from ...presets import Preset

# A posterior in half precision loses the KL divergence's small terms.
PRECISION = "float32"


def heads(preset: Preset, features: Any) -> tuple[Any, Any]:
    """Read z_mean and what its scale is made of, each [B, L], off features [B, F]."""
    z_mean = keras.layers.Dense(preset.latent_dim, name="z_mean", dtype=PRECISION)
    scale = keras.layers.Dense(preset.latent_dim, name="z_scale", dtype=PRECISION)
    return z_mean(features), scale(features)
