"""Residual blocks at each of a few sizes, down and up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import keras

from ...ops.convolutions import DepthToSpace, SpaceToDepth, conv, up_conv
from ...presets import Preset, ResidualNetwork
from .convolutional import normalize
from .heads import heads


def down(preset: Preset, image: Any, dtype: Any) -> tuple[Any, Any]:
    """A convolution to each size, each followed by its blocks; a dense layer; the heads."""
    network: ResidualNetwork = preset.network
    names, features = _names("encoder"), image
    if network.patch > 1:
        features = SpaceToDepth(network.patch, name="patches", dtype=dtype)(image)
    for level, (filters, blocks) in enumerate(_levels(network)):
        stride = 2 if level else 1
        shrink = conv(filters, network.kernel, stride, name=next(names), dtype=dtype)
        features = _blocks(network, shrink(features), blocks, names, dtype)
    features = normalize(network, features, "encoder_maps", dtype)
    features = keras.layers.Flatten(name="flatten", dtype=dtype)(features)
    return heads(preset, _dense(network, features, network.dense, "encoder_dense", dtype))


def up(preset: Preset, z: Any, dtype: Any) -> Any:
    """Dense layers to the smallest maps; then blocks at each size, the way back."""
    network: ResidualNetwork = preset.network
    sizes, names = _sizes(preset), _names("decoder")
    levels = list(_levels(network))
    features = _dense(network, z, network.dense, "decoder_dense", dtype)
    shape = (*sizes[-1], levels[-1][0])
    projection = keras.layers.Dense(math.prod(shape), name="decoder_projection", dtype=dtype)
    maps = keras.layers.Reshape(shape, name="decoder_projection_maps", dtype=dtype)
    features = maps(projection(features))
    for level in reversed(range(len(levels))):
        features = _blocks(network, features, levels[level][1], names, dtype)
        name = next(names)
        features = normalize(network, features, f"{name}_input", dtype)
        features = up_conv(
            levels[level - 1][0] if level else preset.image_shape[2] * network.patch**2,
            network.kernel,
            2 if level else 1,
            size=sizes[max(level - 1, 0)],
            upsampling=network.upsampling,
            name=name,
            dtype=dtype,
        )(features)
    if network.patch > 1:
        features = DepthToSpace(network.patch, name="pixels", dtype=dtype)(features)
    return features


def _blocks(
    network: ResidualNetwork, features: Any, count: int, names: Iterator[str], dtype: Any
) -> Any:
    """Pre-activation blocks (He et al. 2016b) that start as the identity."""
    filters = features.shape[-1]
    for _ in range(count):
        branch = features
        for start in ("glorot_uniform", "zeros"):
            name = next(names)
            branch = normalize(network, branch, f"{name}_input", dtype)
            branch = conv(
                filters, network.kernel, 1, name=name, kernel_initializer=start, dtype=dtype
            )(branch)
        features = keras.layers.Add(name=f"{name}_add", dtype=dtype)([features, branch])
    return features


def _dense(network: ResidualNetwork, features: Any, width: int, name: str, dtype: Any) -> Any:
    return keras.layers.Dense(width, activation=network.activation, name=name, dtype=dtype)(
        features
    )


def _levels(network: ResidualNetwork) -> Iterator[tuple[int, int]]:
    """Filters and blocks of each size, the image's own first."""
    if len(network.filters) != len(network.blocks):
        raise ValueError(
            f"`blocks` must have {len(network.filters)} values, one for each of `filters`. "
            f"Received: {network.blocks}."
        )
    return zip(network.filters, network.blocks, strict=True)


def _sizes(preset: Preset) -> list[tuple[int, int]]:
    """Heights and widths of the maps, the largest first."""
    patch = preset.network.patch
    if any(side % patch for side in preset.image_shape[:2]):
        raise ValueError(
            f"`patch` must divide the image's height and width, {preset.image_shape[:2]}. "
            f"Received: {patch}."
        )
    sizes = [tuple(side // patch for side in preset.image_shape[:2])]
    for _ in preset.network.filters[1:]:
        sizes.append(tuple(math.ceil(side / 2) for side in sizes[-1]))
    return sizes


def _names(part: str) -> Iterator[str]:
    """Name the convolutions of a part by their order."""
    number = 0
    while True:
        number += 1
        yield f"{part}_conv_{number}"
