"""The SavedModel: endpoints, directions, warm-up and `model.json`, laid out for TF Serving.

The graph holds inference alone, in float32; loading it needs no Python class.
"""

from __future__ import annotations

import json
import platform
import subprocess
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from .. import __version__
from ..files.atomic import write_folder
from ..files.exported import as_json
from ..files.naming import short
from ..files.photos import resampling_of
from ..files.versions import LAST_VERSION, VERSION, is_version, model_name
from ..latent_space.attributes import Attributes
from ..latent_space.priors import GaussianMixturePrior
from ..models.vae import VAE
from ..presets.ranges import Range
from .lite import ConversionError, write_lite
from .signatures import Endpoints, Signatures, describe
from .warmup import WARMUP, write_warmup

CONTRACT = 1  # raised when a signature changes its name, inputs or outputs


def export_model(
    vae: VAE,
    directory: str | Path,
    *,
    attributes: Attributes | None = None,
    prior: GaussianMixturePrior | None = None,
    metadata: Mapping[str, Any] | None = None,
    version: int | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a model as `directory`/<version>/, the layout that TensorFlow Serving watches.

    The version appears whole or not at all: it is written beside its place and then renamed. Where
    the latent is a vector and there is no condition, it includes networks for LiteRT; if these
    cannot be written, there is a `RuntimeWarning`, and the model runs with TensorFlow only.

    Args:
        vae: The model; it may have been trained in any precision, under any strategy.
        directory: Folder of the model's versions; its name is the model's name.
        attributes: Directions for `morph`; without them that endpoint answers with an error.
        prior: The fitted prior; without it there is no endpoint `generate_gmm`.
        metadata: JSON-ready facts for `model.json`: preset, data, metrics, licence, …; numbers that
            are not finite are written as null.
        version: A positive integer of at most 18 digits; None takes the one after the highest that
            exists.
        overwrite: Whether an existing version is overwritten.

    Returns:
        The folder of the version.

    Raises:
        FileExistsError: If the version exists and `overwrite` is False, or is none of a model.
        ValueError: If `version` is no such integer, the folder's name is none for a model, or
            `attributes` or `prior` do not fit the latent.
        TypeError: If `vae` is none.

    Example:
        >>> export_model(vae, "models/digits").name  # the version
        '1'
    """
    if not isinstance(vae, VAE):
        raise TypeError(f"`vae` must be a `VAE`. Received: {type(vae).__name__}.")

    def write(draft: Path) -> None:
        endpoints = Endpoints(vae, attributes, prior, resampling_of(metadata or {}))
        write_model(draft, endpoints.signatures(), _facts(endpoints, metadata or {}))
        if attributes is not None:
            attributes.save(draft / "assets.extra" / "attributes.npz")
        write_warmup(draft / "assets.extra" / WARMUP, Path(directory).name, endpoints)
        if endpoints.latent_dim is not None and not endpoints.condition:
            _write_lite(draft)

    return write_version(Path(directory), write, version=version, overwrite=overwrite)


def _write_lite(draft: Path) -> None:
    try:
        write_lite(draft)
    except ConversionError as error:
        warnings.warn(f"The model runs with TensorFlow only. {error}", RuntimeWarning, stacklevel=2)


def write_version(
    directory: Path,
    write: Callable[[Path], None],
    *,
    version: int | None = None,
    overwrite: bool = False,
) -> Path:
    """Let `write` fill the folder of a version, which appears whole or not at all.

    The number is taken at the rename: simultaneous exports get different numbers.

    Args:
        directory: Folder of the model's versions.
        write: Called with the folder to make and fill.
        version: See `export_model`.
        overwrite: See `export_model`.

    Returns:
        The folder of the version.

    Raises:
        FileExistsError: If the version exists and `overwrite` is False, or is none of a model.
        ValueError: If `version` is no positive integer of at most 18 digits, or the folder's name
            none for a model.
    """
    if version is not None and Range(1, below=LAST_VERSION + 1).fault(version):
        raise ValueError(
            "`version` must be a positive integer of at most 18 digits. "
            f"Received: {short(version)}."
        )
    model_name(directory.name)
    if overwrite and (other := directory / str(version)).exists() and not is_version(other):
        raise FileExistsError(
            f"{other} is no version of a model. Move it elsewhere, or use another `version`."
        )

    def choose() -> Path:
        return directory / str(version or next_version(directory))

    return write_folder(choose, write, overwrite=overwrite)


def next_version(directory: Path) -> int:
    """The number after the highest in a folder, whatever the folder of that number holds.

    Raises:
        ValueError: If that is the last one.
    """
    existing = [int(path.name) for path in directory.glob("*") if VERSION.fullmatch(path.name)]
    number = max(existing, default=0) + 1
    if number > LAST_VERSION:
        raise ValueError(
            f"{directory} has the last number that a version can have, {LAST_VERSION}. Move it "
            "elsewhere, or use another `version`."
        )
    return number


def write_model(folder: Path, signatures: Signatures, facts: Mapping[str, Any]) -> None:
    """Write a SavedModel with its `model.json`, which its signature `describe` returns.

    Args:
        folder: Folder to write.
        signatures: Functions and their inputs by name; the first is also `serving_default`.
        facts: JSON-ready facts; the contract, the versions of the packages and the commit of the
            source are added.
    """
    facts = {
        **facts,
        "contract": CONTRACT,
        "versions": {
            "keras_vae": __version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "python": platform.python_version(),
        },
        "git_commit": git_commit(),
    }
    facts.setdefault("licence", None)
    model_json = json.dumps(as_json(facts), indent=2, allow_nan=False) + "\n"
    archive = keras.export.ExportArchive()
    for name, (function, inputs) in {**signatures, "describe": describe(model_json)}.items():
        archive.add_endpoint(name, function, input_signature=inputs)
    archive.write_out(str(folder), verbose=False)
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra" / "model.json").write_text(model_json)


def _facts(endpoints: Endpoints, metadata: Mapping[str, Any]) -> dict[str, Any]:
    attributes = endpoints.attributes
    return {
        **metadata,
        "image_shape": list(endpoints.image_shape),
        "latent_dim": endpoints.latent_dim,
        "latents": {spec.name: list(spec.shape[1:]) for spec in endpoints.latents},
        "condition": _shape_and_type(endpoints.condition),
        "attribute_names": [] if attributes is None else list(attributes.names),
        "priors": ["normal"] if endpoints.mixture is None else ["normal", "gmm"],
    }


def _shape_and_type(condition: list[tf.TensorSpec]) -> dict[str, Any] | None:
    """The condition of each image; None for a model that is not conditional."""
    return next(({"shape": list(c.shape[1:]), "dtype": c.dtype.name} for c in condition), None)


def git_commit() -> str | None:
    """The commit of the package's source, "-dirty" with changes; None outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None  # installed: a repository around site-packages would be someone else's
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run([*command, "--exclude=*"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
