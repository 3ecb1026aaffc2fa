"""The named presets, read from presets.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..files.naming import near_names, plain_name
from .preset import Preset

OWN_IMAGES = "own-images"  # the preset of images that are no known data set

# The preset that a known data set is trained with when none is named.
DEFAULT_PRESETS = {
    "mnist": "mnist",
    "fashion_mnist": "mnist",
    "frey": "mnist",
    "digits": "digits",
    "celeba": "celeba",
}

# Images that a known set must have for its preset: those of its training split. A smaller part is
# trained as images of one's own are (docs/decisions/0018).
LEAST_IMAGES = {"celeba": 162_770}


def read_presets(text: str) -> dict[str, Preset]:
    """Read presets by name.

    Args:
        text: TOML: a table for each preset, with the fields of `Preset`; `based_on` names another
            table that gives the fields which this one does not have.

    Raises:
        ValueError: If a kind or a field is unknown.
    """
    tables: dict[str, Any] = tomllib.loads(text)
    return {name: Preset.from_dict({**_whole(tables, name), "name": name}) for name in tables}


def _whole(tables: Mapping[str, Any], name: str) -> dict[str, Any]:
    values = dict(tables[name])
    base = values.pop("based_on", None)
    return values if base is None else {**_whole(tables, base), **values}


PRESETS: dict[str, Preset] = read_presets(
    Path(__file__).with_name("presets.toml").read_text("utf-8")
)


def default_preset(dataset: str, images: int | None = None) -> Preset:
    """The preset that a data set is trained with when none is named.

    Args:
        dataset: Name of the data set.
        images: Number of its images, where only a part of a known set may be there; None: all.

    Returns:
        The preset; of own images, and of a part of CelebA, `own-images`.

    Example:
        >>> default_preset("fashion_mnist").name
        'mnist'
    """
    name = plain_name(dataset)
    if images is not None and images < LEAST_IMAGES.get(name, 0):
        return PRESETS[OWN_IMAGES]
    return PRESETS[DEFAULT_PRESETS.get(name, OWN_IMAGES)]


def get_preset(name: str) -> Preset:
    """Look a preset up by its name.

    Args:
        name: A key of `PRESETS`.

    Returns:
        The preset; `Preset.override` changes it.

    Raises:
        ValueError: If there is none of that name; the message lists near ones.

    Example:
        >>> get_preset("celeba").override(latent_dim=64).latent_dim
        64
    """
    if name in PRESETS:
        return PRESETS[name]
    raise ValueError(f"No preset is called {name!r}. {near_names(name, list(PRESETS))}")
