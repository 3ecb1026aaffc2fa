"""A VQ-VAE (van den Oord et al. 2017): z is the nearest entry of a codebook at each position."""

import math
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from keras_vae.losses import LossTerm, elbo_terms
from keras_vae.models import VAE, Composite, Sampling
from keras_vae.models.likelihoods import Bernoulli

POSITIONS, WIDTH, ENTRIES = 4, 4, 32
registered = keras.saving.register_keras_serializable("extending")


@dataclass
class Quantized:
    encoded: tf.Tensor  # [B, POSITIONS, WIDTH]
    entry: tf.Tensor  # the nearest entries, of the same shape

    def sample(self) -> tf.Tensor:
        return self.encoded + tf.stop_gradient(self.entry - self.encoded)  # straight-through

    def mode(self) -> tf.Tensor:
        return self.entry

    def kl(self, prior: Any) -> tf.Tensor:
        """From the uniform prior, where all probability is at one entry of each position."""
        return tf.fill(tf.shape(self.entry)[:1], POSITIONS * math.log(ENTRIES))


@registered
class NearestEntry(Composite, layers.Layer):
    PARTS = ("encoder",)
    latent_spec = tf.TensorSpec((None, POSITIONS, WIDTH), tf.float32, "z")
    condition_spec = None

    def __init__(self, encoder: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        start = keras.initializers.RandomUniform(-1.0, 1.0)
        self.codebook = self.add_weight(shape=(ENTRIES, WIDTH), initializer=start, name="codebook")

    def call(self, x: tf.Tensor, y: Any = None, training: bool = False) -> Quantized:
        encoded, codebook = self.encoder(x), tf.convert_to_tensor(self.codebook)
        distances = tf.reduce_sum(tf.square(encoded[:, :, tf.newaxis] - codebook), axis=-1)
        return Quantized(encoded, tf.gather(codebook, tf.argmin(distances, axis=-1)))


@registered
class UniformEntries(Composite, layers.Layer):
    PARTS = ("posterior",)  # it shares the codebook

    def __init__(self, posterior: NearestEntry, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.posterior, self.sampling = posterior, Sampling(0)

    def call(self, count: tf.Tensor, y: Any = None) -> Quantized:
        uniform = self.sampling.uniform(count, POSITIONS)
        entry = tf.gather(tf.convert_to_tensor(self.posterior.codebook),
                          tf.cast(uniform * ENTRIES, tf.int32))  # fmt: skip
        return Quantized(entry, entry)


@registered
class Commitment(LossTerm):
    def value(self, forward: Any) -> tf.Tensor:
        q, squared = forward.posterior, tf.math.squared_difference
        codebook = squared(tf.stop_gradient(q.encoded), q.entry)
        return tf.reduce_sum(
            codebook + 0.25 * squared(q.encoded, tf.stop_gradient(q.entry)), [1, 2]
        )


def build() -> VAE:
    dense = [layers.Dense(128, activation="relu") for _ in range(2)]
    shape = layers.Reshape((POSITIONS, WIDTH))
    encoder = [layers.Flatten(), dense[0], layers.Dense(POSITIONS * WIDTH), shape]
    decoder = [layers.Flatten(), dense[1], layers.Dense(64), layers.Reshape((8, 8, 1))]
    posterior = NearestEntry(keras.Sequential([keras.Input((8, 8, 1)), *encoder]))
    likelihood = Bernoulli(keras.Sequential([keras.Input((POSITIONS, WIDTH)), *decoder]))
    terms = [*elbo_terms(), Commitment()]
    vae = VAE(posterior, UniformEntries(posterior), likelihood, terms)
    vae.build((None, 8, 8, 1))
    return vae
