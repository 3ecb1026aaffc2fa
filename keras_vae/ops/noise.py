"""A fixed pattern of noise, from which a decoder makes texture."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from .registration import package


@package
class FixedNoise(keras.layers.Layer):
    """Adds maps of fixed Gaussian noise to feature maps, in learned shares, at first none.

    A decoder that makes texture of its latent alone repeats one pattern at all places. Karras et
    al. (2019, section 3.2) therefore add noise at each size; here it is drawn once, so that a
    latent has one image.

    Args:
        maps: Of noise; each is added to each channel with a weight of its own.
        seed: Of the noise.
    """

    def __init__(self, maps: int = 4, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.maps, self.seed = maps, seed

    def build(self, input_shape: Any) -> None:
        """Draw the noise, and create the shares."""
        _, height, width, channels = input_shape
        normal = keras.initializers.RandomNormal(stddev=1.0, seed=self.seed)
        shape = (height, width, self.maps)
        self.noise = self.add_weight(shape, normal, trainable=False, name="noise")
        self.shares = self.add_weight((self.maps, channels), "zeros", name="shares")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Add the noise to maps [B, H, W, F]."""
        noise = tf.convert_to_tensor(self.noise)
        return inputs + tf.matmul(noise, tf.convert_to_tensor(self.shares))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "maps": self.maps, "seed": self.seed}
