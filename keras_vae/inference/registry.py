"""Exported models, opened by name or path."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TypeVar

from ..files import hub
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
    return _open(name_or_path, version, runtime, SavedModel, LiteModel)


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
    return _open(name_or_path, version, runtime, Upscaler, LiteUpscaler)


def faster_runtime(images: int) -> str:
    """Say which runtime encodes or decodes a number of images sooner, its import included.

    Returns:
        "lite" or "tensorflow".
    """
    return "lite" if images < MANY else "tensorflow"


def _open(
    name_or_path: str | Path,
    version: int | None,
    runtime: str,
    full: type[Full],
    lite: type[Full],
) -> Full:
    """Open a model by the class of a runtime."""
    if runtime not in RUNTIMES:
        raise ValueError(f"`runtime` must be one of {', '.join(RUNTIMES)}. Received: {runtime!r}.")
    path = find_version(name_or_path, version)
    asked_for = str(name_or_path if version is None else path)
    if runtime != "tensorflow" and lite_folder(path).is_dir():
        return lite.open(path, asked_for)
    if runtime == "lite":
        raise ValueError(_why_not_lite(path, asked_for))
    return full.open(path, asked_for)


def _why_not_lite(path: Path, asked_for: str) -> str:
    """Say why LiteRT does not run a version, and what to do."""
    if read_facts(path).get("condition") is not None:
        return f"`runtime` of {asked_for!r} must be tensorflow: LiteRT runs no conditional models."
    name, first = asked_for, ""
    if hub.is_address(asked_for):  # the copy in the hub's cache must not be changed
        name = hub.HubAddress.parse(asked_for).name
        first = f"`kvae models pull {asked_for}`, then "
    cure = f"{first}`kvae export --lite {shlex.quote(name)}`"
    return f"Model {asked_for!r} has no networks for LiteRT. Write them: {cure}."


def load_any(name_or_path: str | Path, version: int | None = None) -> ExportedModel:
    """Open a model of any kind by its name or path; see `load`."""
    path = find_version(name_or_path, version)
    return CLASSES[kind_of(read_facts(path))].open(path)
