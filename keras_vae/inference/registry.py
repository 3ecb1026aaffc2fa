"""Exported models, opened by name or path."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from ..files.exported import find_version
from .exported import ExportedModel, kind_of, lite_folder, read_facts
from .lite_model import LiteModel
from .lite_upscaler import LiteUpscaler
from .saved_model import SavedModel
from .upscaler import Upscaler

Full = TypeVar("Full", bound=ExportedModel)

CLASSES = {each.kind: each for each in (SavedModel, Upscaler)}


RUNTIMES = ("auto", "lite", "tensorflow")

# Images from which the time that TensorFlow saves is longer than its import
# (docs/decisions/0016-litert.md).
MANY = 7_000


def load(
    name_or_path: str | Path, version: int | None = None, *, runtime: str = "auto"
) -> SavedModel:
    """Open a model by its name or path.

    The model generates from the prior that was fitted to the latents of the training images, if it
    was exported with one, else from the prior that it was trained with. Its `repr` shows which;
    `generate(prior="normal")` chooses.

    Args:
        name_or_path: A name such as "celeba", a model's folder, the folder of a version, or a model
            on the Hugging Face Hub: "hf://user/model" or "hf://user/model@revision".
        version: Number of the version; None takes the highest.
        runtime: "lite" encodes, decodes and samples with LiteRT, "tensorflow" does everything with
            TensorFlow, "auto" takes LiteRT where the version has its networks.

    Raises:
        ValueError: If there is no such model or version, or it is not an autoencoder (the message
            lists the models or versions that exist); or the version has no networks for LiteRT.
        HubError: If the hub cannot be reached, or refuses access.

    Returns:
        The model: a `Model` of NumPy arrays.

    Example:
        >>> model = load("celeba64")
        >>> model
        <Model 'celeba64': images 64×64×3, z 200 sampled from the fitted prior, 40 attributes>
        >>> model.generate(n=4, seed=0).shape
        (4, 64, 64, 3)
    """
    path = find_version(name_or_path, version)
    return _class_of(path, runtime, SavedModel, LiteModel).open(path)


def load_upscaler(
    name_or_path: str | Path, version: int | None = None, *, runtime: str = "auto"
) -> Upscaler:
    """Open an upscaler by its name or path; see `load`.

    Args:
        name_or_path: See `load`.
        version: See `load`.
        runtime: See `load`.

    Returns:
        The upscaler.

    Raises:
        ValueError: See `load`.

    Example:
        >>> load_upscaler("vdsr").factor
        3
    """
    path = find_version(name_or_path, version)
    return _class_of(path, runtime, Upscaler, LiteUpscaler).open(path)


def faster_runtime(images: int) -> str:
    """Say which runtime encodes or decodes a number of images sooner, its import included.

    Returns:
        "lite" or "tensorflow".
    """
    return "lite" if images < MANY else "tensorflow"


def _class_of(path: Path, runtime: str, full: type[Full], lite: type[Full]) -> type[Full]:
    """The class that opens a version with a runtime."""
    if runtime not in RUNTIMES:
        raise ValueError(f"`runtime` must be one of {', '.join(RUNTIMES)}. Received: {runtime!r}.")
    if runtime != "tensorflow" and lite_folder(path).is_dir():
        return lite
    if runtime == "lite":
        name, facts = path.resolve().parent.name, read_facts(path)
        if facts.get("condition") is not None:
            raise ValueError(
                f"`runtime` of {name!r} must be tensorflow: LiteRT runs no conditional models."
            )
        raise ValueError(
            f"Model {name!r} has no networks for LiteRT. Write them: `kvae export --lite {name}`."
        )
    return full


def load_any(name_or_path: str | Path, version: int | None = None) -> ExportedModel:
    """Open a model of any kind by its name or path; see `load`."""
    path = find_version(name_or_path, version)
    return CLASSES[kind_of(read_facts(path))].open(path)
