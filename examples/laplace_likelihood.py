"""A likelihood of your own: a Laplace distribution whose scale is learned.

Its negative logarithm is the absolute error, which forgives a few wrong pixels more than a squared
error. Run it with `python examples/laplace_likelihood.py`: half a minute on two cores, no download.
It prints −ELBO and the learned scale.
"""

import sys
from typing import Any

import keras
import tensorflow as tf
from minimal import build_decoder, build_encoder, load_images

from keras_vae import VAE, Likelihood


@keras.saving.register_keras_serializable("examples")
class Laplace(Likelihood):
    """p(x|z) = Π exp(−|x − mean| / b) / 2b over the pixels, b learned."""

    def __init__(self, decoder: keras.Model, output: str = "sigmoid", **kwargs: Any) -> None:
        super().__init__(decoder, output, **kwargs)
        self.log_scale = self.add_weight(name="log_scale", shape=(), initializer="zeros")

    def log_prob(self, x: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return nats, [B]."""
        log_scale = tf.convert_to_tensor(self.log_scale)
        error = tf.abs(x - self.mean(logits)) * tf.exp(-log_scale)
        return -tf.reduce_sum(error + log_scale + tf.math.log(2.0), axis=[1, 2, 3])


def main(epochs: int = 40) -> VAE:
    """Train the model and print its loss."""
    images = load_images()
    keras.utils.set_random_seed(0)
    vae = VAE.from_networks(build_encoder(), build_decoder(), likelihood=Laplace, seed=0)
    vae.compile(optimizer=keras.optimizers.Adam(2e-3))
    vae.fit(images, batch_size=64, epochs=epochs, verbose=0)
    loss = vae.evaluate(images, verbose=0, return_dict=True)["loss"]
    scale = float(tf.exp(vae.likelihood.log_scale))
    print(f"−ELBO {loss:.2f} nats, scale {scale:.3f} of the range of a pixel")
    return vae


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
