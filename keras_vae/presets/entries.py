"""The named presets. Another paper's network is one more entry, and no code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..files.naming import near_names, plain_name
from .bounds import ELBO, Linear
from .latents import GaussianPosterior
from .likelihoods import Bernoulli, MeanSquaredError, OptimalGaussian, SquaredError
from .networks import Conv, ConvNetwork, DenseNetwork, PCANetwork, ResidualNetwork
from .objective import Objective
from .preset import Preset
from .terms import MMD, Distillation, Perceptual


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
_SQUARED_ERROR = Objective(SquaredError(0.5))

_ZHAO_OBJECTIVE = Objective(SquaredError(0.05))

_CELEBA = Preset(
    name="celeba",
    source="Foster's network, objective of Rybkin et al. 2021",
    dataset="celeba",
    image_shape=(32, 32, 3),
    latent_dim=200,
    network=_FOSTER_NETWORK,
    objective=Objective(OptimalGaussian()),
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
        objective=Objective(Bernoulli()),
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
        objective=Objective(OptimalGaussian()),
        batch_size=32,
        epochs=40,
        decay="cosine",
    ),
    _CELEBA,
    replace(
        _CELEBA,
        name="celeba-foster",
        source="Foster 2023, chapter 3",
        objective=Objective(MeanSquaredError(2000.0)),
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
        network=PCANetwork((96, 128, 128), patch=4, pool=2),
        objective=Objective(
            OptimalGaussian(), ELBO(8.0), (Perceptual(3000.0), Distillation(300.0), MMD(2.0))
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
        objective=Objective(Bernoulli()),
        posterior=GaussianPosterior("log_sigma"),
    ),
    Preset(
        name="celeba-perriu",
        source="Perriu and Amadi, tables 1 and 2",
        dataset="celeba",
        image_shape=(64, 48, 3),
        latent_dim=64,
        network=_PERRIU_NETWORK,
        objective=Objective(MeanSquaredError(), ELBO(1e-5)),
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
        objective=Objective(Bernoulli()),
        posterior=GaussianPosterior("log_sigma"),
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
        posterior=GaussianPosterior("softplus"),
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
        posterior=GaussianPosterior("softplus"),
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
        objective=Objective(Bernoulli(), ELBO(annealing=Linear(50_000))),
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
        objective=Objective(Bernoulli(), ELBO(annealing=Linear(4000))),
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
    raise ValueError(f"No preset is called {name!r}. {near_names(name, list(PRESETS))}")
