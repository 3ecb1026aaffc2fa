"""Encoders and decoders that you bring, made to fit: `VAE.from_networks`.

A posterior needs z_mean and z_log_var, a likelihood needs logits. The networks of books and guides
also return z, and images: the sampled z is ignored, and a last sigmoid or tanh is taken off. The
weights stay those of your networks.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..ops.activations import FUSED_SLOPE, layers_of_lost_slope
from ..ops.registration import package
from .composite import Composite, is_functional, output_shape_of
from .inputs import logger
from .likelihoods import INVERSES


def _operation(name: str) -> type[keras.Operation]:
    """The class of `keras.ops.sigmoid` and its like within a functional model."""
    return type(getattr(keras.ops, name)(keras.KerasTensor((1, 2)))._keras_history.operation)


# Layers after which the activation may as well come: they move pixels, and change none.
MOVES = (keras.layers.Reshape, keras.layers.Permute, keras.layers.Cropping2D)
SQUASHING = ("sigmoid", "tanh")  # activations that are taken off
OUTPUTS = ("logits", *SQUASHING)
# What is an activation: layers and operations by class, functions by identity. Your own may have
# the same names, as the layer `Linear` of Keras's guides.
OTHERS = ("relu", "leaky_relu", "elu", "softmax", "softplus")
CLASSES = {
    keras.layers.ReLU: "relu",
    keras.layers.LeakyReLU: "leaky_relu",
    keras.layers.PReLU: "prelu",
    keras.layers.ELU: "elu",
    keras.layers.Softmax: "softmax",
    **{_operation(name): name for name in (*SQUASHING, *OTHERS)},
}
FUNCTIONS = {
    "linear": (keras.activations.linear,),
    "sigmoid": (keras.activations.sigmoid, keras.ops.sigmoid, tf.sigmoid),
    "tanh": (keras.activations.tanh, keras.ops.tanh, tf.tanh),
}
PROBES = 64  # z that a decoder is looked at with
PROBE_SCALE = 30.0  # their standard deviation: logits of them are rarely all within [-1, 1]


def encoder_of(
    encoder: Any, image_shape: tuple[int, ...] | None
) -> tuple[Any, int, tuple[int, int, int]]:
    """Return an encoder of two outputs, L, and the shape of its images.

    Args:
        encoder: Model from x [B, H, W, C] to z_mean, z_log_var, each [B, L], and perhaps z.
        image_shape: H, W, C; None: the shape of the encoder's input.

    Raises:
        ValueError: If the outputs are others, or the shape of the images is not known.
    """
    image_shape = _image_shape(encoder, image_shape)
    functional = is_functional(encoder)
    outputs = _listed(_outputs(encoder) if functional else encoder(tf.zeros((1, *image_shape))))
    _check_encoder(outputs, getattr(encoder, "output_names", []))
    latent_dim = outputs[0].shape[-1]
    _warn_of_slopes(encoder)
    if len(outputs) > 2:
        logger.warning("%s: the third output is ignored: the VAE samples z.", encoder.name)
        if functional:
            encoder = keras.Model(_single(encoder.inputs), outputs[:2], name=encoder.name)
    return encoder, latent_dim, image_shape


def decoder_of(
    decoder: Any, latent_spec: Any, image_shape: tuple[int, ...], output: str | None
) -> tuple[Any, str]:
    """Return a decoder that ends in logits, and what is applied to them.

    Args:
        decoder: Model from z [B, L] to images or logits, [B, H, W, C].
        latent_spec: Shape of z.
        image_shape: H, W, C.
        output: How the decoder ends: "logits", "sigmoid" or "tanh"; None: it is recognized.

    Returns:
        The decoder, and "sigmoid" or "tanh".

    Raises:
        ValueError: If it takes or returns another shape, or ends otherwise.
    """
    if output not in (None, *OUTPUTS):
        raise ValueError(f"`output` must be one of {OUTPUTS} or None. Received: {output!r}.")
    flat = isinstance(latent_spec, tf.TensorSpec) and latent_spec.shape.rank == 2
    latent_dim = latent_spec.shape[-1] if flat else None
    if isinstance(decoder, keras.Sequential) and not decoder.built and latent_dim is not None:
        decoder.build((None, latent_dim))
    if not is_functional(decoder):
        images = _probed(decoder, latent_dim)
        _check_decoder(decoder, tuple(images.shape), image_shape)
        return _by_values(decoder, images, output)
    if latent_dim is not None and decoder.inputs[0].shape[-1] != latent_dim:
        raise ValueError(
            f"`decoder` must take z of the encoder's length, {latent_dim}. "
            f"Received: an input of shape {tuple(decoder.inputs[0].shape)}."
        )
    image = _outputs(decoder)
    _check_decoder(decoder, tuple(image.shape), image_shape)
    _warn_of_slopes(decoder)
    logits, activation = _without_activation(image)
    if activation is None:
        return _by_values(decoder, _probed(decoder, latent_dim), output)
    if output not in (None, activation):
        raise ValueError(
            f"`output` must be {activation!r}, as the decoder {decoder.name!r} ends. "
            f"Received: {output!r}."
        )
    if activation == "logits":
        return decoder, "sigmoid"
    return keras.Model(_single(decoder.inputs), logits, name=decoder.name), activation


def _warn_of_slopes(network: Any) -> None:
    """Say which leaky ReLUs TensorFlow computes with another slope than they have."""
    lost = layers_of_lost_slope(network) if is_functional(network) else []
    if lost:
        logger.warning(
            "%s: on a CPU, outside of training, TensorFlow computes the leaky ReLU of a sum with a "
            "slope of %s. Give this slope to %s, or normalize the sum.",
            network.name,
            FUSED_SLOPE,
            ", ".join(lost),
        )


def _without_activation(tensor: Any) -> tuple[Any, str | None]:
    """What a last sigmoid or tanh is applied to, with the same weights, and its name.

    The name is "logits" after a linear layer, and None after a layer that is not known.
    """
    layer, node_index, _ = tensor._keras_history
    node = layer._inbound_nodes[node_index]
    arguments = node.arguments
    if is_functional(layer):
        inner, name = _without_activation(_outputs(layer))
        network = keras.Model(_single(layer.inputs), inner, name=layer.name)
        return network(*arguments.args, **arguments.kwargs), name
    if isinstance(layer, MOVES):
        inner, name = _without_activation(node.input_tensors[0])
        return type(layer).from_config(layer.get_config())(inner), name
    name = _activation(layer)
    if name == "logits" and isinstance(layer, keras.layers.Activation):  # as a cast to float32
        inner, before = _without_activation(node.input_tensors[0])
        if before in SQUASHING:
            return type(layer).from_config(layer.get_config())(inner), before
    if name in ("logits", None):
        return tensor, name
    if name not in SQUASHING:
        raise ValueError(
            "`decoder` must end in logits, a sigmoid or a tanh. Received: a last layer "
            f"{layer.name!r} with the activation {name!r}. Without it the decoder returns logits."
        )
    if isinstance(layer, (keras.layers.Activation, *CLASSES)):  # nothing but the activation
        return node.input_tensors[0], name
    return _linear(layer)(*arguments.args, **arguments.kwargs), name


def _activation(layer: Any) -> str | None:
    """Name of the activation with which a layer ends: "logits" if linear, None if not known."""
    activation = getattr(layer, "activation", None)
    if not callable(activation):
        return next((name for kind, name in CLASSES.items() if isinstance(layer, kind)), None)
    name = next((name for name, same in FUNCTIONS.items() if activation in same), None)
    if name is None:
        own = getattr(activation, "__name__", type(activation).__name__)
        return None if own in FUNCTIONS else own
    if name == "linear":
        return "logits"
    return name if _takes_activation(layer) else None


def _takes_activation(layer: keras.layers.Layer) -> bool:
    """Whether a layer can be made again with another activation."""
    try:
        return "activation" in layer.get_config()
    except NotImplementedError:  # of a layer of your own without `get_config`
        return False


def _linear(layer: keras.layers.Layer) -> keras.layers.Layer:
    """The layer without its activation, with the same variables.

    Raises:
        ValueError: If not all variables are the layer's own, as of a layer around another.
    """
    linear = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    names = {id(value): name for name, value in vars(layer).items()}
    if not all(id(weight) in names for weight in layer.weights):
        raise ValueError(
            f"`decoder` must end in logits where its last layer is a {type(layer).__name__}. "
            f"Received: {layer.name!r} with the activation {_activation(layer)!r}."
        )
    for name, value in vars(layer).items():
        if isinstance(value, keras.Variable) or name not in vars(linear):
            setattr(linear, name, value)
    linear.input_spec = layer.input_spec
    linear.built = True
    return linear


def _probed(decoder: Any, latent_dim: int | None) -> tf.Tensor:
    """What a decoder returns for some z, far from 0; any other input is 0."""
    if latent_dim is None:
        raise ValueError(
            "`decoder` must be a functional model that ends in a layer with an activation, or in "
            f"logits, where z is no vector. Received: {decoder.name!r}."
        )
    z = np.random.default_rng(0).normal(0.0, PROBE_SCALE, (PROBES, latent_dim))
    others = (getattr(decoder, "inputs", None) or [])[1:]
    zeros = [tf.zeros((PROBES, *each.shape[1:]), each.dtype) for each in others]
    return tf.cast(decoder(_single([tf.constant(z, tf.float32), *zeros])), tf.float32)


def _by_values(decoder: Any, images: tf.Tensor, output: str | None) -> tuple[Any, str]:
    """The decoder and what is applied to its logits, where its layers do not show the end."""
    low, high = float(tf.reduce_min(images)), float(tf.reduce_max(images))
    if not np.isfinite([low, high]).all():
        raise ValueError(
            f"`decoder` must return finite values. Received: NaN or infinity from {decoder.name!r} "
            f"for z with a standard deviation of {PROBE_SCALE:g}."
        )
    bounded = -1.0 <= low < high <= 1.0
    if output is None and bounded:
        guess = "sigmoid" if low >= 0.0 else "tanh"
        raise ValueError(
            f"`output` must be given, since the layers of {decoder.name!r} do not show how it "
            f"ends: output={guess!r} if in a {guess}, output='logits' if in none. Received: None, "
            f"and values from {low:.3g} to {high:.3g}."
        )
    if output in (None, "logits"):
        return decoder, "sigmoid"
    if not bounded:
        raise ValueError(
            f"`output` must be 'logits' for a decoder with values from {low:.3g} to {high:.3g}. "
            f"Received: {output!r}."
        )
    return Logits(decoder, output), output


def _image_shape(encoder: Any, image_shape: tuple[int, ...] | None) -> tuple[int, ...]:
    """Height, width, channels."""
    if is_functional(encoder) and len(encoder.inputs[0].shape) != 4:
        raise ValueError(
            "`encoder` must take images, [B, H, W, C]; `decoder` is the second network. "
            f"Received: an input of shape {tuple(encoder.inputs[0].shape)}."
        )
    if image_shape is None and is_functional(encoder):
        image_shape = tuple(encoder.inputs[0].shape[1:])
    elif image_shape is None and encoder.built:
        image_shape = tuple((encoder.get_build_config() or {}).get("input_shape", ())[1:])
    shape = tuple(image_shape) if isinstance(image_shape, list | tuple) else ()
    if len(shape) != 3 or None in shape:
        raise ValueError(
            "`image_shape` must be given, as (height, width, channels), where the encoder does not "
            f"have it. Received: {image_shape}."
        )
    own = tuple(encoder.inputs[0].shape[1:]) if is_functional(encoder) else shape
    if any(side not in (None, given) for side, given in zip(own, shape, strict=True)):
        raise ValueError(
            f"`image_shape` must be that of the encoder's input, {own}. Received: {shape}."
        )
    return shape


def _check_encoder(outputs: list[Any], names: list[str]) -> None:
    shapes = [tuple(each.shape) for each in outputs]
    alike = len({shape[1:] for shape in shapes}) == 1
    if len(shapes) not in (2, 3) or not alike or len(shapes[0]) != 2:
        raise ValueError(
            "`encoder` must return z_mean and z_log_var, each [B, L]; a third output, z, is "
            f"ignored. Received: {len(shapes)} outputs of shape {', '.join(map(str, shapes))}."
        )
    expected = ["z_mean", "z_log_var"]
    if set(expected) <= set(names) and names[:2] != expected:
        raise ValueError(
            "`encoder` must return z_mean and z_log_var first, in this order. "
            f"Received: {', '.join(names)}."
        )


def _check_decoder(decoder: Any, shape: tuple[int | None, ...], image_shape: Any) -> None:
    if shape[1:] != image_shape:
        raise ValueError(
            f"`decoder` must return images of the encoder's shape, {image_shape}. "
            f"Received: {shape[1:]} from {decoder.name!r}."
        )


def _outputs(network: Any) -> Any:
    """What a functional or sequential model returns: a symbolic tensor, or a nest of them."""
    return network.outputs[0] if isinstance(network, keras.Sequential) else network.output


def _listed(outputs: Any) -> list[Any]:
    if isinstance(outputs, dict):
        raise ValueError(
            "`encoder` must return z_mean and z_log_var as a list. "
            f"Received: a dictionary with the keys {', '.join(map(repr, outputs))}."
        )
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def _single(inputs: list[Any]) -> Any:
    return inputs[0] if len(inputs) == 1 else inputs


@package
class Logits(Composite, keras.layers.Layer):
    """The logits of a network that ends in a sigmoid or tanh which cannot be taken off.

    They are bounded, since float32 rounds the values near the ends of the range.

    Args:
        network: Model from z [B, L] (and y) to images [B, H, W, C].
        output: "sigmoid" or "tanh".
    """

    PARTS = ("network",)

    def __init__(self, network: keras.Model, output: str = "sigmoid", **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.network = network
        self.output_range = output
        self.built = network.built

    @property
    def inputs(self) -> list[keras.KerasTensor] | None:
        """Those of the network, z and perhaps y, where it is a functional model."""
        return getattr(self.network, "inputs", None)

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """Shape of the logits, [None, H, W, C]."""
        return output_shape_of(self.network)

    def call(self, z: Any, training: bool = False) -> tf.Tensor:
        """Return logits [B, H, W, C] of z, or of z and y."""
        images = tf.cast(self.network(z, training=training), tf.float32)
        margin = keras.config.epsilon()
        low = margin if self.output_range == "sigmoid" else margin - 1.0
        return INVERSES[self.output_range](tf.clip_by_value(images, low, 1.0 - margin))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "output": self.output_range}
