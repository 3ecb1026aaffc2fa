"""A loss term of your own, as a function: the total variation of the reconstruction.

Run it with `python examples/total_variation.py`: a minute on two cores, no download. It trains the
networks of minimal.py without and with the term, and prints how much neighboring pixels differ.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from minimal import build_decoder, build_encoder, load_images

from keras_vae import VAE, ForwardPass, FunctionTerm, elbo_terms


@keras.saving.register_keras_serializable("examples")  # so that a model with it can be saved
def total_variation(forward: ForwardPass) -> tf.Tensor:
    """Sum of the differences of neighboring pixels (Rudin et al. 1992), [B]."""
    return tf.image.total_variation(forward.likelihood.mode())


def train(weight: float, images: np.ndarray, epochs: int) -> float:
    """Train a model; return the total variation of its reconstructions."""
    keras.utils.set_random_seed(0)
    terms = [*elbo_terms(), FunctionTerm(total_variation, weight)]
    vae = VAE.from_networks(build_encoder(), build_decoder(), "bernoulli", terms=terms, seed=0)
    vae.compile(optimizer=keras.optimizers.Adam(2e-3))
    vae.fit(images, batch_size=64, epochs=epochs, verbose=0)
    return vae.evaluate(images, verbose=0, return_dict=True)["total_variation_loss"]


def main(epochs: int = 20) -> None:
    """Compare two weights of the term."""
    images = load_images()
    for weight in (0.0, 1.0):
        print(f"weight {weight}: total variation {train(weight, images, epochs):.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
