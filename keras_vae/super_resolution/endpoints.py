"""The endpoints of an upscaler's SavedModel."""

from __future__ import annotations

import math

import keras
import tensorflow as tf

from ..export.graph_ops import at_least_one, decode_photo, luminance, require, to_uint8, traced
from ..export.signatures import Signatures, Tensors
from ..ops.recast import recast
from .vdsr import bicubic

BICUBIC_REACH = 2  # pixels to each side


class UpscalerEndpoints:
    """The functions behind the signatures, for one network.

    The network corrects the luminance alone: its residual is added to red, green and blue alike,
    so that the colour differences are those of the interpolation (as in Kim et al. 2016).

    Args:
        network: From interpolated luminance to its residual, as `build_vdsr` makes it.
        factor: How many times larger images become.
    """

    def __init__(self, network: keras.Model, factor: int) -> None:
        self.network = recast(network, "float32")
        self.factor = factor
        self._enlarge = traced(self._run, tf.TensorSpec([None, None, None, 3], tf.uint8))

    @property
    def reach(self) -> int:
        """Distance at which a pixel still influences the result, in pixels of the small image."""
        convolutions = [layer for layer in self.network.layers if layer.weights]
        seen = sum(layer.kernel_size[0] // 2 for layer in convolutions)
        return math.ceil(seen / self.factor) + BICUBIC_REACH

    def signatures(self) -> Signatures:
        """Function and inputs of each signature; the first is also `serving_default`."""
        return {
            "upscale": (self.upscale, [tf.TensorSpec([None], tf.string, "image_bytes")]),
            "upscale_pixels": (self.upscale_pixels, [tf.TensorSpec([None] * 4, tf.uint8, "image")]),
        }

    def upscale(self, image_bytes: tf.Tensor) -> Tensors:
        """Enlarge photos of any sizes, [B] → [B] PNG in RGB; transparent parts become white."""

        def enlarge(data: tf.Tensor) -> tf.Tensor:
            return tf.io.encode_png(self._enlarge(decode_photo(data)[tf.newaxis])[0])

        files = tf.map_fn(enlarge, image_bytes, fn_output_signature=tf.TensorSpec([], tf.string))
        return {"image_bytes": files}

    def upscale_pixels(self, image: tf.Tensor) -> Tensors:
        """Enlarge uint8 pixels [B, H, W, C], C = 1 or 3."""
        channels = tf.shape(image)[3]
        known = tf.logical_or(tf.equal(channels, 1), tf.equal(channels, 3))
        with tf.control_dependencies([require(known, "`image` must have 1 or 3 channels.")]):
            count, image = at_least_one(image)
        rgb = tf.broadcast_to(image, tf.concat([tf.shape(image)[:3], [3]], 0))
        return {"image": self._enlarge(rgb)[:count, ..., :channels]}

    def _run(self, image: tf.Tensor) -> tf.Tensor:
        """Enlarge uint8 [B, H, W, 3] to uint8 [B, H · factor, W · factor, 3]."""
        interpolated = bicubic(image, self.factor)
        residual = self.network(luminance(interpolated) / 255.0, training=False)
        return to_uint8(interpolated + 255.0 * residual)
