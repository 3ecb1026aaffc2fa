"""A class-conditional VAE (Sohn et al. 2015): both networks have the label as a second input."""

import keras
from keras import layers

from keras_vae.models import VAE

LATENT_DIM, CLASSES = 8, 10


def label_input() -> tuple[keras.KerasTensor, keras.KerasTensor]:
    label = keras.Input((), dtype="int64", name="label")
    return label, layers.Embedding(CLASSES, 16)(label)


def build_encoder() -> keras.Model:
    image, (label, embedded) = keras.Input((8, 8, 1)), label_input()
    features = layers.Concatenate()([layers.Flatten()(image), embedded])
    features = layers.Dense(128, activation="relu")(features)
    z_mean, z_log_var = layers.Dense(LATENT_DIM)(features), layers.Dense(LATENT_DIM)(features)
    return keras.Model([image, label], [z_mean, z_log_var])


def build_decoder() -> keras.Model:
    z, (label, embedded) = keras.Input((LATENT_DIM,)), label_input()
    features = layers.Dense(128, activation="relu")(layers.Concatenate()([z, embedded]))
    return keras.Model([z, label], layers.Reshape((8, 8, 1))(layers.Dense(64)(features)))


def build() -> VAE:
    return VAE.from_networks(build_encoder(), build_decoder(), "bernoulli", seed=0)
