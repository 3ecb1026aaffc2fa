"""Exported models: found by name, path or address, and their `model.json`."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from numbers import Integral
from pathlib import Path
from typing import Any

from . import hub
from .naming import near_names, printable
from .regular import open_regular
from .versions import is_version, versions_of

METADATA = Path("assets.extra", "model.json")
MAX_METADATA = 16 * 2**20  # bytes; those of the shipped models have 50,000 at most
INTEGERS, LONGEST_INTEGER = range(-(2**63), 2**63), 20  # of 64 bits; letters of one
MAX_DEPTH = 50  # of lists and objects in one another; those of the shipped models have 5


def find_version(name_or_path: str | Path, version: int | None = None) -> Path:
    """Find the folder of a model's version.

    A model on the hub is downloaded to the hub's cache. Of other names, a path that holds a model
    comes first, then ./saved_models/<name>, the folders in the environment variable KVAE_MODELS,
    and the models shipped with the package.

    Args:
        name_or_path: A name such as "celeba", a model's folder, the folder of a version, or a model
            on the Hugging Face Hub: "hf://user/model" or "hf://user/model@revision".
        version: Number of the version; None takes the highest.

    Raises:
        ValueError: If there is no such model or version (the message lists those that exist), or
            `version` is no integer.
        HubError: If the hub cannot be reached, or refuses access.
        ImportError: If the client of the hub is not installed.
    """
    if version is not None and (not isinstance(version, Integral) or isinstance(version, bool)):
        raise ValueError(f"`version` must be an integer. Received: {version!r}.")
    if hub.is_address(name_or_path):
        name_or_path = hub.download(hub.HubAddress.parse(str(name_or_path)))
    path = Path(name_or_path)
    if is_version(path):
        if version is not None and path.resolve().name != str(version):
            raise ValueError(
                f"`version` must be left out where the path is that of a version. Received: "
                f"{version} with {path}."
            )
        return path
    places = [path, *(folder / path for folder in _folders() if _is_plain_name(path))]
    for place in places:
        versions = versions_of(place)
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

    A name that occurs in several folders is listed once, as `find_version` finds it.
    """
    found: dict[str, tuple[str, int, Path]] = {}
    for folder in _folders():
        for place in sorted(folder.iterdir()) if folder.is_dir() else []:
            versions = versions_of(place)
            if versions and place.name not in found:
                highest = max(versions)
                found[place.name] = (place.name, highest, versions[highest])
    return list(found.values())


def read_metadata(path: str | Path) -> dict[str, Any]:
    """Read the `model.json` in the folder of a version.

    Raises:
        ValueError: If it cannot be read, or is not a JSON object.
    """
    file = Path(path) / METADATA
    try:
        with open_regular(file) as stream:
            return read_json(stream.read(MAX_METADATA + 1))
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise ValueError(
            f"{printable(path)} is not a model that kvae exported: {printable(file)} cannot be "
            f"read: {cause}"
        ) from error


def read_json(text: bytes) -> dict[str, Any]:
    """Read the contents of a `model.json`.

    Returns:
        The facts; see `as_json` for numbers that are not finite. Integers of more than 64 bits are
        floats, as for other readers of JSON.

    Raises:
        InvalidFacts: If these are not a JSON object, too large or nested too deeply.
    """
    if len(text) > MAX_METADATA:
        raise InvalidFacts(f"It has more than {MAX_METADATA:,} bytes.")
    try:
        facts = as_json(json.loads(text, parse_int=_number))
    except RecursionError as error:
        raise InvalidFacts("Its JSON is nested too deeply.") from error
    except ValueError as error:
        raise InvalidFacts(f"It is not JSON: {error}.") from error
    if not isinstance(facts, dict):
        raise InvalidFacts(f"It must be a JSON object. Received: {type(facts).__name__}.")
    return facts


def _number(digits: str) -> int | float:
    if len(digits) <= LONGEST_INTEGER and (whole := int(digits)) in INTEGERS:
        return whole
    return float(digits)


def as_json(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Replace numbers that JSON does not have, NaN and infinite ones, by None.

    Args:
        value: A value that `json` writes.
        depth: How deeply lists and objects in it may be nested.

    Raises:
        RecursionError: If they are nested more deeply.
    """
    if depth < 0:
        raise RecursionError
    if isinstance(value, Mapping):
        return {name: as_json(each, depth - 1) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(each, depth - 1) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class InvalidFacts(ValueError):
    """The facts of a model are not those of a model that kvae exported."""


def _folders() -> Iterator[Path]:
    """Yield the folders that are searched for names, in order."""
    yield Path("saved_models")
    for folder in os.environ.get("KVAE_MODELS", "").split(os.pathsep):
        if folder:
            yield Path(folder)
    spec = find_spec("keras_vae.saved_models")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield Path(folder)


def _is_plain_name(path: Path) -> bool:
    return len(path.parts) == 1 and path.name not in ("", ".", "..")


def _unknown(path: Path) -> str:
    if path.suffix == ".keras" and path.is_file():
        return (
            f"{path} is a file of Keras: keras.saving.load_model opens it, and "
            "keras_vae.export_model writes what is opened here."
        )
    if path.exists() and not _is_plain_name(path):
        return f"{path} holds no exported model: no <version>/saved_model.pb is in it."
    names = [name for name, _, _ in list_models()]
    if not names:
        return f"No model is called {str(path)!r}. There are no models. `kvae train` makes one."
    return f"No model is called {str(path)!r}. {near_names(str(path), names)}"
