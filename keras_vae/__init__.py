"""Train, measure, edit with and serve variational autoencoders in TensorFlow / Keras 3.

Train with your own networks, or with those of a preset; a `VAE` is a Keras model:

    >>> import keras_vae
    >>> vae = keras_vae.VAE.from_networks(encoder, decoder, likelihood="bernoulli")
    >>> vae = keras_vae.VAE.from_preset("mnist")
    >>> vae.compile(optimizer="adam")
    >>> vae.fit(images, epochs=10)           # uint8 [N, H, W, C], or floats of 0 … 1
    >>> vae.generate(10)                     # also reconstruct, encode, decode
    >>> keras_vae.export_model(vae, "models/mine")

Use a trained model, without Keras:

    >>> model = keras_vae.load("celeba64")   # a shipped model, or a folder of your own
    >>> faces = model.generate(n=4, seed=0)  # also reconstruct, encode, decode
    >>> smiling = model.morph("face.jpg", Smiling=2, Young=-1)
    >>> keras_vae.plotting.grid(smiling).show()

Train a shipped model further:

    >>> vae = keras_vae.VAE.from_pretrained("celeba64")

Make your own parts: subclasses of `Likelihood` and `LossTerm`; see `models`, `losses`, `presets`.

Names are imported at their first use: `import keras_vae` imports neither TensorFlow nor Keras, and
`keras.saving.load_model` finds the package's classes. TensorFlow's start-up messages are dropped,
unless the environment variable TF_CPP_MIN_LOG_LEVEL is set; two other variables make TensorFlow
faster on a CPU. Therefore import it before TensorFlow.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .ops.imports import watch_imports

__version__ = "0.1.0"

# What TensorFlow is told on a CPU, unless it has been told: docs/decisions/0003-speed-on-cpu.md.
# Feature maps come from memory that TensorFlow keeps. The C library would return each to the kernel
# and get it back emptied, page by page: an eighth of a step. Read at the first operation.
os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "1")
# oneDNN computes convolutions and products on every processor; by itself TensorFlow has it do so
# where there are instructions for neural networks only. Read when TensorFlow is imported.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

watch_imports()

# In a checkout `cli` and `saved_models` lie beside the package: a library finds its own there.
_CHECKOUT = Path(__file__).resolve().parents[1]
if (_CHECKOUT / "pyproject.toml").is_file():
    __path__.append(str(_CHECKOUT))

if TYPE_CHECKING:  # for type checkers; at run time `__getattr__` imports these
    from . import datasets, evaluation, losses, models, plotting, presets
    from .datasets import load_dataset
    from .export.saved_model import export_model
    from .inference.registry import load, load_upscaler
    from .latent_space.attributes import Attributes
    from .losses import FunctionTerm, LossTerm, elbo_terms
    from .models import VAE, ForwardPass, Likelihood, Sampling, build_decoder, build_encoder
    from .presets import PRESETS, Preset, get_preset
    from .training.trainer import train

_HOMES = {
    "Attributes": "latent_space.attributes",
    "VAE": "models",
    "Likelihood": "models",
    "Sampling": "models",
    "ForwardPass": "models",
    "build_encoder": "models",
    "build_decoder": "models",
    "LossTerm": "losses",
    "FunctionTerm": "losses",
    "elbo_terms": "losses",
    "PRESETS": "presets",
    "Preset": "presets",
    "get_preset": "presets",
    "load_dataset": "datasets",
    "train": "training.trainer",
    "export_model": "export.saved_model",
    "load": "inference.registry",
    "load_upscaler": "inference.registry",
}
_ROOMS = ("datasets", "evaluation", "losses", "models", "plotting", "presets")

__all__ = [
    "PRESETS",
    "VAE",
    "Attributes",
    "ForwardPass",
    "FunctionTerm",
    "Likelihood",
    "LossTerm",
    "Preset",
    "Sampling",
    "__version__",
    "build_decoder",
    "build_encoder",
    "datasets",
    "elbo_terms",
    "evaluation",
    "export_model",
    "get_preset",
    "load",
    "load_dataset",
    "load_upscaler",
    "losses",
    "models",
    "plotting",
    "presets",
    "train",
]

if not TYPE_CHECKING:  # with it, a type checker would accept every name

    def __getattr__(name: str) -> Any:
        """Import a room, or the room of a public name, at the first use of the name."""
        if name in _ROOMS:
            return import_module(f"{__name__}.{name}")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
