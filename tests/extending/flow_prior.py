"""A prior that is learned with the model: a flow of affine couplings (Dinh et al. 2017)."""

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from keras_vae.models import VAE, Composite, StandardNormal

LATENT_DIM, COUPLINGS = 8, 4
HALF = LATENT_DIM // 2


@dataclass
class Flow:
    """z whose image under the couplings is N(0, I)."""

    base: Any  # N(0, I)
    networks: list[keras.Model]

    def sample(self) -> tf.Tensor:
        z = self.base.sample()
        for network in reversed(self.networks):
            b, a = z[:, :HALF], z[:, HALF:]
            scale, shift = self._parameters(network, a)
            z = tf.concat([a, (b - shift) * tf.exp(-scale)], axis=-1)
        return z

    mode = sample

    def log_prob(self, z: tf.Tensor) -> tf.Tensor:
        log_det = 0.0
        for network in self.networks:
            a, b = z[:, :HALF], z[:, HALF:]
            scale, shift = self._parameters(network, a)
            log_det += tf.reduce_sum(scale, axis=-1)
            z = tf.concat([b * tf.exp(scale) + shift, a], axis=-1)
        return log_det + self.base.log_prob(z)

    def _parameters(self, network: keras.Model, a: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        scale, shift = tf.split(network(a), 2, axis=-1)
        return tf.tanh(scale), shift


@keras.saving.register_keras_serializable("extending")
class FlowPrior(Composite, layers.Layer):
    PARTS = ("networks",)

    def __init__(self, networks: list[keras.Model], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.networks = networks
        self.base = StandardNormal(LATENT_DIM, seed=0)

    def call(self, count: tf.Tensor, y: Any = None) -> Flow:
        return Flow(self.base(count), self.networks)


def mlp(inputs: Any, outputs: int) -> keras.Model:
    hidden = layers.Dense(64, activation="relu")
    return keras.Sequential([keras.Input(inputs), hidden, layers.Dense(outputs)])


def build() -> VAE:
    image, z = keras.Input((8, 8, 1)), keras.Input((LATENT_DIM,))
    features = layers.Dense(128, activation="relu")(layers.Flatten()(image))
    encoder = keras.Model(image, [layers.Dense(LATENT_DIM)(features) for _ in range(2)])
    decoded = layers.Dense(64)(layers.Dense(128, activation="relu")(z))
    decoder = keras.Model(z, layers.Reshape((8, 8, 1))(decoded))
    prior = FlowPrior([mlp((HALF,), LATENT_DIM) for _ in range(COUPLINGS)])
    return VAE.from_networks(encoder, decoder, "bernoulli", prior=prior, seed=0)
