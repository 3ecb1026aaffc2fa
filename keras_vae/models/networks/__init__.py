"""Encoders and decoders: functional Keras models with named layers, built from a preset's data."""

from __future__ import annotations

from typing import Any

import keras

from ...presets import Preset
from .builder import NetworkBuilder as NetworkBuilder


def build_encoder(preset: Preset, *, dtype: Any = None) -> keras.Model:
    """Build a preset's encoder: see `NetworkBuilder.encoder`."""
    return preset.network.build(preset, dtype).encoder()


def build_decoder(preset: Preset, *, dtype: Any = None) -> keras.Model:
    """Build a preset's decoder: see `NetworkBuilder.decoder`."""
    return preset.network.build(preset, dtype).decoder()
