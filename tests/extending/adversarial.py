"""An adversarial term (Larsen et al. 2016): a critic tells images from reconstructions."""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from keras_vae.losses import LossTerm, elbo_terms
from keras_vae.models import VAE, Composite

LATENT_DIM = 8


@keras.saving.register_keras_serializable("extending")
class Adversarial(Composite, LossTerm):
    PARTS = ("critic",)

    def __init__(self, critic: keras.Model, weight: float = 1.0, **kwargs: Any) -> None:
        super().__init__(weight, **kwargs)
        self.critic = critic
        self.optimizer = keras.optimizers.Adam(1e-3)
        self.optimizer.build(critic.trainable_variables)

    @property
    def adversary_variables(self) -> list[keras.Variable]:
        return self.critic.trainable_variables

    def value(self, forward: Any) -> tf.Tensor:
        return tf.nn.softplus(-self.critic(forward.likelihood.mode()))[:, 0]

    def train_adversary(self, forward: Any) -> None:
        fake = tf.stop_gradient(forward.likelihood.mode())
        with tf.GradientTape() as tape:
            loss = tf.nn.softplus(-self.critic(forward.x)) + tf.nn.softplus(self.critic(fake))
            loss = tf.reduce_mean(loss)
        gradients = tape.gradient(loss, self.adversary_variables)
        self.optimizer.apply_gradients(zip(gradients, self.adversary_variables, strict=True))


def build() -> VAE:
    image, z = keras.Input((8, 8, 1)), keras.Input((LATENT_DIM,))
    features = layers.Dense(128, activation="relu")(layers.Flatten()(image))
    encoder = keras.Model(image, [layers.Dense(LATENT_DIM)(features) for _ in range(2)])
    decoded = layers.Dense(64)(layers.Dense(128, activation="relu")(z))
    decoder = keras.Model(z, layers.Reshape((8, 8, 1))(decoded))
    hidden = layers.Dense(64, activation="relu")
    critic = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), hidden, layers.Dense(1)])
    terms = [*elbo_terms(), Adversarial(critic)]
    return VAE.from_networks(encoder, decoder, "bernoulli", terms=terms, seed=0)
