"""Residual blocks at each of a few sizes, down and up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import keras

from ...ops.convolutions import DepthToSpace, SpaceToDepth, conv, up_conv
from .builder import NetworkBuilder, conv_names, map_sizes


class Residual(NetworkBuilder):
    """Builds `presets.ResidualNetwork`."""

    def down(self, image: Any) -> tuple[Any, Any]:
        """A convolution to each size, each followed by its blocks; a dense layer; the heads."""
        network, names, features = self.network, conv_names("encoder"), image
        if network.patch > 1:
            features = SpaceToDepth(network.patch, name="patches", dtype=self.dtype)(image)
        for level, (filters, blocks) in enumerate(self._levels()):
            stride = 2 if level else 1
            shrink = conv(filters, network.kernel, stride, name=next(names), dtype=self.dtype)
            features = self.blocks(shrink(features), blocks, names)
        features = self.normalize(features, "encoder_maps")
        features = keras.layers.Flatten(name="flatten", dtype=self.dtype)(features)
        return self.heads(self._hidden(features, "encoder_dense"))

    def up(self, z: Any) -> Any:
        """Dense layers to the smallest maps; then blocks at each size, the way back."""
        network, sizes, names = self.network, self._sizes(), conv_names("decoder")
        levels = list(self._levels())
        features = self._hidden(z, "decoder_dense")
        shape = (*sizes[-1], levels[-1][0])
        projection = self.dense(math.prod(shape), "decoder_projection")
        maps = keras.layers.Reshape(shape, name="decoder_projection_maps", dtype=self.dtype)
        features = maps(projection(features))
        for level in reversed(range(len(levels))):
            features = self.blocks(features, levels[level][1], names)
            name = next(names)
            features = self.normalize(features, f"{name}_input")
            features = up_conv(
                levels[level - 1][0] if level else self.preset.image_shape[2] * network.patch**2,
                network.kernel,
                2 if level else 1,
                size=sizes[max(level - 1, 0)],
                upsampling=network.upsampling,
                name=name,
                dtype=self.dtype,
            )(features)
        if network.patch > 1:
            features = DepthToSpace(network.patch, name="pixels", dtype=self.dtype)(features)
        return features

    def _hidden(self, features: Any, name: str) -> Any:
        """The dense layer between the smallest maps and the latent."""
        activation = self.network.activation
        return keras.layers.Dense(
            self.network.dense, activation=activation, name=name, dtype=self.dtype
        )(features)

    def _levels(self) -> Iterator[tuple[int, int]]:
        """Filters and blocks of each size, the image's own first."""
        filters, blocks = self.network.filters, self.network.blocks
        if len(filters) != len(blocks):
            raise ValueError(
                f"`blocks` must have {len(filters)} values, one for each of `filters`. "
                f"Received: {blocks}."
            )
        return zip(filters, blocks, strict=True)

    def _sizes(self) -> list[tuple[int, int]]:
        """Heights and widths of the maps, the largest first."""
        patch, (height, width, _) = self.network.patch, self.preset.image_shape
        if height % patch or width % patch:
            raise ValueError(
                f"`patch` must divide the image's height and width, {(height, width)}. "
                f"Received: {patch}."
            )
        return map_sizes((height // patch, width // patch), [2] * (len(self.network.filters) - 1))
