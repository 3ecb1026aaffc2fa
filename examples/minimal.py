"""The variational autoencoder of the book in a page: your own networks, Keras's compile and fit.

Run it with `python examples/minimal.py`: half a minute on two cores, no download. It trains on
scikit-learn's scans of digits and writes new ones to minimal.png, which it replaces.
"""

import sys

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

from keras_vae import VAE
from keras_vae.files.pictures import save_grid

LATENT_DIM = 8


def build_encoder() -> keras.Model:
    """From an image [B, 8, 8, 1] to z_mean and z_log_var, each [B, LATENT_DIM]."""
    image = keras.Input((8, 8, 1))
    features = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(image)
    features = layers.Conv2D(64, 3, strides=2, padding="same", activation="relu")(features)
    features = layers.Flatten()(features)
    z_mean = layers.Dense(LATENT_DIM, name="z_mean")(features)
    z_log_var = layers.Dense(LATENT_DIM, name="z_log_var")(features)
    return keras.Model(image, [z_mean, z_log_var], name="encoder")


def build_decoder() -> keras.Model:
    """From z [B, LATENT_DIM] to an image [B, 8, 8, 1] in 0 … 1."""
    z = keras.Input((LATENT_DIM,))
    features = layers.Reshape((2, 2, 64))(layers.Dense(2 * 2 * 64, activation="relu")(z))
    features = layers.Conv2DTranspose(64, 3, strides=2, padding="same", activation="relu")(features)
    features = layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu")(features)
    image = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(features)
    return keras.Model(z, image, name="decoder")


def load_images() -> np.ndarray:
    """Load 1,797 images of digits, float32 [N, 8, 8, 1] in 0 … 1."""
    return (load_digits().images / 16).astype(np.float32)[..., np.newaxis]


def main(epochs: int = 40) -> VAE:
    """Train the model and write 40 new digits."""
    images = load_images()
    keras.utils.set_random_seed(0)
    vae = VAE.from_networks(build_encoder(), build_decoder(), likelihood="bernoulli", seed=0)
    vae.compile(optimizer=keras.optimizers.Adam(2e-3))
    vae.fit(images, batch_size=64, epochs=epochs, verbose=2)
    save_grid(vae.generate(40), "minimal.png", overwrite=True)
    return vae


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
