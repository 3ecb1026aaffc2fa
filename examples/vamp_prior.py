"""A prior of your own: the VampPrior (Tomczak and Welling 2018, eq. 9).

p(z) is the mean of the posteriors of K pseudo-inputs, images that are learned with the model:
p(z) = 1/K Σ q(z|u_k). Run it with `python examples/vamp_prior.py`: a minute on two cores, no
download. It prints the loss with N(0, I) and with the VampPrior, and writes new digits to vamp.png,
which it replaces.
"""

import math
import sys
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import tensorflow as tf
from minimal import build_decoder, build_encoder, load_images

from keras_vae import VAE
from keras_vae.files.pictures import save_grid
from keras_vae.models import Composite, DiagonalGaussian, Sampling
from keras_vae.models.distributions import log_normal


@dataclass
class Mixture:
    """Gaussians of equal weight.

    Attributes:
        count: Number of samples, B.
        parts: Their means and log-variances, each [K, L].
        sampling: Source of noise.
    """

    count: Any
    parts: DiagonalGaussian
    sampling: Sampling

    def sample(self) -> tf.Tensor:
        """Sample z [B, L]: first a Gaussian, then z from it."""
        uniform = self.sampling.uniform(self.count, 1)[:, 0]
        chosen = tf.cast(uniform * float(self.parts.mean.shape[0]), tf.int32)
        return self.sampling(
            [tf.gather(each, chosen) for each in (self.parts.mean, self.parts.log_var)]
        )

    def log_prob(self, z: tf.Tensor) -> tf.Tensor:
        """Log density of z [B, L] in nats, [B]; the KL divergence is estimated with it."""
        each = log_normal(z[:, tf.newaxis], self.parts.mean, self.parts.log_var)  # [B, K]
        return tf.reduce_logsumexp(each, axis=-1) - math.log(self.parts.mean.shape[0])


@keras.saving.register_keras_serializable("examples")
class VampPrior(Composite, keras.layers.Layer):
    """p(z) = 1/K Σ q(z|u_k).

    Args:
        posterior: q(z|x), which the model has as well.
        components: K.
        seed: Seed of the noise.
    """

    PARTS = ("posterior",)

    def __init__(
        self, posterior: Any, components: int = 50, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.posterior = posterior
        self.components = components
        self.seed = seed
        self.sampling = Sampling(seed)
        shape = (components, *posterior.encoder.inputs[0].shape[1:])
        start = keras.initializers.RandomNormal(-1.0, 1.0, seed=seed)
        self.pseudo_inputs = self.add_weight(shape=shape, initializer=start, name="pseudo_inputs")
        self.built = True

    def call(self, count: Any, y: Any = None) -> Mixture:
        """Return p(z) for `count` samples."""
        images = tf.sigmoid(tf.convert_to_tensor(self.pseudo_inputs))  # in [0, 1], as x is
        return Mixture(count, self.posterior(images), self.sampling)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "components": self.components, "seed": self.seed}


def main(epochs: int = 40) -> VAE:
    """Train with both priors; write digits that the second generates."""
    images = load_images()
    for prior in ("standard_normal", partial(VampPrior, components=50, seed=0)):
        keras.utils.set_random_seed(0)
        vae = VAE.from_networks(build_encoder(), build_decoder(), prior=prior, seed=0)
        vae.compile(optimizer=keras.optimizers.Adam(2e-3))
        vae.fit(images, batch_size=64, epochs=epochs, verbose=0)
        loss = vae.evaluate(images, verbose=0, return_dict=True)["loss"]
        print(f"{type(vae.prior).__name__}: −ELBO {loss:.2f} nats")
    save_grid(vae.generate(40, seed=0), "vamp.png", overwrite=True)
    return vae


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
