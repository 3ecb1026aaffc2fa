"""Encoders and decoders: functional Keras models with named layers, built from a preset.

Each kind of network has a module with two functions: `down` computes z_mean and the input of the
scale from an image, `up` computes the logits from a latent.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import keras

from ...presets import ConvNetwork, DenseNetwork, Preset, PrincipalNetwork, ResidualNetwork
from ..layers import LogVariance
from . import convolutional, dense, principal, residual

_KINDS: dict[type, ModuleType] = {
    DenseNetwork: dense,
    ConvNetwork: convolutional,
    ResidualNetwork: residual,
    PrincipalNetwork: principal,
}


def build_encoder(preset: Preset, *, dtype: Any = None) -> keras.Model:
    """Build the encoder q(z|x).

    Args:
        preset: What to build.
        dtype: Keras dtype policy of the layers; the outputs are float32 under any.

    Returns:
        A model from scaled pixels [B, H, W, C] to z_mean and z_log_var, each [B, L].

    Raises:
        ValueError: If the network does not fit the image size.
    """
    image = keras.Input(preset.image_shape, name="image")
    z_mean, scale = _KINDS[type(preset.network)].down(preset, image, dtype)
    z_log_var = LogVariance(preset.posterior_scale, name="z_log_var", dtype="float32")(scale)
    return keras.Model(image, [z_mean, z_log_var], name="encoder")


def build_decoder(preset: Preset, *, dtype: Any = None) -> keras.Model:
    """Build the decoder p(x|z), up to but without the output activation.

    Args:
        preset: What to build.
        dtype: Keras dtype policy of the layers; the output is float32 under any.

    Returns:
        A model from z [B, L] to logits [B, H, W, C].

    Raises:
        ValueError: If the network does not fit the image size.
    """
    z = keras.Input((preset.latent_dim,), name="z")
    features = _KINDS[type(preset.network)].up(preset, z, dtype)
    logits = keras.layers.Activation("linear", name="logits", dtype="float32")(features)
    return keras.Model(z, logits, name="decoder")
