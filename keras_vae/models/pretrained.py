"""Weights of an exported model, copied into a Keras model: `VAE.from_pretrained`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

if TYPE_CHECKING:
    from .vae import VAE


def copy_weights(version: Path, vae: VAE) -> None:
    """Copy the weights of an exported model into a VAE of the same preset.

    A SavedModel keeps the names of its variables. Weights of encoder and decoder are found by their
    path, such as "encoder_conv_1/kernel"; those of the likelihood by their name, such as
    "log_variance", since their path also contains the name of the model. Loss terms are not
    exported: their weights, such as a linear head of the distillation loss, stay as they are.

    Args:
        version: The folder of the exported model's version.
        vae: The model, built.

    Raises:
        ValueError: If a weight is missing in the exported model, or has another shape there.
    """
    weights = _named_weights(vae)
    exported = tf.saved_model.load(str(version))  # which keeps its variables
    saved = _saved_variables(exported)
    wrong = [
        f"{name} {tuple(weight.shape)}"
        for name, weight in weights.items()
        if name not in saved or tuple(saved[name].shape) != tuple(weight.shape)
    ]
    if wrong:
        raise ValueError(
            f"`vae` must have the weights of {version}. Received: a model with others, "
            f"{', '.join(wrong[:3])}{' …' if len(wrong) > 3 else ''}."
        )
    for name, weight in weights.items():
        weight.assign(saved[name])


def _named_weights(vae: VAE) -> dict[str, keras.Variable]:
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
