"""Convolutions that shrink or enlarge feature maps, and layers that make them fast on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..choices import UPSAMPLINGS
from . import im2col
from .registration import package

NARROW = 3  # filters: the channels of an image


class _IdleBias:
    """Mixin of a layer that a normalization follows: its bias stays at zero.

    A normalization subtracts the mean of a channel, and the bias with it. The bias's gradient is
    then a rounding error, which Adam divides by its own size: in bfloat16 the bias drifts, and the
    moving averages of a batch normalization lag behind. To compute it also costs a pass over the
    feature maps (docs/decisions/0003). The weight is kept, so that the reports' parameter counts
    hold.
    """

    def build(self, input_shape: Any) -> None:
        """Create the weights; only the kernel is trained."""
        super().build(input_shape)
        self.bias.trainable = False


@package
class IdleBiasDense(_IdleBias, keras.layers.Dense):
    """Dense layer that a normalization follows."""


@package
class IdleBiasConv2D(_IdleBias, keras.layers.Conv2D):
    """Convolution, undilated and ungrouped, that a normalization follows."""

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Convolve images [B, H, W, C] to [B, H', W', filters]."""
        if training and self.padding == "same":
            size = self.compute_output_shape(inputs.shape)[1:3]
            kernel = tf.convert_to_tensor(self.kernel)
            if im2col.is_faster(size, kernel.shape, self.strides):
                return im2col.conv(inputs, kernel, self.strides)
        return super().call(inputs)


@package
class IdleBiasConv2DTranspose(_IdleBias, keras.layers.Conv2DTranspose):
    """Transposed convolution, undilated, that a normalization follows.

    Its bias would be added in a separate pass, unlike a convolution's: training leaves it out.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Convolve images [B, H, W, C] to [B, H', W', filters]."""
        if not training:
            return super().call(inputs)
        size, kernel = inputs.shape[1:3], tf.convert_to_tensor(self.kernel)
        if self.padding == "same" and im2col.is_faster(size, kernel.shape, self.strides):
            return im2col.conv_transpose(inputs, kernel, self.strides)
        return keras.ops.conv_transpose(inputs, kernel, strides=self.strides, padding=self.padding)


@package
class NarrowConv2D(keras.layers.Conv2D):
    """Convolution to few channels, "same", of stride 1, as one matrix product and a sum of shifts.

    oneDNN's kernels keep 16 output channels in a register, even where there are fewer. Here the k²
    taps of each filter are the channels of a 1×1 convolution; a second convolution, of zeros and
    ones, shifts and adds the taps. Weights and results are the parent's; training takes half the
    time for the three channels of an image (docs/decisions/0003). LiteRT has no such registers: in
    inference it is the parent.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Convolve images [B, H, W, C] to [B, H, W, filters]."""
        if not training:
            return super().call(inputs)
        height, width, depth, filters = self.kernel.shape
        count = height * width * filters
        by_tap = tf.reshape(tf.transpose(self.kernel, (2, 0, 1, 3)), (1, 1, depth, count))
        taps = tf.nn.conv2d(inputs, by_tap, 1, "SAME")
        shifts = np.eye(count).reshape(height, width, filters, count).transpose(0, 1, 3, 2)
        summed = tf.nn.conv2d(taps, tf.constant(shifts, taps.dtype), 1, "SAME")
        return self.activation(tf.nn.bias_add(summed, self.bias))


@package
class SpaceToDepth(keras.layers.Layer):
    """Rearrange squares of pixels into channels: [B, H, W, C] to [B, H/side, W/side, C·side²].

    Args:
        side: Side of a square, in pixels.
    """

    def __init__(self, side: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.side = side

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Rearrange images."""
        return inputs if self.side == 1 else tf.nn.space_to_depth(inputs, self.side)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "side": self.side}


@package
class DepthToSpace(SpaceToDepth):
    """The inverse (Shi et al. 2016): [B, H, W, C·side²] to [B, H·side, W·side, C]."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Rearrange feature maps."""
        return inputs if self.side == 1 else tf.nn.depth_to_space(inputs, self.side)


def conv(
    filters: int, kernel: int, stride: int, *, idle_bias: bool = False, **options: Any
) -> keras.layers.Layer:
    """Convolution that divides height and width by `stride`, rounding up.

    Args:
        filters: Output channels.
        kernel: Side of the kernel.
        stride: Factor by which height and width shrink.
        idle_bias: Whether a normalization follows.
        options: Arguments of Keras's layer, such as name, dtype and kernel_initializer.
    """
    kind = keras.layers.Conv2D
    if idle_bias:
        kind = IdleBiasConv2D
    elif stride == 1 and filters <= NARROW:
        kind = NarrowConv2D
    return kind(filters, kernel, strides=stride, padding="same", **options)


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
    """Convolution that multiplies height and width by `stride`, then crops to `size`.

    Args:
        filters: Output channels.
        kernel: Side of the kernel.
        stride: Factor by which height and width grow.
        size: Height and width of the output; less than one stride below those before the crop.
        upsampling: "transposed" (a transposed convolution) or "nearest" (repeat, then convolve).
        name: Name of the convolution.
        idle_bias: Whether a normalization follows.
        dtype: Keras dtype policy.

    Raises:
        ValueError: If `upsampling` is unknown.
    """
    if upsampling not in UPSAMPLINGS:
        known = ", ".join(UPSAMPLINGS)
        raise ValueError(f"`upsampling` must be one of {known}. Received: {upsampling!r}.")
    if upsampling == "transposed" and stride > 1:
        kind = IdleBiasConv2DTranspose if idle_bias else keras.layers.Conv2DTranspose
        layers = [kind(filters, kernel, strides=stride, padding="same", name=name, dtype=dtype)]
    else:
        layers = [conv(filters, kernel, 1, name=name, idle_bias=idle_bias, dtype=dtype)]
        if stride > 1:
            layers.insert(0, keras.layers.UpSampling2D(stride, name=f"{name}_repeat", dtype=dtype))

    def apply(inputs: Any) -> Any:
        height, width = (
            before * stride - after for before, after in zip(inputs.shape[1:3], size, strict=True)
        )
        surplus = (0, height), (0, width)
        crop = keras.layers.Cropping2D(surplus, name=f"{name}_crop", dtype=dtype)
        return chain([*layers, crop] if height or width else layers)(inputs)

    return apply


def chain(layers: list[keras.layers.Layer]) -> Callable[[Any], Any]:
    """Apply layers one after the other."""

    def apply(inputs: Any) -> Any:
        for layer in layers:
            inputs = layer(inputs)
        return inputs

    return apply
