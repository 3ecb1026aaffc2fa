"""Models by name or path: where they are, and opening them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..files.naming import near_names
from ..latent_space.attributes import Attributes, check_choices
from .exported import Exported, kind_of, read_metadata
from .served import ServedModel
from .upscaler import Upscaler

if TYPE_CHECKING:
    from ..datasets import ImageDataset
    from ..evaluation.evaluator import Stages

__all__ = [
    "ServedModel",
    "Upscaler",
    "find",
    "fit_attributes",
    "list_models",
    "load",
    "load_any",
    "load_upscaler",
]

CLASSES = {each.kind: each for each in (ServedModel, Upscaler)}


def load(name_or_path: str | Path, version: int | None = None) -> ServedModel:
    """Open a model by its name or path.

    Args:
        name_or_path: A name such as "celeba", a model's folder, or the folder of a version.
        version: Number of the version; None takes the highest.

    Raises:
        ValueError: If there is no such model or version, or it is no autoencoder; the message lists
            what there is.
    """
    return ServedModel.open(find(name_or_path, version))


def load_upscaler(name_or_path: str | Path, version: int | None = None) -> Upscaler:
    """Open an upscaler by its name or path; see `load`."""
    return Upscaler.open(find(name_or_path, version))


def load_any(name_or_path: str | Path, version: int | None = None) -> Exported:
    """Open a model of whatever kind by its name or path; see `load`."""
    path = find(name_or_path, version)
    return CLASSES[kind_of(read_metadata(path))].open(path)


def find(name_or_path: str | Path, version: int | None = None) -> Path:
    """Find the folder of a model's version.

    A path that holds a model comes first, then ./saved_models/<name>, the folders in the
    environment variable KVAE_MODELS, and the models shipped with the package.

    Args:
        name_or_path: See `load`.
        version: See `load`.

    Raises:
        ValueError: See `load`.
    """
    path = Path(name_or_path)
    if _is_version(path):
        _check_version(path, version)
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
    """List the models that can be named: name, highest version, its folder.

    A name that occurs in several places is listed once, where `find` would find it.
    """
    found: dict[str, tuple[str, int, Path]] = {}
    for folder in _folders():
        for place in sorted(folder.iterdir()) if folder.is_dir() else []:
            versions = _versions(place)
            if versions and place.name not in found:
                highest = max(versions)
                found[place.name] = (place.name, highest, versions[highest])
    return list(found.values())


def fit_attributes(
    model: ServedModel,
    dataset: ImageDataset,
    *,
    method: str = "mean",
    balance: Sequence[str] = (),
    stages: Stages = lambda name: nullcontext(),
) -> Attributes:
    """Fit directions to the training split of a data set with attributes.

    They are scored on its validation split, where there is one.

    Args:
        model: What encodes the images.
        dataset: Images of the model's size, with attributes.
        method: See `Attributes.fit`.
        balance: See `Attributes.fit`.
        stages: Makes a progress bar for each stage.

    Raises:
        ValueError: If the data set has no attributes, or no training images; or a method or name
            is unknown.
    """
    if dataset.attributes is None or not dataset.count("train"):
        raise ValueError(
            f"`dataset` must have training images with attributes. Received: {dataset.name!r}, "
            f"{dataset.count('train')} training images, {len(dataset.attribute_names)} attributes."
        )
    check_choices(dataset.attribute_names, method, balance)  # before the images are encoded
    latents = {}
    for split in ("train", "validation"):
        if len(rows := dataset.indices(split)):
            with stages(f"Encoding ({split})") as progress:
                z_mean, _ = model.encode_rows(dataset, rows, progress=progress)
            latents[split] = z_mean, dataset.attributes[rows]
    with stages("Fitting") as progress:
        return Attributes.fit(
            *latents["train"],
            dataset.attribute_names,
            method=method,
            balance=balance,
            held_out=latents.get("validation"),
            progress=progress,
        )


def _folders() -> Iterator[Path]:
    """The folders that hold models by name, in the order of search."""
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


def _check_version(path: Path, version: int | None) -> None:
    if version is not None and path.resolve().name != str(version):
        raise ValueError(
            f"`version` must be left out where the path is a version's own. Received: {version} "
            f"with {path}."
        )


def _is_version(path: Path) -> bool:
    return (path / "saved_model.pb").is_file()


def _is_plain_name(path: Path) -> bool:
    return len(path.parts) == 1 and path.name not in ("", ".", "..")


def _unknown(path: Path) -> str:
    if path.exists() and not _is_plain_name(path):
        return f"{path} holds no exported model: no <version>/saved_model.pb is in it."
    names = [name for name, _, _ in list_models()]
    if not names:
        return f"No model is called {str(path)!r}. There are none: train one with `kvae train`."
    return f"No model is called {str(path)!r}. {near_names(str(path), names)}"
