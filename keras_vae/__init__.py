"""Train, measure, edit with and serve variational autoencoders in TensorFlow / Keras 3.

A public name is imported at its first use, so that `import keras_vae` does not import TensorFlow:

    >>> import keras_vae
    >>> model = keras_vae.load("celeba64")        # loads a SavedModel, without Keras
    >>> images, z = model.generate(seeds=[0, 1, 2])

Import it before TensorFlow: it sets two environment variables that make TensorFlow faster on a CPU.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

# What TensorFlow is told on a CPU, unless it has been told: docs/decisions/0003-speed-on-cpu.md.
# Feature maps come from memory that TensorFlow keeps. The C library would return each to the kernel
# and get it back emptied, page by page: an eighth of a step. Read at the first operation.
os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "1")
# oneDNN computes convolutions and products on every processor; by itself TensorFlow has it do so
# where there are instructions for neural networks only. Read when TensorFlow is imported.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# In a checkout `cli` and `saved_models` lie beside the package: a library finds its own there.
_CHECKOUT = Path(__file__).resolve().parents[1]
if (_CHECKOUT / "pyproject.toml").is_file():
    __path__.append(str(_CHECKOUT))

_HOMES = {
    "PRESETS": "presets",
    "Preset": "presets",
    "get_preset": "presets",
    "Sampling": "models.sampling",
    "build_encoder": "models.networks",
    "build_decoder": "models.networks",
    "VAE": "models.vae",
    "load_dataset": "datasets",
    "train": "training.trainer",
    "export_model": "export.saved_model",
    "load": "inference.registry",
    "load_upscaler": "inference.registry",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    """Import the module of a public name at the first use of the name."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
