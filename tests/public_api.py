"""The public names as a program uses them: `make lint` checks their types with mypy."""

from pathlib import Path
from typing import Any, assert_type

import keras
import numpy as np

import keras_vae
from keras_vae import VAE, ForwardPass, FunctionTerm, Preset, elbo_terms
from keras_vae.inference.saved_model import SavedModel
from keras_vae.inference.upscaler import Upscaler


def brightness(forward: ForwardPass) -> Any:
    """A loss term as a function."""
    return forward.likelihood.mode()


def train(encoder: keras.Model, decoder: keras.Model, images: np.ndarray) -> VAE:
    """Build models in every way, and use one."""
    preset = keras_vae.get_preset("mnist").override(latent_dim=3)
    assert_type(preset, Preset)
    for vae in (VAE.from_preset(preset, seed=0), VAE.from_pretrained("mnist")):
        assert_type(vae, VAE)
    terms = [*elbo_terms(), FunctionTerm(brightness, 0.1)]
    vae = VAE.from_networks(encoder, decoder, likelihood="bernoulli", terms=terms)
    vae.compile(optimizer="adam")
    vae.fit(images, epochs=1, validation_data=(images, None))
    assert_type(vae.generate(10, seed=0), np.ndarray)
    assert_type(vae.reconstruct(images), np.ndarray)
    assert_type(vae.decode(vae.encode(images).mean), np.ndarray)
    return vae


def use(vae: VAE, photo: Path, labels: np.ndarray) -> None:
    """Export a model, and edit with it."""
    attributes = keras_vae.Attributes.fit(np.zeros((9, 3)), labels, ["Smiling"])
    assert_type(keras_vae.export_model(vae, "models/mine", attributes=attributes), Path)
    model = keras_vae.load("models/mine")
    assert_type(model, SavedModel)
    assert_type(keras_vae.load_upscaler("vdsr"), Upscaler)
    assert_type(model.generate(n=4, seed=0), np.ndarray)
    assert_type(model.morph(photo, Smiling=2, Young=-1), np.ndarray)
    assert_type(model.morph([photo, "b.jpg"], align=True, Smiling=[1.0, 2.0]), np.ndarray)
    assert_type(model.interpolate(photo, b"", steps=5), np.ndarray)
    assert_type(model.encode(photo).z_mean, np.ndarray)
    images, z = model.sample([14, 3], prior="auto")
    assert_type(images, np.ndarray)
    assert_type(model.decode(z + model.direction("Smiling")), np.ndarray)
    keras_vae.plotting.grid(images).show()
