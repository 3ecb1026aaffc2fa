"""A model's folder: its name, and the versions in it."""

from __future__ import annotations

import re
from pathlib import Path

from .output import DRAFT

# A version as TensorFlow Serving reads it: an int64.
VERSION = re.compile(r"[0-9]{1,18}")
LAST_VERSION = 10**18 - 1
CARD = "README.md"
RECORD = "hub.json"  # where a pulled model comes from


def model_name(name: str) -> str:
    """Return the name of a model, which is the name of its folder and a part of URLs.

    Raises:
        ValueError: If it is a path, hidden, not printable, or not one of TensorFlow Serving's.
    """
    plain = name.isprintable() and name == name.strip() and not set(name) & set("/\\:")
    if not name or not plain or name.startswith("."):
        raise ValueError(
            "`name` of a model must be the name of one folder, without '/', '\\' and ':', that "
            f"does not start with '.'. Received: {name!r}."
        )
    return name


def is_version(path: Path) -> bool:
    """Return whether a folder holds a SavedModel, whatever its name."""
    return (path / "saved_model.pb").is_file()


def version_number(path: Path) -> int:
    """Return the number of a version, which is the name of its folder.

    Raises:
        ValueError: If the name is no number.
    """
    folder = path.resolve()
    if not VERSION.fullmatch(folder.name):
        raise ValueError(f"{folder} must have the number of a version as its name, such as 1.")
    return int(folder.name)


def versions_of(folder: Path) -> dict[int, Path]:
    """Find the versions in a model's folder, by their numbers; none if it is no such folder."""
    try:
        children = sorted(child for child in folder.iterdir() if VERSION.fullmatch(child.name))
    except OSError:  # not a folder, or one that must not be read
        return {}
    return dict(sorted((int(child.name), child) for child in children if is_version(child)))


def check_replaceable(folder: Path) -> None:
    """Refuse to replace a model's folder that holds other files, too.

    Raises:
        FileExistsError: If it does.
    """
    own = {CARD, RECORD, *(version.name for version in versions_of(folder).values())}
    for child in sorted(folder.iterdir()) if folder.is_dir() else [folder]:
        if child.exists() and child.name not in own and not child.name.startswith(DRAFT):
            raise FileExistsError(
                f"{folder} is not only a model: {child} is no version of one. Move it elsewhere, "
                "or use another `name`."
            )
