"""A ladder of two levels (Sønderby et al. 2016): p(z2) p(z1|z2), and q(z2|x) q(z1|x, z2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from keras_vae.losses import elbo_terms
from keras_vae.models import VAE, Composite, DiagonalGaussian, Sampling, StandardNormal
from keras_vae.models.likelihoods import Bernoulli

LOWER, UPPER = 8, 4
registered = keras.saving.register_keras_serializable("extending")


@dataclass
class Chain:
    """A distribution of (z1, z2)."""

    top: Any  # of z2
    below: Callable[[tf.Tensor], Any]  # from z2 to that of z1

    def sample(self) -> tuple[tf.Tensor, tf.Tensor]:
        z2 = self.top.sample()
        return self.below(z2).sample(), z2

    def mode(self) -> tuple[tf.Tensor, tf.Tensor]:
        z2 = self.top.mode()
        return self.below(z2).mode(), z2

    def log_prob(self, z: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        return self.top.log_prob(z[1]) + self.below(z[1]).log_prob(z[0])

    def kl(self, other: Any) -> None:
        """No closed form: it is estimated from the sample."""


def mlp(*inputs: int, outputs: int) -> keras.Model:
    """From vectors to the mean and log-variance of another."""
    tensors = [keras.Input((width,)) for width in inputs]
    features = layers.Concatenate()(tensors) if len(tensors) > 1 else tensors[0]
    hidden = layers.Dense(128, activation="relu")(features)
    return keras.Model(tensors, layers.Dense(outputs)(hidden))


class Level(Composite, layers.Layer):
    """A layer with networks and a source of noise."""

    def __init__(self, **arguments: Any) -> None:
        networks = {name: arguments.pop(name) for name in self.PARTS}
        super().__init__(**arguments)
        for name, part in networks.items():
            setattr(self, name, part)
        self.sampling, self.standard_normal = Sampling(0), StandardNormal(UPPER, 0)

    def gaussian(self, parameters: tf.Tensor) -> DiagonalGaussian:
        return DiagonalGaussian(*tf.split(parameters, 2, axis=-1), self.sampling)


@registered
class LadderPosterior(Level):
    PARTS = ("top", "below")
    latent_spec = (tf.TensorSpec((None, LOWER), name="z1"), tf.TensorSpec((None, UPPER), name="z2"))
    condition_spec = None

    def call(self, x: tf.Tensor, y: Any = None, training: bool = False) -> Chain:
        x = tf.reshape(x, (-1, 64))
        return Chain(self.gaussian(self.top(x)), lambda z2: self.gaussian(self.below([x, z2])))


@registered
class LadderPrior(Level):
    PARTS = ("below",)

    def call(self, count: tf.Tensor, y: Any = None) -> Chain:
        return Chain(self.standard_normal(count), lambda z2: self.gaussian(self.below(z2)))


def build() -> VAE:
    posterior = LadderPosterior(
        top=mlp(64, outputs=2 * UPPER), below=mlp(64, UPPER, outputs=2 * LOWER)
    )
    prior, decoder = LadderPrior(below=mlp(UPPER, outputs=2 * LOWER)), mlp(LOWER, UPPER, outputs=64)
    image = keras.Model(decoder.inputs, layers.Reshape((8, 8, 1))(decoder.output))
    vae = VAE(posterior, prior, Bernoulli(image), elbo_terms())
    vae.build((None, 8, 8, 1))
    return vae
