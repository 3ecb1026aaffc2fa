"""Posterior, prior and likelihood of `VAE.from_networks`: by name, as data, or as your own class.

Each is made of what it depends on: the posterior of the encoder, the prior of the posterior, the
likelihood of the decoder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import keras
import tensorflow as tf

from ..presets import Likelihood, Posterior, Prior
from ..presets.configuration import Configuration

Part: TypeAlias = str | Configuration | keras.layers.Layer | Callable[..., keras.layers.Layer]


def make_posterior(
    posterior: Part, encoder: keras.Model, latent_dim: int, seed: int | None
) -> keras.layers.Layer:
    """Make q(z|x): a kind of `presets.Posterior`, a layer, or a function of the encoder."""
    made = _configured(posterior, Posterior, "posterior")
    if isinstance(made, Posterior):
        return made.build(encoder, seed, latent_dim=latent_dim)
    return _layer(made, "posterior", encoder)


def make_prior(prior: Part, posterior: keras.layers.Layer, seed: int | None) -> keras.layers.Layer:
    """Make p(z): a kind of `presets.Prior`, a layer, or a function of the posterior.

    Raises:
        ValueError: If it has another number of dimensions.
    """
    made = _configured(prior, Prior, "prior")
    if isinstance(made, Prior):
        return made.build(posterior.latent_spec.shape[-1], seed)
    made = _layer(made, "prior", posterior)
    latents, own = posterior.latent_spec, getattr(made, "latent_dim", None)
    if own is not None and isinstance(latents, tf.TensorSpec) and own != latents.shape[-1]:
        raise ValueError(
            f"`prior` must have the encoder's {latents.shape[-1]} dimensions. Received: {own}."
        )
    return made


def make_likelihood(likelihood: Part, decoder: keras.Model, output: str) -> keras.layers.Layer:
    """Make p(x|z): a kind of `presets.Likelihood`, a layer, or a function of decoder and `output`.

    Raises:
        ValueError: If it is a layer around another decoder, such as one whose activation has not
            been taken off, which would be applied twice.
    """
    made = _configured(likelihood, Likelihood, "likelihood")
    if isinstance(made, Likelihood):
        return made.build(decoder, output=output)
    made = _layer(made, "likelihood", decoder, output=output)
    if made.decoder is not decoder:
        raise ValueError(
            "`likelihood` must be a class, or a function from the decoder to a layer, unless the "
            "layer is around `decoder`, and that ends in logits. Received: a layer around "
            f"{made.decoder.name!r}."
        )
    return made


def _configured(part: Part, family: type[Configuration], name: str) -> Any:
    """A part, with the default configuration of a kind in the place of its name."""
    if not isinstance(part, str):
        return part
    if part not in family.kinds:
        raise ValueError(
            f"`{name}` must be one of {', '.join(family.kinds)}, a configuration of "
            f"`keras_vae.presets`, or a class of your own. Received: {part!r}."
        )
    return family.kinds[part]()


def _layer(part: Any, name: str, *arguments: Any, **options: Any) -> keras.layers.Layer:
    """A layer as it is, or what a function makes of the arguments."""
    if callable(part) and not isinstance(part, keras.layers.Layer):
        part = part(*arguments, **options)
    if not isinstance(part, keras.layers.Layer):
        raise TypeError(
            f"`{name}` must be a Keras layer, or a function that returns one. Received: {part!r}."
        )
    return part
