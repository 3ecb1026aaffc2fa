"""Encoders and decoders: functional Keras models with named layers, built from a preset's data."""

from __future__ import annotations

import math
from typing import Any

import keras

from .layers import LogVariance, conv, norm_act, spread_dense, up_conv
from .presets import ConvNetwork, DenseNetwork, Preset


def build_encoder(preset: Preset, *, dtype: Any = None) -> keras.Model:
    """Build the encoder q(z|x).

    Args:
        preset: What to build.
        dtype: Keras dtype policy of the layers; the outputs are float32 under any.

    Returns:
        A model from scaled pixels [B, H, W, C] to z_mean and z_log_var, each [B, L].

    Raises:
        ValueError: If the network does not fit the image size.
    """
    image = keras.Input(preset.image_shape, name="image")
    body = _dense_body if isinstance(preset.network, DenseNetwork) else _conv_body
    features = body(preset, image, dtype)
    # The heads are float32: a posterior in half precision loses the KL divergence's small terms.
    z_mean = keras.layers.Dense(preset.latent_dim, name="z_mean", dtype="float32")(features)
    scale = keras.layers.Dense(preset.latent_dim, name="z_scale", dtype="float32")(features)
    z_log_var = LogVariance(preset.posterior_scale, name="z_log_var", dtype="float32")(scale)
    return keras.Model(image, [z_mean, z_log_var], name="encoder")


def build_decoder(preset: Preset, *, dtype: Any = None) -> keras.Model:
    """Build the decoder p(x|z), up to but without the output activation.

    Args:
        preset: What to build.
        dtype: Keras dtype policy of the layers; the output is float32 under any.

    Returns:
        A model from z [B, L] to logits [B, H, W, C].

    Raises:
        ValueError: If the network does not fit the image size.
    """
    z = keras.Input((preset.latent_dim,), name="z")
    body = _dense_up if isinstance(preset.network, DenseNetwork) else _conv_up
    logits = keras.layers.Activation("linear", name="logits", dtype="float32")
    return keras.Model(z, logits(body(preset, z, dtype)), name="decoder")


def feature_sizes(preset: Preset) -> list[tuple[int, int]]:
    """Heights and widths from the image through each convolution of the encoder.

    Raises:
        ValueError: If the image is smaller than the strides shrink it, or the decoder's strides do
            not lead back to it.
    """
    network, size = preset.network, preset.image_shape[:2]
    shrink = [stage.stride for stage in network.encoder]
    grow = [stage.stride for stage in network.decoder]
    least = math.prod(shrink)
    if min(size) < least:
        choices = ", ".join(str(least * factor) for factor in (1, 2, 3, 4))
        raise ValueError(
            f"`image_size` must be at least {least}×{least} for {preset.name!r}, whose strides "
            f"shrink it by {least}; for instance {choices}. Received: {size[0]}×{size[1]}."
        )
    if [s for s in grow if s > 1] != [s for s in reversed(shrink) if s > 1]:
        reached = "×".join(str(side // least * math.prod(grow)) for side in size)
        raise ValueError(
            f"The decoder's strides {grow} must be the encoder's, {shrink}, reversed: they reach "
            f"{reached}, not {size[0]}×{size[1]}."
        )
    sizes = [size]
    for stride in shrink:
        sizes.append(tuple(math.ceil(side / stride) for side in sizes[-1]))
    return sizes


def _dense_body(preset: Preset, image: Any, dtype: Any) -> Any:
    network: DenseNetwork = preset.network
    features = keras.layers.Flatten(name="flatten", dtype=dtype)(image)
    for number, width in enumerate(network.hidden, start=1):
        name = f"encoder_dense_{number}"
        layer = keras.layers.Dense(width, activation=network.activation, name=name, dtype=dtype)
        features = layer(features)
    return features


def _dense_up(preset: Preset, z: Any, dtype: Any) -> Any:
    network: DenseNetwork = preset.network
    features = z
    for number, width in enumerate(reversed(network.hidden), start=1):
        dense = spread_dense if network.spread and number == 1 else keras.layers.Dense
        name = f"decoder_dense_{number}"
        features = dense(width, activation=network.activation, name=name, dtype=dtype)(features)
    pixels = math.prod(preset.image_shape)
    flat = keras.layers.Dense(pixels, name="decoder_output", dtype=dtype)(features)
    return keras.layers.Reshape(preset.image_shape, name="image_shape", dtype=dtype)(flat)


def _conv_body(preset: Preset, image: Any, dtype: Any) -> Any:
    network, features = preset.network, image
    feature_sizes(preset)
    for number, stage in enumerate(network.encoder, start=1):
        name = f"encoder_conv_{number}"
        features = conv(stage.filters, stage.kernel, stage.stride, name=name, dtype=dtype)(features)
        features = _norm_act(network, features, name, dtype)
    return keras.layers.Flatten(name="flatten", dtype=dtype)(features)


def _conv_up(preset: Preset, z: Any, dtype: Any) -> Any:
    network, sizes = preset.network, feature_sizes(preset)
    features = _projection(preset, z, (*sizes[-1], network.encoder[-1].filters), dtype)
    targets = [
        size for size, stage in zip(sizes, network.encoder, strict=False) if stage.stride > 1
    ]
    for number, stage in enumerate(network.decoder, start=1):
        name = f"decoder_conv_{number}"
        size = targets.pop() if stage.stride > 1 else tuple(features.shape[1:3])
        features = up_conv(
            stage.filters or preset.image_shape[2],
            stage.kernel,
            stage.stride,
            size=size,
            upsampling=network.upsampling,
            name=name,
            dtype=dtype,
        )(features)
        if number < len(network.decoder):
            features = _norm_act(network, features, name, dtype)
    return features


def _projection(preset: Preset, z: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """The dense layer from z to the smallest feature maps."""
    name = "decoder_projection"
    features = keras.layers.Dense(math.prod(shape), name=name, dtype=dtype)(z)
    if preset.network.normalize_projection:
        features = _norm_act(preset.network, features, name, dtype)
    return keras.layers.Reshape(shape, name=f"{name}_maps", dtype=dtype)(features)


def _norm_act(network: ConvNetwork, features: Any, name: str, dtype: Any) -> Any:
    return norm_act(network.normalization, network.activation, name=name, dtype=dtype)(features)
