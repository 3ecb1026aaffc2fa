"""A SavedModel that kvae exported, of any kind: its facts and its endpoints.

No Keras model class is needed. TensorFlow is imported when an endpoint is first called: reading a
model's facts does not import it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..files.exported import read_metadata
from .model import check_endpoint, reason

AUTOENCODER, UPSCALER = "autoencoder", "upscaler"

# kind → noun, and a command that uses such a model
KINDS = {
    AUTOENCODER: ("an autoencoder", "kvae generate --model {name}"),
    UPSCALER: ("an upscaler", "kvae upscale IMG --model {name}"),
}


@dataclass(frozen=True, repr=False)
class ExportedModel:
    """A SavedModel with a `model.json`.

    Attributes:
        needs_tensorflow: Whether it runs with TensorFlow, rather than LiteRT.
        kind: One of `KINDS`; each subclass opens models of its own kind only.
        path: The folder of the version.
        metadata: The contents of `assets.extra/model.json`.
    """

    kind: ClassVar[str]
    needs_tensorflow: ClassVar[bool] = True
    path: Path
    metadata: Mapping[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the folder of a version.

        Raises:
            ValueError: If it is not a SavedModel that kvae exported, or one of another kind.
        """
        opened = cls(Path(path), read_metadata(path))
        if (kind := kind_of(opened.metadata)) != cls.kind:
            noun, command = KINDS[kind]
            raise ValueError(
                f"{opened.name!r} is {noun}, not {KINDS[cls.kind][0]}. "
                f"Use it as in: {command.format(name=opened.name)}"
            )
        return opened

    @property
    def name(self) -> str:
        """Name of the folder that holds the versions; of a model in the hub's cache, USER/MODEL."""
        folder = self.path.resolve().parent
        return cached_repository(folder) or folder.name

    @property
    def version(self) -> int:
        """Number of the version."""
        return int(self.path.resolve().name)

    @property
    def card(self) -> Path:
        """Path of the model card, beside the versions; the file may be missing."""
        return self.path.resolve().parent / "README.md"

    @property
    def endpoints(self) -> Mapping[str, Collection[str]]:
        """Names of the endpoints, and of the inputs of each."""
        signatures = self._model.signatures.items()
        return {name: endpoint.structured_input_signature[1] for name, endpoint in signatures}

    def endpoint(self, signature: str) -> Callable[..., dict[str, Any]]:
        """Look up an endpoint: a TensorFlow function of tensors, for use within another.

        Raises:
            ValueError: If there is no endpoint of that name; the message lists similar names.
        """
        check_endpoint(signature, self.endpoints)
        return self._model.signatures[signature]

    def _run(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        import tensorflow as tf

        endpoint = self.endpoint(signature)
        specs = endpoint.structured_input_signature[1]
        tensors = {name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()}
        try:
            outputs = endpoint(**tensors)
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(reason(error.message)) from error
        return {name: value.numpy() for name, value in outputs.items()}

    @cached_property
    def _model(self) -> Any:
        import tensorflow as tf

        return tf.saved_model.load(str(self.path))


def cached_repository(folder: Path) -> str | None:
    """Return USER/MODEL of a folder models--USER--MODEL/snapshots/COMMIT, the hub's cache."""
    found = re.fullmatch(r"models--(.+)--(.+)", folder.parent.parent.name)
    return "/".join(found.groups()) if found and folder.parent.name == "snapshots" else None


def lite_folder(version: Path) -> Path:
    """Return the folder of a version that has its networks for LiteRT; it may be missing."""
    return version / "assets.extra" / "lite"


def kind_of(metadata: Mapping[str, Any]) -> str:
    """Look up the kind of a model; the `model.json` of an autoencoder may leave it out.

    Raises:
        ValueError: If the kind is unknown.
    """
    kind = metadata.get("kind", AUTOENCODER)
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {', '.join(KINDS)}. Received: {kind!r}.")
    return kind
