"""A PCA-initialized linear path with a convolutional residual.

A linear VAE at its optimum is probabilistic PCA (Lucas et al. 2019), and that is computed, not
trained: the network is initialized with it. What the convolutions add is zero at first.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ...ops.convolutions import DepthToSpace, SpaceToDepth, conv
from ..principal_components import PrincipalComponents
from .builder import (
    LABEL_MEAN,
    PRECISION,
    LogVariance,
    NetworkBuilder,
    map_sizes,
)

if TYPE_CHECKING:
    from ...datasets import ImageDataset
    from ..vae import VAE

LINEAR_MEAN, LINEAR_LOGITS = "linear_mean", "linear_logits"  # the layers initialized with PCA
MOST_NUMBERS = 32_000 * 3_072  # of small images in memory; more change the components little
DARKEST, BRIGHTEST = 5, 250  # of a pixel: the logits of 0 and 255 are not finite


class PCA(NetworkBuilder):
    """Builds `presets.PCANetwork`."""

    def down(self, image: Any) -> tuple[Any, Any]:
        """Principal components of the small image plus a residual; the posterior's scale."""
        small = keras.layers.AveragePooling2D(self.network.pool, name="small", dtype=PRECISION)
        flat = keras.layers.Flatten(name="small_flatten", dtype=PRECISION)(small(image))
        latent_dim = self.preset.latent_dim
        linear = keras.layers.Dense(latent_dim, name=LINEAR_MEAN, dtype=PRECISION)(flat)
        features = self._features(image)
        added, scale = (
            keras.layers.Dense(latent_dim, kernel_initializer="zeros", name=name, dtype=PRECISION)(
                features
            )
            for name in ("added_mean", "z_scale")
        )
        return keras.layers.Add(name="z_mean", dtype=PRECISION)([linear, added]), scale

    def up(self, z: Any) -> Any:
        """A small image linear in z, enlarged, plus a residual of transposed convolutions."""
        height, width, channels = self.preset.image_shape
        pool = self.network.pool
        shape = (height // pool, width // pool, channels)
        small = keras.layers.Dense(math.prod(shape), name=LINEAR_LOGITS, dtype=PRECISION)(z)
        small = keras.layers.Reshape(shape, name="small_logits", dtype=PRECISION)(small)
        large = keras.layers.UpSampling2D(
            pool, interpolation="bilinear", name="large_logits", dtype=PRECISION
        )(small)
        added = self._added_logits(z, small, large)
        return keras.layers.Add(name="sum_of_logits", dtype=PRECISION)([large, added])

    def check_images(self, dataset: ImageDataset) -> None:
        """Refuse images of which there are not enough components.

        Raises:
            ValueError: If there is only one image; or fewer images, or pixels in a small one, than
                latent dimensions, and the likelihood has no variance of its own.
        """
        count, numbers, latent_dim = dataset.count("train"), self._numbers, self.preset.latent_dim
        if count < 2:
            raise ValueError(
                f"`dataset` must have at least 2 training images. "
                f"Received: {count} in {dataset.name!r}."
            )
        mirrored = 2 * count if self.preset.random_flip else count
        if self._noise is None and latent_dim >= min(mirrored, numbers):
            images = f"{count} training images"
            images += f" ({mirrored} with mirrored ones)" if self.preset.random_flip else ""
            raise ValueError(
                f"`latent_dim` must be smaller than the number of images and of the values of a "
                f"small one. Received: {latent_dim}, {images}, {numbers} values."
            )

    def initialize(self, vae: VAE, dataset: ImageDataset, seed: int = 0) -> None:
        """Initialize the linear path with probabilistic PCA of the training images.

        Raises:
            ValueError: See `check_images`.
        """
        self.check_images(dataset)
        rows = self._rows(dataset, seed)
        small = self._small_images(dataset, rows)
        pixels = vae.likelihood.scale(small)
        bounds = (0, 255) if self.preset.output == "linear" else (DARKEST, BRIGHTEST)
        logits = vae.likelihood.logits(vae.likelihood.scale(np.clip(small, *bounds)))
        components = PrincipalComponents.of(
            pixels.numpy(), logits.numpy(), self.preset.latent_dim, self._noise
        )
        encoder, decoder = vae.encoder, vae.decoder
        weights = [components.encoder_kernel, components.encoder_bias]
        encoder.get_layer(LINEAR_MEAN).set_weights(weights)
        scale: LogVariance = encoder.get_layer("z_log_var")
        encoder.get_layer("z_scale").bias.assign(scale.inverse(components.log_variance))
        kernel = components.decoder_kernel
        if self.preset.classes is not None:
            z_mean = pixels.numpy() @ components.encoder_kernel + components.encoder_bias
            labels = np.resize(dataset.labels[rows], len(z_mean))  # again for mirrored images
            means = self._means_of_labels(z_mean, labels)  # what z has no longer, the label has
            encoder.get_layer(LABEL_MEAN).set_weights([-means])
            kernel = np.concatenate([kernel, means @ kernel])
        decoder.get_layer(LINEAR_LOGITS).set_weights([kernel, components.decoder_bias])

    def sizes(self) -> list[tuple[int, int]]:
        """Heights and widths of the maps, the largest first.

        Raises:
            ValueError: If the image, the patches or the pooled squares do not divide evenly.
        """
        patch, pool = self.network.patch, self.network.pool
        if patch % pool:
            raise ValueError(f"`patch` must be a multiple of `pool`, {pool}. Received: {patch}.")
        height, width = self.preset.image_shape[:2]
        if height % patch or width % patch:
            raise ValueError(
                f"`image_size` must be a multiple of {patch} for {self.preset.name!r}, which reads "
                f"squares of {patch}×{patch} pixels. Received: {height}×{width}."
            )
        return map_sizes((height // patch, width // patch), [2] * (len(self.network.filters) - 1))

    @property
    def _noise(self) -> float | None:
        """σ² of the likelihood, whose linear optimum is PCA with it (Lucas et al. 2019)."""
        return getattr(self.preset.objective.likelihood, "variance", None)

    @property
    def _numbers(self) -> int:
        """Values of a small image."""
        return math.prod(self.preset.image_shape) // self.network.pool**2

    def _rows(self, dataset: ImageDataset, seed: int) -> np.ndarray:
        """Rows of the training images, or as many of them as the memory holds."""
        rows = dataset.indices("train")
        most = MOST_NUMBERS // self._numbers // (2 if self.preset.random_flip else 1)
        if len(rows) > most:
            rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
        return rows

    def _small_images(self, dataset: ImageDataset, rows: np.ndarray) -> np.ndarray:
        """Images as the linear encoder sees them, then mirrored ones if these are trained.

        Returns:
            Pixels of 0 … 255, float32 [N, D].
        """
        flip, pool = self.preset.random_flip, self.network.pool
        height, width, channels = self.preset.image_shape
        shape = (-1, height // pool, pool, width // pool, pool, channels)
        small = dataset.images[rows].reshape(shape).mean(axis=(2, 4), dtype=np.float32)
        if flip:
            small = np.concatenate([small, small[:, :, ::-1]])
        return small.reshape(len(small), -1)

    def _means_of_labels(self, z: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Mean of z [N, L] of each label, [K, L]; 0 of a label without images."""
        chosen = np.eye(self.preset.classes, dtype=np.float32)[labels]  # [N, K]
        return chosen.T @ z / np.maximum(chosen.sum(axis=0), 1.0)[:, None]

    def _features(self, image: Any) -> Any:
        """Features of squares of pixels by the encoder's convolutions, [B, F]."""
        network = self.network
        self.sizes()
        features = SpaceToDepth(network.patch, name="patches", dtype=self.dtype)(image)
        for number, filters in enumerate(network.filters, start=1):
            stride, name = 2 if number > 1 else 1, f"encoder_conv_{number}"
            features = self.conv(features, filters, network.kernel, stride, name)
            features = self._refined(features, number)
        return keras.layers.Flatten(name="flatten", dtype=self.dtype)(features)

    def _refined(self, features: Any, level: int) -> Any:
        """The encoder's maps of a level, from 1, as the next one gets them."""
        return features

    def _added_logits(self, z: Any, small: Any, large: Any) -> Any:
        """What the decoder's convolutions add to the small image of logits, enlarged."""
        network = self.network
        *larger, smallest = self.sizes()
        features = self._projection(z, (*smallest, network.filters[-1]))
        stages = zip(reversed(network.filters[:-1]), reversed(larger), strict=True)
        for number, (filters, size) in enumerate(stages, start=1):
            name = f"decoder_conv_{number}"
            features = self.up_conv(features, filters, network.kernel, 2, size, name)
        squares = SpaceToDepth(
            network.patch // network.pool, name="small_patches", dtype=self.dtype
        )(small)
        join = keras.layers.Concatenate(name="with_small", dtype=self.dtype)
        last = conv(
            self.preset.image_shape[2] * network.patch**2,
            network.kernel,
            1,
            name=f"decoder_conv_{len(network.filters)}",
            kernel_initializer="zeros",
            dtype=self.dtype,
        )(join([features, squares]))
        return DepthToSpace(network.patch, name="added_logits", dtype=PRECISION)(last)

    def _projection(self, z: Any, shape: tuple[int, ...]) -> Any:
        """The dense layer from z to the smallest feature maps, normalized and activated."""
        name = "decoder_projection"
        flat = self.dense(math.prod(shape), name, self.normalized)(z)
        maps = keras.layers.Reshape(shape, name=f"{name}_maps", dtype=self.dtype)(flat)
        return self.normalize(maps, name)
