"""Encoders and decoders: functional Keras models with named layers, built from a preset's data."""

from __future__ import annotations

from typing import Any

import keras

from ...presets import Preset
from .builder import NetworkBuilder as NetworkBuilder


def build_encoder(preset: Preset, *, dtype: Any = None) -> keras.Model:
    """Build a preset's encoder: see `NetworkBuilder.encoder`.

    Args:
        preset: The preset.
        dtype: Keras dtype policy of the layers, such as "mixed_bfloat16"; outputs are float32.

    Returns:
        z_mean and z_log_var, each [B, L], from x [B, H, W, C].

    Raises:
        ValueError: If the network does not fit the image size.

    Example:
        >>> [tuple(each.shape) for each in build_encoder(get_preset("mnist")).outputs]
        [(None, 20), (None, 20)]
    """
    return preset.network.build(preset, dtype).encoder()


def build_decoder(preset: Preset, *, dtype: Any = None) -> keras.Model:
    """Build a preset's decoder: see `NetworkBuilder.decoder`.

    Args:
        preset: The preset.
        dtype: Keras dtype policy of the layers, such as "mixed_bfloat16"; outputs are float32.

    Returns:
        Logits [B, H, W, C] from z [B, L].

    Raises:
        ValueError: If the network does not fit the image size.

    Example:
        >>> build_decoder(get_preset("mnist")).output_shape
        (None, 28, 28, 1)
    """
    return preset.network.build(preset, dtype).decoder()
