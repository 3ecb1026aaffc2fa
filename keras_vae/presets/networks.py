"""Kinds of networks, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from ..choices import NORMALIZATIONS, UPSAMPLINGS
from .configuration import Configuration, ConfigurationError, Ranged
from .ranges import Count, Counts, Filled, OneOf, Range, Whole, check_range
from .terms import DLIB, EMBEDDERS

if TYPE_CHECKING:
    from .preset import Preset

STACK_PARTS = ("filters", "kernels", "strides")

Normalization = Annotated[str, OneOf(NORMALIZATIONS)]
Upsampling = Annotated[str, OneOf(UPSAMPLINGS)]


class Network(Configuration):
    """An encoder and a decoder.

    Attributes:
        steps_per_execution: Steps at most between two returns to Python, so that Python's share of
            the time does not show.
        any_precision: Whether it trains as well in bfloat16 as in float32 (docs/decisions/0003).
        any_size: Whether it takes images of any size.
        from_data: Whether it is initialized from the training images.

    Example:
        >>> sorted(Network.kinds)
        ['convolutional', 'dense', 'pca', 'pca_residual', 'residual']
    """

    steps_per_execution: ClassVar[int] = 10
    any_precision: ClassVar[bool] = True
    any_size: ClassVar[bool] = False
    from_data: ClassVar[bool] = False

    @property
    def begun_as(self) -> str | None:
        """The network of others that a part of it begins as, in words; None: none."""
        return None

    def build(self, preset: Preset, dtype: Any = None) -> Any:
        """Make the builder of encoder and decoder: a `models.networks.NetworkBuilder`."""
        return self.implementation()(self, preset, dtype)


@dataclass(frozen=True)
class Conv(Ranged):
    """One convolution of a stack.

    Attributes:
        filters: Output channels; None, in the last convolution of a decoder, for the image's own.
        kernel: Side of the square kernel.
        stride: Factor by which it shrinks the image (in an encoder) or grows it (in a decoder).

    Example:
        >>> Conv(32, kernel=5)
        Conv(filters=32, kernel=5, stride=2)
    """

    filters: Count | None = None
    kernel: Count = 3
    stride: Count = 2


@dataclass(frozen=True)
class DenseNetwork(Network, kind="dense", builds="keras_vae.models.networks.dense.Dense"):
    """Fully connected layers; the decoder mirrors the encoder.

    Attributes:
        hidden: Widths of the encoder's hidden layers, from the image to the latent.
        activation: Keras name of the activation after each hidden layer.
        spread: Whether the decoder's first layer is initialized with its units' hinges spread over
            the prior (`models.networks.dense.spread_dense`), for latents of a few dimensions.

    Example:
        >>> DenseNetwork(hidden=(512, 256)).activation
        'relu'
    """

    hidden: tuple[Count, ...]
    activation: str = "relu"
    spread: bool = False
    steps_per_execution: ClassVar[int] = 50
    any_precision: ClassVar[bool] = False  # little faster, and compared by tenths of a nat
    any_size: ClassVar[bool] = True


@dataclass(frozen=True)
class ConvNetwork(
    Network, kind="convolutional", builds="keras_vae.models.networks.convolutional.Convolutional"
):
    """Convolutions down to the latent and back up.

    The sizes of the feature maps on the way up are those on the way down, reversed, so the strides
    of the decoder must be those of the encoder, reversed.

    Attributes:
        encoder: Convolutions from the image to the latent.
        decoder: Convolutions from the latent to the image; the last has `filters=None`.
        normalization: "none", "batch", or "instance" (Ulyanov et al. 2016, without parameters).
        activation: Keras name of the activation after each convolution but the last.
        upsampling: "transposed" convolutions, or "nearest": repeat pixels, then convolve.
        normalize_projection: Whether the decoder's first dense layer is normalized and activated
            like a convolution (Foster) or left linear.

    Raises:
        ConfigurationError: If a number of filters is missing, or the last convolution has one.

    Example:
        >>> network = ConvNetwork(encoder=(Conv(32), Conv(64)), decoder=(Conv(32), Conv()))
        >>> [each.filters for each in network.encoder]
        [32, 64]
    """

    encoder: Annotated[tuple[Conv, ...], Filled()]
    decoder: Annotated[tuple[Conv, ...], Filled()]
    normalization: Normalization = "batch"
    activation: str = "leaky_relu"
    upsampling: Upsampling = "transposed"
    normalize_projection: bool = False

    def __post_init__(self) -> None:
        """Refuse filters that would be ignored, or are missing."""
        super().__post_init__()
        *stages, last = self.decoder
        if last.filters is not None:
            raise ConfigurationError(
                "`decoder` must end in a convolution with `filters=None`, which makes the image's "
                f"channels. Received: {last.filters}.",
                "decoder",
            )
        for name, convolutions in (("encoder", self.encoder), ("decoder", stages)):
            if any(each.filters is None for each in convolutions):
                raise ConfigurationError(
                    f"`{name}` must have the `filters` of each convolution, but for the decoder's "
                    "last. Received: None.",
                    name,
                )

    def overridden(self, name: str, value: Any) -> Network | None:
        """Return a copy with another value; filters, kernels and strides are the encoder's."""
        if name in STACK_PARTS:
            return self.restacked(name, value)
        return super().overridden(name, value)

    def restacked(self, part: str, values: Sequence[int]) -> ConvNetwork:
        """Return the network with other filters, kernels or strides, the decoder mirroring them.

        The decoder ends, as Foster's does, in a convolution of stride 1.

        Args:
            part: "filters", "kernels" or "strides".
            values: One for each convolution of the encoder; new filters may be more or fewer than
                there are, and the first convolution then lends kernel and stride to all.

        Raises:
            ValueError: If they are no positive integers, or if there are not as many kernels or
                strides as convolutions.
        """
        check_range(part, values, Counts)
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
class ResidualNetwork(
    Network, kind="residual", builds="keras_vae.models.networks.residual.Residual"
):
    """Residual blocks (He et al. 2016) at each of a few sizes, each half of the one before.

    The decoder mirrors the encoder; a dense layer connects the smallest maps and the latent.

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

    Example:
        >>> ResidualNetwork(filters=(32, 64), blocks=(2, 2), dense=256).activation
        'elu'
    """

    filters: Counts
    blocks: tuple[Whole, ...]
    dense: Count
    kernel: Count = 3
    activation: str = "elu"
    normalization: Normalization = "none"
    upsampling: Upsampling = "transposed"
    patch: Count = 1


