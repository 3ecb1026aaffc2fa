"""What every kind of network is built with: heads, functional models, normalization."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
from keras import ops

from ...ops.convolutions import IdleBiasDense, conv, up_conv
from ...ops.normalization import norm_act
from ...ops.registration import package
from ...presets import Network, Preset
from ...presets.latents import Scale
from ...presets.ranges import in_range

if TYPE_CHECKING:
    from ...datasets import ImageDataset
    from ..vae import VAE

LABEL_MEAN = "label_mean"  # a layer of conditional models

# A posterior in half precision loses the KL divergence's small terms.
PRECISION = "float32"


class NetworkBuilder(ABC):
    """Builds encoder and decoder of one kind of network, as functional models with named layers.

    Args:
        network: The network, as data.
        preset: The model that it is part of.
        dtype: Keras dtype policy of the layers; outputs are float32 under any.

    Example:
        >>> preset = get_preset("mnist")
        >>> builder = preset.network.build(preset)
        >>> builder.multiply_adds()  # to encode and decode an image
        833536
    """

    def __init__(self, network: Network, preset: Preset, dtype: Any = None) -> None:
        self.network: Any = network
        self.preset = preset
        self.dtype = dtype

    @abstractmethod
    def down(self, image: Any) -> tuple[Any, Any]:
        """From the image [B, H, W, C] to z_mean and what its scale is made of, each [B, L]."""

    @abstractmethod
    def up(self, z: Any) -> Any:
        """From z [B, L] to the logits [B, H, W, C]."""

    def encoder(self) -> keras.Model:
        """Build the encoder: from x [B, H, W, C] to z_mean and z_log_var, each [B, L].

        That of a conditional model has the label as a second input, and adds a vector of it to both
        outputs, so that z itself can be independent of the label.

        Raises:
            ValueError: If the network does not fit the image size.
        """
        image, label = keras.Input(self.preset.image_shape, name="image"), self._label()
        z_mean, scale = self.down(image)
        if label is not None:
            z_mean = self._moved(z_mean, label, LABEL_MEAN)
            scale = self._moved(scale, label, "label_scale")
        log_variance = LogVariance(self.preset.posterior.scale, name="z_log_var", dtype="float32")
        inputs = image if label is None else [image, label]
        return keras.Model(inputs, [z_mean, log_variance(scale)], name="encoder")

    def decoder(self) -> keras.Model:
        """Build the decoder, without the output activation: from z [B, L] to logits [B, H, W, C].

        That of a conditional model has the label as a second input: K more numbers beside z, of
        which one is 1.

        Raises:
            ValueError: If the network does not fit the image size.
        """
        z, label = keras.Input((self.preset.latent_dim,), name="z"), self._label()
        logits = keras.layers.Activation("linear", name="logits", dtype="float32")
        if label is None:
            return keras.Model(z, logits(self.up(z)), name="decoder")
        one_hot = keras.layers.CategoryEncoding(
            self.preset.classes, output_mode="one_hot", name="one_hot_label", dtype=PRECISION
        )(label)
        both = keras.layers.Concatenate(name="z_and_label", dtype=PRECISION)([z, one_hot])
        return keras.Model([z, label], logits(self.up(both)), name="decoder")

    def _moved(self, features: Any, label: Any, name: str) -> Any:
        """Features [B, L] plus a vector of the label, at first 0."""
        count, width = self.preset.classes, features.shape[-1]
        vectors = keras.layers.Embedding(count, width, "zeros", name=name, dtype=PRECISION)
        return keras.layers.Add(name=f"{name}_added", dtype=PRECISION)([features, vectors(label)])

    def _label(self) -> Any:
        """The input y, int64 [B], of a conditional model; None of another."""
        if self.preset.classes is None:
            return None
        return keras.Input((), dtype="int64", name="label")

    def check_images(self, dataset: ImageDataset) -> None:  # noqa: B027
        """Refuse images that a new model cannot be initialized from: also before long work.

        Args:
            dataset: Its training split is counted.

        Raises:
            ValueError: If there are too few.
        """

    def initialize(self, vae: VAE, dataset: ImageDataset, seed: int = 0) -> None:  # noqa: B027
        """Initialize a new model from its training images; most kinds do not.

        Args:
            vae: A model of this network.
            dataset: Its training split is read.
            seed: Of the choice of images.
        """

    def multiply_adds(self) -> int:
        """Multiply-adds that encode and decode one image, biases left out."""
        return sum(map(_multiply_adds, [*self.encoder().layers, *self.decoder().layers]))

    def heads(self, features: Any) -> tuple[Any, Any]:
        """z_mean and what its scale is made of, each [B, L], linear in features [B, F]."""
        latent_dim = self.preset.latent_dim
        z_mean = keras.layers.Dense(latent_dim, name="z_mean", dtype=PRECISION)
        scale = keras.layers.Dense(latent_dim, name="z_scale", dtype=PRECISION)
        return z_mean(features), scale(features)

    @property
    def normalized(self) -> bool:
        """Whether a normalization follows each convolution."""
        return self.network.normalization != "none"

    def conv(self, features: Any, filters: int, kernel: int, stride: int, name: str) -> Any:
        """A convolution that divides height and width by the stride, normalized and activated."""
        idle_bias, dtype = self.normalized, self.dtype
        layer = conv(filters, kernel, stride, name=name, idle_bias=idle_bias, dtype=dtype)
        return self.normalize(layer(features), name)

    def up_conv(
        self, features: Any, filters: int, kernel: int, stride: int, size: Any, name: str
    ) -> Any:
        """A convolution that multiplies height and width to a size, normalized and activated."""
        layer = up_conv(
            filters,
            kernel,
            stride,
            size=size,
            upsampling=getattr(self.network, "upsampling", "transposed"),
            name=name,
            idle_bias=self.normalized,
            dtype=self.dtype,
        )
        return self.normalize(layer(features), name)

    def blocks(self, features: Any, number: int, names: Iterator[str]) -> Any:
        """Pre-activation blocks (He et al. 2016b) that are initialized as the identity.

        Args:
            features: Maps [B, H, W, F].
            number: Of blocks, each of two convolutions.
            names: Names of the convolutions.
        """
        for _ in range(number):
            branch = features
            for initializer in ("glorot_uniform", "zeros"):
                name = next(names)
                branch = self.normalize(branch, f"{name}_input")
                branch = conv(
                    features.shape[-1],
                    self.network.kernel,
                    1,
                    name=name,
                    kernel_initializer=initializer,
                    dtype=self.dtype,
                )(branch)
            add = keras.layers.Add(name=f"{name}_add", dtype=self.dtype)
            features = add([features, branch])
        return features

    def normalize(self, features: Any, name: str) -> Any:
        """Normalize and activate features, by layers named after the one before."""
        kinds = (self.network.normalization, self.network.activation)
        return norm_act(*kinds, name=name, dtype=self.dtype)(features)

    def dense(self, width: int, name: str, normalized: bool = False) -> keras.layers.Dense:
        """A linear dense layer; one that a normalization follows keeps its bias at zero."""
        kind = IdleBiasDense if normalized else keras.layers.Dense
        return kind(width, name=name, dtype=self.dtype)


def map_sizes(size: tuple[int, int], strides: Iterable[int]) -> list[tuple[int, int]]:
    """Heights and widths of the maps: of the first, and after the convolution of each stride."""
    sizes = [size]
    for stride in strides:
        height, width = sizes[-1]
        sizes.append((math.ceil(height / stride), math.ceil(width / stride)))
    return sizes


def conv_names(part: str) -> Iterator[str]:
    """Name the convolutions of a part, "encoder" or "decoder", by their order."""
    return (f"{part}_conv_{number}" for number in count(1))


def _multiply_adds(layer: keras.layers.Layer) -> int:
    """Multiply-adds of a layer with a kernel; a transposed convolution visits its inputs."""
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0
    maps = layer.input if isinstance(layer, keras.layers.Conv2DTranspose) else layer.output
    return math.prod(kernel.shape) * math.prod(maps.shape[1:-1])


@package
class LogVariance(keras.layers.Layer):
    """log σ² from what the encoder's second head returns.

    Args:
        scale: "log_variance": the head is log σ² (Kingma and Welling 2013). "log_sigma": it is
            log σ, so σ = exp(head) (Astorga et al. 2025). "softplus": σ² = softplus(head) + 1e-8
            (Zhao 2023).

    Raises:
        ValueError: If `scale` is none of these.
    """

    @in_range
    def __init__(self, scale: Scale = "log_variance", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return log σ² [..., L]."""
        if self.scale == "log_variance":
            return inputs
        if self.scale == "log_sigma":
            return 2.0 * inputs
        return ops.log(ops.softplus(inputs) + 1e-8)

    def inverse(self, z_log_var: tf.Tensor) -> tf.Tensor:
        """Return what the head must return for log σ² [..., L]."""
        if self.scale == "log_variance":
            return z_log_var
        if self.scale == "log_sigma":
            return 0.5 * z_log_var
        return ops.log(ops.expm1(ops.exp(z_log_var) - 1e-8))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "scale": self.scale}
