"""Models found and opened by name or path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from ..files.naming import near_names
from . import hub
from .exported import ExportedModel, kind_of, lite_folder, read_metadata
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
    """
    path = find(name_or_path, version)
    return _class_of(path, runtime, SavedModel, LiteModel).open(path)


def load_upscaler(
    name_or_path: str | Path, version: int | None = None, *, runtime: str = "auto"
) -> Upscaler:
    """Open an upscaler by its name or path; see `load`."""
    path = find(name_or_path, version)
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
        name = path.resolve().parent.name
        raise ValueError(
            f"Model {name!r} has no networks for LiteRT. Write them: `kvae export --lite {name}`."
        )
    return full


def load_any(name_or_path: str | Path, version: int | None = None) -> ExportedModel:
    """Open a model of any kind by its name or path; see `load`."""
    path = find(name_or_path, version)
    return CLASSES[kind_of(read_metadata(path))].open(path)


def find(name_or_path: str | Path, version: int | None = None) -> Path:
    """Find the folder of a model's version.

    A path that holds a model comes first, then ./saved_models/<name>, the folders in the
    environment variable KVAE_MODELS, and the models shipped with the package. A model on the hub is
    downloaded to the hub's cache.

    Args:
        name_or_path: See `load`.
        version: See `load`.

    Raises:
        ValueError: See `load`.
    """
    if hub.is_address(name_or_path):
        name_or_path = hub.download(hub.HubAddress.parse(str(name_or_path)))
    path = Path(name_or_path)
    if _is_version(path):
        if version is not None and path.resolve().name != str(version):
            raise ValueError(
                f"`version` must be left out where the path is that of a version. Received: "
                f"{version} with {path}."
            )
        return path
    places = [path, *(folder / path for folder in _folders() if _is_plain_name(path))]
    for place in places:
        versions = _versions(place)
        if versions and version is None:
            return versions[max(versions)]
        if version in versions:
            return versions[version]
        if versions:
            raise ValueError(
                f"{place} has no version {version}. It has: {', '.join(map(str, versions))}."
            )
    raise ValueError(_unknown(path))


def list_models() -> list[tuple[str, int, Path]]:
    """List the models that can be opened by name: name, highest version, its folder.

    A name that occurs in several folders is listed once, as `find` finds it.
    """
    found: dict[str, tuple[str, int, Path]] = {}
    for folder in _folders():
        for place in sorted(folder.iterdir()) if folder.is_dir() else []:
            versions = _versions(place)
            if versions and place.name not in found:
                highest = max(versions)
                found[place.name] = (place.name, highest, versions[highest])
    return list(found.values())


def _folders() -> Iterator[Path]:
    """Yield the folders that are searched for names, in order."""
    yield Path("saved_models")
    for folder in os.environ.get("KVAE_MODELS", "").split(os.pathsep):
        if folder:
            yield Path(folder)
    spec = find_spec("keras_vae.saved_models")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield Path(folder)


def _versions(place: Path) -> dict[int, Path]:
    if not place.is_dir():
        return {}
    children = sorted(child for child in place.iterdir() if child.name.isdecimal())
    return dict(sorted((int(child.name), child) for child in children if _is_version(child)))


def _is_version(path: Path) -> bool:
    return (path / "saved_model.pb").is_file()


def _is_plain_name(path: Path) -> bool:
    return len(path.parts) == 1 and path.name not in ("", ".", "..")


def _unknown(path: Path) -> str:
    if path.exists() and not _is_plain_name(path):
        return f"{path} holds no exported model: no <version>/saved_model.pb is in it."
    names = [name for name, _, _ in list_models()]
    if not names:
        return f"No model is called {str(path)!r}. There are no models. `kvae train` makes one."
    return f"No model is called {str(path)!r}. {near_names(str(path), names)}"