@dataclass(frozen=True)
class PCANetwork(Network, kind="pca", builds="keras_vae.models.networks.pca.PCA"):
    """Principal components, and convolutions that learn what these leave over.

    z_mean is linear in a small image, plus what convolutions add; the mean image is linear in z,
    enlarged, plus what transposed convolutions add, which mirror the encoder's. The linear parts
    are initialized with probabilistic PCA of the training images (Tipping and Bishop 1999), the
    residual with zero.

    Attributes:
        filters: Channels at each size, the largest first, each size half of the one before.
        patch: Side of the squares of pixels that the largest maps hold as channels.
        pool: Side of the squares of pixels that are averaged to the small image.
        kernel: Side of every kernel.
        activation: Keras name of the activation after each convolution but the last.
        normalization: As of `ConvNetwork`.

    Example:
        >>> get_preset("celeba64").network.kind
        'pca'
    """

    filters: Counts
    patch: Count
    pool: Count
    kernel: Count = 3
    activation: str = "leaky_relu"
    normalization: Normalization = "batch"
    from_data: ClassVar[bool] = True


@dataclass(frozen=True)
class PCAResidualNetwork(
    Network, kind="pca_residual", builds="keras_vae.models.networks.pca_residual.PCAResidual"
):
    """`PCANetwork` with another decoder: residual blocks, and resize-convolutions to enlarge maps.

    An adversarial loss shows where transposed convolutions overlap; enlarged maps have no such
    pattern (Odena et al. 2016).

    Attributes:
        filters: As of `PCANetwork`, the encoder's.
        patch: Likewise.
        pool: As of `PCANetwork`.
        decoder_filters: Channels of the decoder at each size, the largest first.
        decoder_patch: Side of the squares of pixels that its largest maps hold as channels.
        blocks: Residual blocks, of two convolutions, at each of its sizes, the largest first.
        encoder_blocks: Likewise of the encoder's; empty: none.
        face_levels: Levels of dlib's network for face recognition (King 2017), at most three, that
            the encoder has beside its own convolutions, initialized with dlib's weights; all but
            the last of them keep these. 0: none.
        noise: Maps of fixed noise that the decoder may add at each size but the smallest.
        kernel: Side of every kernel of its own.
        activation: As of `PCANetwork`; in a block before each convolution.
        normalization: As of `ConvNetwork`, before each activation.

    Example:
        >>> PCAResidualNetwork((32, 64), 4, 1, (32, 64), 2, (1, 1)).kind
        'pca_residual'
    """

    filters: Counts
    patch: Count
    pool: Count
    decoder_filters: Counts
    decoder_patch: Count
    blocks: tuple[Whole, ...]
    encoder_blocks: tuple[Whole, ...] = ()
    face_levels: Annotated[int, Range(0, below=4)] = 0
    noise: Whole = 0
    kernel: Count = 3
    activation: str = "leaky_relu"
    normalization: Normalization = "batch"
    from_data: ClassVar[bool] = True

    @property
    def begun_as(self) -> str | None:
        """The network of dlib, if it has levels of it."""
        return EMBEDDERS[DLIB] if self.face_levels else None
