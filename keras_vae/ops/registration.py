"""Registration of Keras classes, so that saved models find them again.

Files saved with Keras hold "keras_vae>ClassName"; the name stays wherever a class moves. A class is
registered when its module is imported. Until then a stand-in has its name and imports the module
when Keras loads the class, so that `import keras_vae` is enough to load a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

PACKAGE = "keras_vae"

Class = TypeVar("Class", bound=type)

# Module: its registered classes. A test compares this with what the modules register.
CLASSES = {
    "losses.adversarial": ("Adversarial",),
    "losses.distillation": ("Distillation",),
    "losses.elbo": ("KL", "Reconstruction"),
    "losses.identity": ("Identity",),
    "losses.importance_weighted": ("ImportanceWeighted",),
    "losses.mmd": ("MMD",),
    "losses.perceptual": ("Perceptual",),
    "losses.texture": ("Texture",),
    "models.likelihoods": (
        "Bernoulli",
        "DiscretizedLogistic",
        "Gaussian",
        "LearnedGaussian",
        "MeanSquaredError",
        "OptimalGaussian",
        "PositionalGaussian",
        "SquaredError",
    ),
    "models.loss_terms": ("FunctionTerm",),
    "models.networks.builder": ("LogVariance",),
    "models.own_networks": ("Logits",),
    "models.posteriors": ("DeterministicPosterior", "GaussianPosterior"),
    "models.priors": ("StandardNormal",),
    "models.sampling": ("Sampling",),
    "models.vae": ("VAE",),
    "ops.activations": ("LeakyReLU",),
    "ops.adam": ("FusedAdam",),
    "ops.convolutions": (
        "DepthToSpace",
        "IdleBiasConv2D",
        "IdleBiasConv2DTranspose",
        "IdleBiasDense",
        "NarrowConv2D",
        "SpaceToDepth",
    ),
    "ops.noise": ("FixedNoise",),
    "ops.normalization": ("FusedBatchNormalization",),
}


def package(cls: Class) -> Class:
    """Register a Keras class of this package: a decorator."""
    import keras

    from .backend import check_backend

    check_backend()
    return keras.saving.register_keras_serializable(PACKAGE)(cls)


@dataclass(frozen=True)
class StandIn:
    """A class whose module is not imported yet.

    Attributes:
        module: Its module, relative to the package.
        name: Its name.
    """

    module: str
    name: str

    def from_config(self, config: dict[str, Any]) -> Any:
        """Import the class, and make an instance from its configuration."""
        cls = getattr(import_module(f"{PACKAGE}.{self.module}"), self.name)
        return cls.from_config(config)


def register_stand_ins() -> None:
    """Register stand-ins for classes that are not registered yet. Keras must be imported."""
    import keras

    registry = keras.saving.get_custom_objects()
    for module, names in CLASSES.items():
        for name in names:
            registry.setdefault(f"{PACKAGE}>{name}", StandIn(module, name))
