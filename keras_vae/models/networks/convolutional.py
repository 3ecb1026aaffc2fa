"""Plain stacks of convolutions, down and up."""

from __future__ import annotations

import math
from typing import Any

import keras

from ...ops.convolutions import up_conv
from ...presets import Preset
from .builder import NetworkBuilder, map_sizes


class Convolutional(NetworkBuilder):
    """Builds `presets.ConvNetwork`."""

    def down(self, image: Any) -> tuple[Any, Any]:
        """The encoder's convolutions, each normalized and activated, and the heads."""
        feature_sizes(self.preset)
        features = image
        for number, stage in enumerate(self.network.encoder, start=1):
            name = f"encoder_conv_{number}"
            features = self.conv(features, stage.filters, stage.kernel, stage.stride, name)
        return self.heads(keras.layers.Flatten(name="flatten", dtype=self.dtype)(features))

    def up(self, z: Any) -> Any:
        """A dense layer to the smallest feature maps, then the decoder's convolutions."""
        network, sizes = self.network, feature_sizes(self.preset)
        features = self._projection(z, (*sizes[-1], network.encoder[-1].filters))
        targets = [
            size for size, stage in zip(sizes, network.encoder, strict=False) if stage.stride > 1
        ]
        *stages, last = network.decoder
        for number, stage in enumerate(stages, start=1):
            size = targets.pop() if stage.stride > 1 else tuple(features.shape[1:3])
            name = f"decoder_conv_{number}"
            features = self.up_conv(features, stage.filters, stage.kernel, stage.stride, size, name)
        return up_conv(
            self.preset.image_shape[2],
            last.kernel,
            last.stride,
            size=self.preset.image_shape[:2],
            upsampling=network.upsampling,
            name=f"decoder_conv_{len(network.decoder)}",
            dtype=self.dtype,
        )(features)

    def _projection(self, z: Any, shape: tuple[int, ...]) -> Any:
        """The dense layer from z to the smallest feature maps."""
        name, network = "decoder_projection", self.network
        normalized = network.normalize_projection and self.normalized
        features = self.dense(math.prod(shape), name, normalized)(z)
        if network.normalize_projection:
            features = self.normalize(features, name)
        return keras.layers.Reshape(shape, name=f"{name}_maps", dtype=self.dtype)(features)


def feature_sizes(preset: Preset) -> list[tuple[int, int]]:
    """Heights and widths from the image through each convolution of the encoder.

    Raises:
        ValueError: If the image is smaller than the strides shrink it, or the decoder's strides do
            not lead back to it.
    """
    network, size = preset.network, preset.image_shape[:2]
    shrink = [stage.stride for stage in network.encoder]
    grow = [stage.stride for stage in network.decoder]
    least = math.prod(shrink)
    if min(size) < least:
        choices = ", ".join(str(least * factor) for factor in (1, 2, 3, 4))
        raise ValueError(
            f"`image_size` must be at least {least}×{least} for {preset.name!r}, whose strides "
            f"shrink it by {least}; for instance {choices}. Received: {size[0]}×{size[1]}."
        )
    if [s for s in grow if s > 1] != [s for s in reversed(shrink) if s > 1]:
        reached = "×".join(str(side // least * math.prod(grow)) for side in size)
        raise ValueError(
            f"The decoder's strides {grow} must be the encoder's, {shrink}, reversed: they reach "
            f"{reached}, not {size[0]}×{size[1]}."
        )
    return map_sizes(size, shrink)
