"""Weights of an exported model, copied into a Keras model: `VAE.from_pretrained`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

if TYPE_CHECKING:
    from .vae import VAE


def copy_exported(version: Path, vae: VAE) -> None:
    """Copy the weights of an exported model into a VAE of the same architecture.

    A SavedModel keeps the names of its variables: see `copy_named`. Loss terms are not exported:
    their weights, such as a linear head of the distillation loss, stay as they are.

    Args:
        version: The folder of the exported model's version.
        vae: The model, built.

    Raises:
        ValueError: If a weight is missing in the exported model, or has another shape there.
    """
    exported = tf.saved_model.load(str(version))  # which keeps its variables
    copy_named(_saved_variables(exported), vae, version)


def copy_named(values: Mapping[str, Any], vae: VAE, origin: Path) -> None:
    """Copy weights into a VAE by their names.

    Those of encoder and decoder have their path, such as "encoder_conv_1/kernel"; those of the
    likelihood their name, such as "log_variance", since their path also contains the name of the
    model. A likelihood of another kind keeps its own.

    Args:
        values: Weights by name.
        vae: The model, built.
        origin: Where they come from, for the error.

    Raises:
        ValueError: If a weight of encoder or decoder is missing, or has another shape.
    """
    found = {
        name: weight
        for name, weight in named_weights(vae).items()
        if name in values and tuple(values[name].shape) == tuple(weight.shape)
    }
    missing = [
        f"{weight.path} {tuple(weight.shape)}"
        for weight in (*vae.encoder.weights, *vae.decoder.weights)
        if weight.path not in found
    ]
    if missing:
        raise ValueError(
            f"`vae` must have the weights of {origin}. Received: a model with others, "
            f"{', '.join(missing[:3])}{' …' if len(missing) > 3 else ''}."
        )
    for name, weight in found.items():
        weight.assign(keras.ops.convert_to_numpy(values[name]))


def named_weights(vae: VAE) -> dict[str, keras.Variable]:
    """The weights of encoder, decoder and likelihood by the names of `copy_named`."""
    networks = [*vae.encoder.weights, *vae.decoder.weights]
    others = {id(weight) for weight in networks}
    own = [weight for weight in vae.likelihood.weights if id(weight) not in others]
    return {each.path: each for each in networks} | {each.name: each for each in own}


def _saved_variables(exported: Any) -> dict[str, tf.Variable]:
    """The variables of a SavedModel by path, and by name."""
    signatures = exported.signatures.values()
    variables = {
        variable.name.removesuffix(":0"): variable
        for signature in signatures
        for variable in signature.variables
    }
    return {path.rpartition("/")[2]: each for path, each in variables.items()} | variables
