"""Principal components, and convolutions for what they leave over.

A linear VAE at its optimum is probabilistic PCA (Lucas et al. 2019), and that is computed, not
trained for: the network begins there. What the convolutions add begins at zero.
"""

from __future__ import annotations

import math
from typing import Any

import keras

from ..components import PrincipalComponents
from ..convolutions import DepthToSpace, IdleBiasDense, SpaceToDepth, conv, up_conv
from ..layers import LogVariance, norm_act
from ..presets import Preset, PrincipalNetwork
from .heads import PRECISION

LINEAR_MEAN, LINEAR_LOGITS = "linear_mean", "linear_logits"  # the layers that start as PCA


def down(preset: Preset, image: Any, dtype: Any) -> tuple[Any, Any]:
    """Principal components of the small image plus what convolutions add; the posterior's scale."""
    network: PrincipalNetwork = preset.network
    sizes(preset)
    small = keras.layers.AveragePooling2D(network.pool, name="small", dtype=PRECISION)(image)
    small = keras.layers.Flatten(name="small_flatten", dtype=PRECISION)(small)
    features = SpaceToDepth(network.patch, name="patches", dtype=dtype)(image)
    for number, filters in enumerate(network.filters, start=1):
        name, stride = f"encoder_conv_{number}", 2 if number > 1 else 1
        layer = conv(filters, network.kernel, stride, name=name, idle_bias=True, dtype=dtype)
        features = _normalize(network, layer(features), name, dtype)
    features = keras.layers.Flatten(name="flatten", dtype=dtype)(features)
    linear = keras.layers.Dense(preset.latent_dim, name=LINEAR_MEAN, dtype=PRECISION)(small)
    added, scale = (
        keras.layers.Dense(
            preset.latent_dim, kernel_initializer="zeros", name=name, dtype=PRECISION
        )(features)
        for name in ("added_mean", "z_scale")
    )
    return keras.layers.Add(name="z_mean", dtype=PRECISION)([linear, added]), scale


def up(preset: Preset, z: Any, dtype: Any) -> Any:
    """A linear small image, enlarged, plus what transposed convolutions add to it."""
    network: PrincipalNetwork = preset.network
    *larger, smallest = sizes(preset)
    height, width, channels = preset.image_shape
    pool = network.pool
    shape = (height // pool, width // pool, channels)
    small = keras.layers.Dense(math.prod(shape), name=LINEAR_LOGITS, dtype=PRECISION)(z)
    small = keras.layers.Reshape(shape, name="small_logits", dtype=PRECISION)(small)
    features = _projection(network, z, (*smallest, network.filters[-1]), dtype)
    for number, size in enumerate(reversed(larger), start=1):
        name, filters = f"decoder_conv_{number}", network.filters[-1 - number]
        features = up_conv(
            filters,
            network.kernel,
            2,
            size=size,
            upsampling="transposed",
            name=name,
            idle_bias=True,
            dtype=dtype,
        )(features)
        features = _normalize(network, features, name, dtype)
    seen = SpaceToDepth(network.patch // pool, name="small_patches", dtype=dtype)(small)
    features = keras.layers.Concatenate(name="with_small", dtype=dtype)([features, seen])
    last = conv(
        channels * network.patch**2,
        network.kernel,
        1,
        name=f"decoder_conv_{len(network.filters)}",
        kernel_initializer="zeros",
        dtype=dtype,
    )
    added = DepthToSpace(network.patch, name="added_logits", dtype=PRECISION)(last(features))
    large = keras.layers.UpSampling2D(
        pool, interpolation="bilinear", name="large_logits", dtype=PRECISION
    )(small)
    return keras.layers.Add(name="sum_of_logits", dtype=PRECISION)([large, added])


def start(encoder: keras.Model, decoder: keras.Model, components: PrincipalComponents) -> None:
    """Let encoder and decoder begin as the linear VAE of principal components.

    Args:
        encoder: Made by `down`; its heads gain what the components are.
        decoder: Made by `up`.
        components: Of the training images.
    """
    encoder.get_layer(LINEAR_MEAN).set_weights([components.reading, components.reading_bias])
    scale: LogVariance = encoder.get_layer("z_log_var")
    encoder.get_layer("z_scale").bias.assign(scale.inverse(components.log_variance))
    decoder.get_layer(LINEAR_LOGITS).set_weights([components.writing, components.writing_bias])


def sizes(preset: Preset) -> list[tuple[int, int]]:
    """Heights and widths of the maps, the largest first.

    Raises:
        ValueError: If the image, the patches or the pooled squares do not divide evenly.
    """
    patch, pool = preset.network.patch, preset.network.pool
    if patch % pool:
        raise ValueError(f"`patch` must be a multiple of `pool`, {pool}. Received: {patch}.")
    height, width = preset.image_shape[:2]
    if height % patch or width % patch:
        raise ValueError(
            f"`image_size` must be a multiple of {patch} for {preset.name!r}, which reads squares "
            f"of {patch}×{patch} pixels. Received: {height}×{width}."
        )
    found = [(height // patch, width // patch)]
    for _ in preset.network.filters[1:]:
        found.append(tuple(math.ceil(side / 2) for side in found[-1]))
    return found


def _projection(network: PrincipalNetwork, z: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """The dense layer from z to the smallest feature maps, normalised and activated."""
    name = "decoder_projection"
    flat = IdleBiasDense(math.prod(shape), name=name, dtype=dtype)(z)
    maps = keras.layers.Reshape(shape, name=f"{name}_maps", dtype=dtype)(flat)
    return _normalize(network, maps, name, dtype)


def _normalize(network: PrincipalNetwork, features: Any, name: str, dtype: Any) -> Any:
    return norm_act("batch", network.activation, name=name, dtype=dtype)(features)
