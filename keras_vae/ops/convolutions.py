"""Convolutions that shrink and grow an image, and the layers that make them fast on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from . import im2col as patches
from .registration import package

UPSAMPLINGS = ("transposed", "nearest")
NARROW = 3  # filters: the channels of an image


class _IdleBias:
    """Mixin of a layer that a normalisation follows: its bias stays at zero.

    A normalisation takes a channel's mean away, and the bias with it. What is left of the bias's
    gradient is rounding, which Adam divides by its own size: in bfloat16 the bias wanders off, and
    the moving averages that a batch normalisation is evaluated with trail behind. To sum it up
    costs a pass over the feature maps, too (docs/decisions/0003). The weight is kept, so that the
    reports' parameter counts hold.
    """

    def build(self, input_shape: Any) -> None:
        """Create the weights, and train none but the kernel."""
        super().build(input_shape)
        self.bias.trainable = False


@package
class IdleBiasDense(_IdleBias, keras.layers.Dense):
    """Dense layer that a normalisation follows."""


@package
class IdleBiasConv2D(_IdleBias, keras.layers.Conv2D):
    """Convolution, undilated and ungrouped, that a normalisation follows."""

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Shrink images [B, H, W, C] to [B, H', W', filters]."""
        if training and self.padding == "same":
            places = self.compute_output_shape(inputs.shape)[1:3]
            kernel = tf.convert_to_tensor(self.kernel)
            if patches.pay(places, kernel.shape, self.strides):
                return patches.conv(inputs, kernel, self.strides)
        return super().call(inputs)


@package
class IdleBiasConv2DTranspose(_IdleBias, keras.layers.Conv2DTranspose):
    """Transposed convolution, undilated, that a normalisation follows.

    Other than a convolution's its bias is added in a pass of its own, which training leaves out.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Grow images [B, H, W, C] to [B, H', W', filters]."""
        if not training:
            return super().call(inputs)
        places, kernel = inputs.shape[1:3], tf.convert_to_tensor(self.kernel)
        if self.padding == "same" and patches.pay(places, kernel.shape, self.strides):
            return patches.conv_transpose(inputs, kernel, self.strides)
        return keras.ops.conv_transpose(inputs, kernel, strides=self.strides, padding=self.padding)


@package
class NarrowConv2D(keras.layers.Conv2D):
    """Convolution to few channels, "same", of stride 1, as one matrix product and a sum of shifts.

    oneDNN's kernels keep 16 output channels in a register, whether there are so many or not. Here
    the k² taps of each filter are the channels of a 1×1 convolution; a second one, of zeros and
    ones, adds each tap up where it belongs. Weights and results are the parent's; training takes
    half the time for the three channels of an image (docs/decisions/0003).
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Convolve images [B, H, W, C] to [B, H, W, filters]."""
        height, width, depth, filters = self.kernel.shape
        count = height * width * filters
        by_tap = tf.reshape(tf.transpose(self.kernel, (2, 0, 1, 3)), (1, 1, depth, count))
        taps = tf.nn.conv2d(inputs, by_tap, 1, "SAME")
        shifts = np.eye(count).reshape(height, width, filters, count).transpose(0, 1, 3, 2)
        summed = tf.nn.conv2d(taps, tf.constant(shifts, taps.dtype), 1, "SAME")
        return self.activation(tf.nn.bias_add(summed, self.bias))


@package
class SpaceToDepth(keras.layers.Layer):
    """Squares of pixels become channels: [B, H, W, C] to [B, H/side, W/side, C·side²].

    Args:
        side: Of a square, in pixels.
    """

    def __init__(self, side: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.side = side

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Rearrange images."""
        return tf.nn.space_to_depth(inputs, self.side)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "side": self.side}


@package
class DepthToSpace(SpaceToDepth):
    """The way back (Shi et al. 2016): [B, H, W, C·side²] to [B, H·side, W·side, C]."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Rearrange feature maps."""
        return tf.nn.depth_to_space(inputs, self.side)


def conv(
    filters: int,
    kernel: int,
    stride: int,
    *,
    name: str,
    kernel_initializer: str = "glorot_uniform",
    idle_bias: bool = False,
    dtype: Any = None,
) -> keras.layers.Layer:
    """Convolution that shrinks the image by `stride`, rounding up.

    Args:
        filters: Output channels.
        kernel: Side of the kernel.
        stride: Factor of shrinkage.
        name: Name of the layer.
        kernel_initializer: As Keras has it.
        idle_bias: Whether a normalisation follows.
        dtype: Keras dtype policy.
    """
    if idle_bias:
        kind = IdleBiasConv2D
    else:
        kind = NarrowConv2D if stride == 1 and filters <= NARROW else keras.layers.Conv2D
    return kind(
        filters,
        kernel,
        strides=stride,
        padding="same",
        kernel_initializer=kernel_initializer,
        name=name,
        dtype=dtype,
    )


def up_conv(
    filters: int,
    kernel: int,
    stride: int,
    *,
    size: tuple[int, int],
    upsampling: str,
    name: str,
    idle_bias: bool = False,
    dtype: Any = None,
) -> Callable[[Any], Any]:
    """Convolution that grows the image by `stride`, and is cropped to `size`.

    Args:
        filters: Output channels.
        kernel: Side of the kernel.
        stride: Factor of growth.
        size: Height and width of the output; less than one stride below the grown image's.
        upsampling: "transposed" (a transposed convolution) or "nearest" (repeat, then convolve).
        name: Name of the convolution.
        idle_bias: Whether a normalisation follows.
        dtype: Keras dtype policy.

    Raises:
        ValueError: If `upsampling` is unknown.
    """
    if upsampling not in UPSAMPLINGS:
        raise ValueError(f"`upsampling` must be one of {UPSAMPLINGS}. Received: {upsampling!r}.")
    if upsampling == "transposed" and stride > 1:
        kind = IdleBiasConv2DTranspose if idle_bias else keras.layers.Conv2DTranspose
        layers = [kind(filters, kernel, strides=stride, padding="same", name=name, dtype=dtype)]
    else:
        layers = [conv(filters, kernel, 1, name=name, idle_bias=idle_bias, dtype=dtype)]
        if stride > 1:
            layers.insert(0, keras.layers.UpSampling2D(stride, name=f"{name}_repeat", dtype=dtype))

    def apply(inputs: Any) -> Any:
        surplus = [
            before * stride - after for before, after in zip(inputs.shape[1:3], size, strict=True)
        ]
        crop = keras.layers.Cropping2D(
            tuple((0, rest) for rest in surplus), name=f"{name}_crop", dtype=dtype
        )
        return chain([*layers, crop] if any(surplus) else layers)(inputs)

    return apply


def chain(layers: list[keras.layers.Layer]) -> Callable[[Any], Any]:
    """Apply layers one after the other."""

    def apply(inputs: Any) -> Any:
        for layer in layers:
            inputs = layer(inputs)
        return inputs

    return apply
