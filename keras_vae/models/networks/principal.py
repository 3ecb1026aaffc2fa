"""Principal components, and convolutions for what they leave over.

A linear VAE at its optimum is probabilistic PCA (Lucas et al. 2019), and that is computed, not
trained for: the network begins there. What the convolutions add begins at zero.
"""

from __future__ import annotations

import math
from typing import Any

import keras

from ...ops.convolutions import DepthToSpace, IdleBiasDense, SpaceToDepth, conv, up_conv
from ...presets import Preset, PrincipalNetwork
from ..layers import LogVariance
from ..principal_components import PrincipalComponents
from .convolutional import normalize
from .heads import PRECISION

LINEAR_MEAN, LINEAR_LOGITS = "linear_mean", "linear_logits"  # the layers that start as PCA


def down(preset: Preset, image: Any, dtype: Any) -> tuple[Any, Any]:
    """Principal components of the small image plus what convolutions add; the posterior's scale."""
    small = keras.layers.AveragePooling2D(preset.network.pool, name="small", dtype=PRECISION)(image)
    small = keras.layers.Flatten(name="small_flatten", dtype=PRECISION)(small)
    linear = keras.layers.Dense(preset.latent_dim, name=LINEAR_MEAN, dtype=PRECISION)(small)
    features = _features(preset, image, dtype)
    added, scale = (
        keras.layers.Dense(
            preset.latent_dim, kernel_initializer="zeros", name=name, dtype=PRECISION
        )(features)
        for name in ("added_mean", "z_scale")
    )
    return keras.layers.Add(name="z_mean", dtype=PRECISION)([linear, added]), scale


def up(preset: Preset, z: Any, dtype: Any) -> Any:
    """A linear small image, enlarged, plus what transposed convolutions add to it."""
    height, width, channels = preset.image_shape
    pool = preset.network.pool
    shape = (height // pool, width // pool, channels)
    small = keras.layers.Dense(math.prod(shape), name=LINEAR_LOGITS, dtype=PRECISION)(z)
    small = keras.layers.Reshape(shape, name="small_logits", dtype=PRECISION)(small)
    large = keras.layers.UpSampling2D(
        pool, interpolation="bilinear", name="large_logits", dtype=PRECISION
    )(small)
    added = _added_logits(preset, z, small, dtype)
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


def _features(preset: Preset, image: Any, dtype: Any) -> Any:
    """What the encoder's convolutions make of squares of pixels, [B, F]."""
    network: PrincipalNetwork = preset.network
    sizes(preset)
    features = SpaceToDepth(network.patch, name="patches", dtype=dtype)(image)
    for number, filters in enumerate(network.filters, start=1):
        name = f"encoder_conv_{number}"
        features = conv(
            filters,
            network.kernel,
            2 if number > 1 else 1,
            name=name,
            idle_bias=network.normalization != "none",
            dtype=dtype,
        )(features)
        features = normalize(network, features, name, dtype)
    return keras.layers.Flatten(name="flatten", dtype=dtype)(features)


def _added_logits(preset: Preset, z: Any, small: Any, dtype: Any) -> Any:
    """What the decoder's convolutions add to the small image of logits, at its full size."""
    network: PrincipalNetwork = preset.network
    *larger, smallest = sizes(preset)
    features = _projection(network, z, (*smallest, network.filters[-1]), dtype)
    stages = zip(reversed(network.filters[:-1]), reversed(larger), strict=True)
    for number, (filters, size) in enumerate(stages, start=1):
        name = f"decoder_conv_{number}"
        features = up_conv(
            filters,
            network.kernel,
            2,
            size=size,
            upsampling="transposed",
            name=name,
            idle_bias=network.normalization != "none",
            dtype=dtype,
        )(features)
        features = normalize(network, features, name, dtype)
    seen = SpaceToDepth(network.patch // network.pool, name="small_patches", dtype=dtype)(small)
    features = keras.layers.Concatenate(name="with_small", dtype=dtype)([features, seen])
    last = conv(
        preset.image_shape[2] * network.patch**2,
        network.kernel,
        1,
        name=f"decoder_conv_{len(network.filters)}",
        kernel_initializer="zeros",
        dtype=dtype,
    )
    return DepthToSpace(network.patch, name="added_logits", dtype=PRECISION)(last(features))


def _projection(network: PrincipalNetwork, z: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """The dense layer from z to the smallest feature maps, normalised and activated."""
    name = "decoder_projection"
    dense = keras.layers.Dense if network.normalization == "none" else IdleBiasDense
    flat = dense(math.prod(shape), name=name, dtype=dtype)(z)
    maps = keras.layers.Reshape(shape, name=f"{name}_maps", dtype=dtype)(flat)
    return normalize(network, maps, name, dtype)
