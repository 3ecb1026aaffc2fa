"""The named presets, as data: which network, which objective, which training, after which report.

Standard library only. Another paper's network is one more entry in `PRESETS`, and no code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, get_args

from .naming import plain_name


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


@dataclass(frozen=True)
class Objective:
    """What is minimised: a reconstruction term and a weighted KL divergence, per image.

    Attributes:
        likelihood: One of `LIKELIHOODS`.
        variance: c of "gaussian" and "squared_error".
        weight: Factor of "mean_squared_error".
        beta: Final weight of the KL divergence: β (Higgins et al. 2017) or Perriu's λ.
        annealing: "constant", "linear" (Bowman et al. 2016) or "cyclical" (Fu et al. 2019).
        annealing_steps: Optimizer steps until the weight first reaches β; for "cyclical" the length
            of one cycle, of which the weight grows over the first half.
        free_bits: Nats of KL in each latent dimension that are not penalised (Kingma et al. 2016).
        importance_samples: k of the importance-weighted bound (Burda et al. 2015); 1 is the ELBO.
        perceptual_weight: Factor of the distance of a classifier's feature maps (Hou et al. 2017);
            at 0 there is none.
        distillation_weight: Factor of the cross-entropy of a linear reading of z_mean with the same
            classifier's answers (Hinton et al. 2015); at 0 there is none.
        mmd_weight: Factor of the aggregate posterior's distance from the prior
            (`objectives.aggregate_mmd`); at 0 there is none.
    """

    likelihood: str
    variance: float = 1.0
    weight: float = 1.0
    beta: float = 1.0
    annealing: str = "constant"
    annealing_steps: int = 0
    free_bits: float = 0.0
    importance_samples: int = 1
    perceptual_weight: float = 0.0
    distillation_weight: float = 0.0
    mmd_weight: float = 0.0

    @property
    def guided(self) -> bool:
        """Whether a classifier of the data set's labels or attributes has a say in the loss."""
        return bool(self.perceptual_weight or self.distillation_weight)

    @property
    def extras(self) -> dict[str, float]:
        """Weights of the terms beside likelihood and KL divergence, by what a log calls them."""
        weights = {name: getattr(self, f"{name}_weight") for name in EXTRAS}
        return {f"{name}_loss": weight for name, weight in weights.items() if weight}


Network = DenseNetwork | ConvNetwork | ResidualNetwork | PrincipalNetwork

# name → (what is summed, what of a pixel it is the logarithm of: "mass" or "density"; None where it
# is not normalised, so that the sum with the KL divergence is not −ELBO)
LIKELIHOODS = {
    "bernoulli": ("binary cross-entropy", "mass"),
    "gaussian": ("Gaussian, fixed variance", "density"),
    "optimal_gaussian": ("Gaussian, variance at its optimum (Rybkin et al. 2021)", "density"),
    "learned_gaussian": ("Gaussian, learned variance (Rybkin et al. 2021)", "density"),
    "discretized_logistic": ("discretised logistic, learned scale (Kingma et al. 2016)", "mass"),
    "squared_error": ("squared error / (2 × variance)", None),
    "mean_squared_error": ("weight × mean squared error of a pixel", None),
}

# terms that an objective may have beside likelihood and KL divergence, and their names for people
EXTRAS = {"perceptual": "perceptual distance", "distillation": "distillation", "mmd": "MMD²"}

# output → lowest and highest pixel
OUTPUT_RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}


