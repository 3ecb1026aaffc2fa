"""Kinds of networks, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, get_args

STACK_PARTS = ("filters", "kernels", "strides")
_STACKS = ("encoder", "decoder")


@dataclass(frozen=True)
class Conv:
    """One convolution of a stack.

    Attributes:
        filters: Output channels; None, in the last convolution of a decoder, for the image's own.
        kernel: Side of the square kernel.
        stride: Factor by which it shrinks the image (in an encoder) or grows it (in a decoder).
    """

    filters: int | None
    kernel: int = 3
    stride: int = 2


@dataclass(frozen=True)
class DenseNetwork:
    """Fully connected layers; the decoder mirrors the encoder.

    Attributes:
        hidden: Widths of the encoder's hidden layers, from the image to the latent.
        activation: Keras name of the activation after each hidden layer.
        spread: Whether the decoder's first layer starts with its units' hinges spread over the
            prior (`layers.spread_dense`), which a latent of a few dimensions needs.
    """

    hidden: tuple[int, ...]
    activation: str = "relu"
    spread: bool = False


@dataclass(frozen=True)
class ConvNetwork:
    """Convolutions down to the latent and back up.

    The sizes of the feature maps on the way up are those on the way down, reversed, so the strides
    of the decoder must be those of the encoder, reversed.

    Attributes:
        encoder: Convolutions from the image to the latent.
        decoder: Convolutions from the latent to the image; the last has `filters=None`.
        normalization: "none", "batch", or "instance" (Ulyanov et al. 2016, without parameters).
        activation: Keras name of the activation after each convolution but the last.
        upsampling: "transposed" convolutions, or "nearest": repeat pixels, then convolve.
        normalize_projection: Whether the decoder's first dense layer is normalised and activated
            like a convolution (Foster) or left linear.
    """

    encoder: tuple[Conv, ...]
    decoder: tuple[Conv, ...]
    normalization: str = "batch"
    activation: str = "leaky_relu"
    upsampling: str = "transposed"
    normalize_projection: bool = False

    def restacked(self, part: str, values: Sequence[int]) -> ConvNetwork:
        """Return the network with other filters, kernels or strides, the decoder mirroring them.

        The decoder ends, as Foster's does, in a convolution of stride 1.

        Args:
            part: "filters", "kernels" or "strides".
            values: One for each convolution of the encoder; new filters may be more or fewer than
                there are, and the first convolution then lends kernel and stride to all.

        Raises:
            ValueError: If there are not as many kernels or strides as convolutions.
        """
        stages = self.encoder
        if part == "filters" and len(values) != len(stages):
            stages = (stages[0],) * len(values)
        if len(values) != len(stages):
            raise ValueError(
                f"`{part}` must have {len(stages)} values, one for each convolution. "
                f"Received: {', '.join(map(str, values))}."
            )
        field = part.removesuffix("s") if part != "filters" else part
        pairs = zip(stages, values, strict=True)
        encoder = tuple(replace(stage, **{field: value}) for stage, value in pairs)
        last = Conv(None, kernel=self.decoder[-1].kernel, stride=1)
        return replace(self, encoder=encoder, decoder=(*reversed(encoder), last))


@dataclass(frozen=True)
class ResidualNetwork:
    """Residual blocks (He et al. 2016) at each of a few sizes, each half of the one before.

    The decoder mirrors the encoder; between the smallest maps and the latent lies a dense layer.

    Attributes:
        filters: Channels at each size, the largest first.
        blocks: Residual blocks, of two convolutions, at each size.
        dense: Width of the dense layer.
        kernel: Side of every kernel.
        activation: Keras name of the activation before each convolution.
        normalization: As of `ConvNetwork`, before each activation.
        upsampling: As of `ConvNetwork`.
        patch: Side of the squares of pixels that the largest maps hold as channels; 1: the largest
            maps are of the image's size.
    """

    filters: tuple[int, ...]
    blocks: tuple[int, ...]
    dense: int
    kernel: int = 3
    activation: str = "elu"
    normalization: str = "none"
    upsampling: str = "transposed"
    patch: int = 1


@dataclass(frozen=True)
class PrincipalNetwork:
    """Principal components, and convolutions that learn what these leave over.

    z_mean is linear in a small image, plus what convolutions add; the mean image is linear in z,
    enlarged, plus what transposed convolutions add, which mirror the encoder's. The linear parts
    start as probabilistic PCA of the training images (Tipping and Bishop 1999), the additions at
    zero.

    Attributes:
        filters: Channels at each size, the largest first, each size half of the one before.
        patch: Side of the squares of pixels that the largest maps hold as channels.
        pool: Side of the squares of pixels that are averaged to the small image.
        kernel: Side of every kernel.
        activation: Keras name of the activation after each convolution but the last.
        normalization: As of `ConvNetwork`.
    """

    filters: tuple[int, ...]
    patch: int
    pool: int
    kernel: int = 3
    activation: str = "leaky_relu"
    normalization: str = "batch"


Network = DenseNetwork | ConvNetwork | ResidualNetwork | PrincipalNetwork


def network_of(values: Mapping[str, Any]) -> Network:
    """Rebuild a network, of the kind that has its fields.

    Raises:
        ValueError: If none has them all, as where a newer version wrote them.
    """
    known = {key: retuple(value) for key, value in values.items()}
    for part in _STACKS:
        if part in known:
            known[part] = tuple(Conv(**conv) for conv in known[part])
    unknown = {
        kind: set(known) - {field.name for field in fields(kind)} for kind in get_args(Network)
    }
    kind = min(unknown, key=lambda each: len(unknown[each]))
    if unknown[kind]:
        raise ValueError(
            "`network` must have the fields of one kind of network; if a newer keras_vae wrote it, "
            f"upgrade. Received: {', '.join(map(repr, sorted(unknown[kind])))} "
            f"beside what {kind.__name__} has."
        )
    return kind(**known)


def retuple(value: Any) -> Any:
    """Make a list a tuple again, which JSON had made a list."""
    return tuple(value) if isinstance(value, list) else value