@dataclass(frozen=True)
class Preset:
    """A model and the training that its source gives it.

    Attributes:
        name: What `--preset` takes.
        source: The report or book.
        dataset: The data set that it is made for.
        image_shape: Height, width, channels.
        latent_dim: Dimensions of z.
        network: Encoder and decoder.
        objective: The loss.
        posterior_scale: What the encoder's second head returns: "log_variance", "log_sigma" (σ =
            exp, Astorga) or "softplus" (σ² = softplus + 1e-8, Zhao).
        output: "sigmoid", for pixels in [0, 1], or "tanh", for pixels in [-1, 1] (Perriu): one of
            `OUTPUT_RANGES`.
        stochastic: Whether z is drawn; a plain autoencoder passes z_mean on.
        batch_size: Images in a batch, over all devices.
        epochs: Passes over the training split.
        learning_rate: Adam's, at the start.
        decay: "constant", or "cosine" down to 0 at the last epoch (Loshchilov and Hutter 2017).
        warmup_steps: Steps over which the learning rate grows to that from 0 (Goyal et al. 2017).
        random_flip: Whether training images are mirrored left to right at random.
        binarization: "none", or how grey levels become black and white:
            `datasets.binarization.binarize`.
    """

    name: str
    source: str
    dataset: str
    image_shape: tuple[int, int, int]
    latent_dim: int
    network: Network
    objective: Objective
    posterior_scale: str = "log_variance"
    output: str = "sigmoid"
    stochastic: bool = True
    batch_size: int = 128
    epochs: int = 10
    learning_rate: float = 1e-3
    decay: str = "constant"
    warmup_steps: int = 0
    random_flip: bool = False
    binarization: str = "none"

    @property
    def in_nats(self) -> bool:
        """Whether the loss is −ELBO in nats; otherwise it is a weighted sum without a unit."""
        objective = self.objective
        exact = objective.beta == 1.0 and objective.free_bits == 0.0 and not objective.extras
        return exact and self.likelihood_kind is not None

    @property
    def likelihood_kind(self) -> str | None:
        """Whether −ELBO is one of a pixel's "mass" or of its "density"; None where there is none.

        There is none without a normalised likelihood, nor in a plain autoencoder.
        """
        return LIKELIHOODS[self.objective.likelihood][1] if self.stochastic else None

    def bits_per_dimension(self, nats: float) -> float | None:
        """Bits that a pixel of 256 levels costs; None where there is no −ELBO.

        A density is first multiplied by the distance of two levels, which gives a level's mass.

        Args:
            nats: −log likelihood of an image, or −ELBO.
        """
        kind = self.likelihood_kind
        if kind is None:
            return None
        low, high = OUTPUT_RANGES[self.output]
        bin_width = (high - low) / 255.0 if kind == "density" else 1.0
        return (nats / math.prod(self.image_shape) - math.log(bin_width)) / math.log(2.0)

    @property
    def loss_unit(self) -> str:
        """What a printed loss is measured in: "nats" or "weighted"."""
        return "nats" if self.in_nats else "weighted"

    @property
    def loss_description(self) -> str:
        """Write the loss, for people: its terms and their weights."""
        objective = self.objective
        terms = [LIKELIHOODS[objective.likelihood][0]]
        for name, weight in objective.extras.items():
            terms.append(f"{weight:g} × {EXTRAS[name.removesuffix('_loss')]}")
        return " + ".join([*terms, f"{objective.beta:g} × KL ({self.loss_unit})"])

    def override(self, **changes: Any) -> Preset:
        """Return the preset with some numbers changed, wherever in it they stand.

        Args:
            **changes: Fields of the preset, its network or its objective, by name; also `filters`,
                `kernels` and `strides` of an encoder's convolutions, which the decoder mirrors, and
                `image_size` (height, width). None leaves a field as it is.

        Raises:
            ValueError: If a name is no field of this preset.
        """
        preset = self
        for name, value in sorted(changes.items(), key=lambda item: item[0] != "filters"):
            if value is not None:
                preset = _override(preset, name, value)
        return preset

    def to_dict(self) -> dict[str, Any]:
        """Return the preset as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preset:
        """Rebuild a preset from `to_dict`, also after a trip through JSON."""
        values = dict(values)
        values["network"] = _network(values["network"])
        values["objective"] = Objective(**values["objective"])
        values["image_shape"] = tuple(values["image_shape"])
        return cls(**values)


STACK_PARTS = ("filters", "kernels", "strides")
_STACKS = ("encoder", "decoder")


def _network(values: Mapping[str, Any]) -> Network:
    """Rebuild a network, of the kind that has its fields."""
    known = {key: _retuple(value) for key, value in values.items()}
    for part in _STACKS:
        if part in known:
            known[part] = tuple(Conv(**conv) for conv in known[part])
    kinds = get_args(Network)
    kind = next(each for each in kinds if set(known) <= {field.name for field in fields(each)})
    return kind(**known)


def _retuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _override(preset: Preset, name: str, value: Any) -> Preset:
    value = _retuple(value)
    if name == "image_size":
        return replace(preset, image_shape=(*value, preset.image_shape[2]))
    if name in STACK_PARTS and isinstance(preset.network, ConvNetwork):
        return replace(preset, network=preset.network.restacked(name, value))
    if name in _field_names(preset):
        return replace(preset, **{name: value})
    for part_name in ("objective", "network"):
        part = getattr(preset, part_name)
        if name in _field_names(part):
            return replace(preset, **{part_name: replace(part, **{name: value})})
    kind = type(preset.network).__name__
    raise ValueError(f"Preset {preset.name!r} (a {kind}) has nothing called {name!r} to override.")


def _field_names(instance: Any) -> set[str]:
    return {item.name for item in fields(instance)}


def _mirrored(encoder: Sequence[Conv]) -> tuple[Conv, ...]:
    """The decoder that undoes an encoder stage by stage, its last stage giving the image."""
    filters = [conv.filters for conv in encoder[:-1]]
    return tuple(
        replace(conv, filters=count)
        for conv, count in zip(reversed(encoder), [*reversed(filters), None], strict=True)
    )


_FOSTER_NETWORK = ConvNetwork(
    encoder=(Conv(128), Conv(128), Conv(128), Conv(128)),
    decoder=(Conv(128), Conv(128), Conv(128), Conv(128), Conv(None, stride=1)),
    normalize_projection=True,
)

_JIANG_NETWORK = ConvNetwork(
    encoder=(Conv(32), Conv(32), Conv(64), Conv(64)),
    decoder=(Conv(64), Conv(64), Conv(32), Conv(32), Conv(None, stride=1)),
    upsampling="nearest",
)

_ASTORGA_ENCODER = tuple(Conv(filters, kernel=4) for filters in (32, 64, 128, 256))
_ASTORGA_NETWORK = ConvNetwork(_ASTORGA_ENCODER, _mirrored(_ASTORGA_ENCODER), activation="relu")

# Tables 1 and 2. The decoder's second layer has stride 1 in table 2; only 2 reaches 64×48.
_PERRIU_ENCODER = tuple(
    conv
    for filters in (32, 64, 128, 256)
    for conv in (Conv(filters, kernel=4, stride=2), Conv(filters, kernel=3, stride=1))
)
_PERRIU_NETWORK = ConvNetwork(
    _PERRIU_ENCODER, _mirrored(_PERRIU_ENCODER), normalization="instance", activation="relu"
)

# The report prints 512 input channels for the first transposed convolution; 4 × 4 × 32 = 512.
_ZHAO_NETWORK = ConvNetwork(
    encoder=(Conv(32), Conv(64), Conv(32)),
    decoder=(Conv(64), Conv(32), Conv(32), Conv(None, stride=1)),
    activation="elu",
)

# MSE + KL, with the squared error summed over the image (σ² = 1/2): averaged over its pixels, it
# weighs thousands of times less than the KL divergence, and nothing is learned.
_SQUARED_ERROR = Objective("squared_error", variance=0.5)

_ZHAO_OBJECTIVE = Objective("squared_error", variance=0.05)

_CELEBA = Preset(
    name="celeba",
    source="Foster's network, objective of Rybkin et al. 2021",
    dataset="celeba",
    image_shape=(32, 32, 3),
    latent_dim=200,
    network=_FOSTER_NETWORK,
    objective=Objective("optimal_gaussian"),
    learning_rate=5e-4,
    decay="cosine",
)

_ENTRIES = (
    Preset(
        name="mnist",
        source="Jiang 2024, section 3",
        dataset="mnist",
        image_shape=(28, 28, 1),
        latent_dim=20,
        network=DenseNetwork((512,), spread=True),
        objective=Objective("bernoulli"),
        epochs=30,
        learning_rate=3e-3,
        decay="cosine",
    ),
    Preset(
        name="digits",
        source="Ours, for 1,797 scans of 8×8",
        dataset="digits",
        image_shape=(8, 8, 1),
        latent_dim=8,
        network=DenseNetwork((256, 128), spread=True),
        objective=Objective("optimal_gaussian"),
        batch_size=32,
        epochs=40,
        decay="cosine",
    ),
    _CELEBA,
    replace(
        _CELEBA,
        name="celeba-foster",
        source="Foster 2023, chapter 3",
        objective=Objective("mean_squared_error", weight=2000.0),
        decay="constant",
    ),
    replace(
        _CELEBA,
        name="celeba-wolfram",
        source="Wolfram note",
        objective=_SQUARED_ERROR,
        batch_size=500,
        decay="constant",
    ),
    Preset(
        name="celeba64",
        source="Ours: docs/decisions/0013",
        dataset="celeba",
        image_shape=(64, 64, 3),
        latent_dim=200,
        network=PrincipalNetwork((96, 128, 128), patch=4, pool=2),
        objective=Objective(
            "optimal_gaussian",
            beta=8.0,
            perceptual_weight=3000.0,
            distillation_weight=300.0,
            mmd_weight=2.0,
        ),
        batch_size=64,
        epochs=18,
        decay="cosine",
        warmup_steps=500,
        random_flip=True,
    ),
    Preset(
        name="celeba-jiang",
        source="Jiang 2024, section 5",
        dataset="celeba",
        image_shape=(64, 64, 3),
        latent_dim=200,
        network=_JIANG_NETWORK,
        objective=_SQUARED_ERROR,
        learning_rate=5e-4,
    ),
    Preset(
        name="celeba-astorga",
        source="Astorga et al. 2025, section 5",
        dataset="celeba",
        image_shape=(64, 48, 3),
        latent_dim=64,
        network=_ASTORGA_NETWORK,
        objective=Objective("bernoulli"),
        posterior_scale="log_sigma",
    ),
    Preset(
        name="celeba-perriu",
        source="Perriu and Amadi, tables 1 and 2",
        dataset="celeba",
        image_shape=(64, 48, 3),
        latent_dim=64,
        network=_PERRIU_NETWORK,
        objective=Objective("mean_squared_error", beta=1e-5),
        output="tanh",
        random_flip=True,
    ),
    Preset(
        name="mnist-astorga",
        source="Astorga et al. 2025, section 4",
        dataset="mnist",
        image_shape=(28, 28, 1),
        latent_dim=16,
        network=DenseNetwork((512, 512)),
        objective=Objective("bernoulli"),
        posterior_scale="log_sigma",
        epochs=20,
    ),
    Preset(
        name="mnist-zhao-mlp",
        source="Zhao 2023, section 3.1",
        dataset="mnist",
        image_shape=(28, 28, 1),
        latent_dim=2,
        network=DenseNetwork((300, 100, 10), activation="elu"),
        objective=_ZHAO_OBJECTIVE,
        posterior_scale="softplus",
        batch_size=256,
        epochs=15,
        learning_rate=2.5e-3,
    ),
    Preset(
        name="mnist-zhao-cnn",
        source="Zhao 2023, section 3.2",
        dataset="mnist",
        image_shape=(28, 28, 1),
        latent_dim=2,
        network=_ZHAO_NETWORK,
        objective=_ZHAO_OBJECTIVE,
        posterior_scale="softplus",
        batch_size=256,
        epochs=15,
        learning_rate=1.5e-3,
    ),
    Preset(
        name="mnist-iwae",
        source="Burda et al. 2015, section 5, one stochastic layer",
        dataset="mnist",
        image_shape=(28, 28, 1),
        latent_dim=50,
        network=DenseNetwork((200, 200), activation="tanh"),
        objective=Objective("bernoulli", annealing="linear", annealing_steps=50_000),
        batch_size=100,
        epochs=3500,
        learning_rate=2e-3,
        decay="cosine",
        binarization="dynamic",
    ),
    Preset(
        name="mnist-best",
        source="Residual blocks as of Kingma et al. 2016, one latent layer",
        dataset="mnist",
        image_shape=(28, 28, 1),
        latent_dim=40,
        network=ResidualNetwork((16, 24, 48), blocks=(0, 1, 1), dense=256, activation="relu"),
        objective=Objective("bernoulli", annealing="linear", annealing_steps=4000),
        batch_size=64,
        epochs=60,
        decay="cosine",
        binarization="dynamic",
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ENTRIES}

# The preset that a data set is trained with when none is named.
DEFAULT_PRESETS = {
    "mnist": "mnist",
    "fashion_mnist": "mnist",
    "frey": "mnist",
    "digits": "digits",
    "celeba": "celeba",
}


def default_preset(dataset: str) -> Preset:
    """The preset that a data set is trained with when none is named; for other images `celeba`."""
    return PRESETS[DEFAULT_PRESETS.get(plain_name(dataset), "celeba")]


def get_preset(name: str) -> Preset:
    """Look a preset up by its name.

    Raises:
        ValueError: If there is none of that name; the message lists near ones.
    """
    if name in PRESETS:
        return PRESETS[name]
    choices = get_close_matches(name, PRESETS, n=3, cutoff=0.4) or list(PRESETS)
    raise ValueError(f"No preset is called {name!r}. Choose from: {', '.join(choices)}.")
