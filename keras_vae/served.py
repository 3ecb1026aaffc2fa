"""A SavedModel in this process: its facts, and its endpoints.

No Keras model class is involved, and TensorFlow is imported when an endpoint is first called: a
model's facts cost no start-up.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .attributes import Attributes
from .model import Model, reason
from .presets import Preset


@dataclass(frozen=True)
class ServedModel(Model):
    """A SavedModel that `export` wrote.

    Attributes:
        path: The folder of the version.
        metadata: What `assets.extra/model.json` holds.
    """

    path: Path
    metadata: dict[str, Any] = field(repr=False)

    @classmethod
    def open(cls, path: str | Path) -> ServedModel:
        """Open the folder of a version.

        Raises:
            ValueError: If it is not a SavedModel that `export` wrote.
        """
        path = Path(path)
        try:
            metadata = json.loads((path / "assets.extra" / "model.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{path} is not a model that kvae exported: assets.extra/model.json cannot be read."
            ) from error
        return cls(path, metadata)

    @property
    def name(self) -> str:
        """Name of the folder that holds the versions."""
        return self.path.resolve().parent.name

    @property
    def version(self) -> int:
        """Number of the version."""
        return int(self.path.resolve().name)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return tuple(self.metadata["image_shape"])

    @property
    def latent_dim(self) -> int:
        """Dimensions of z."""
        return self.metadata["latent_dim"]

    @cached_property
    def preset(self) -> Preset:
        """What the model was trained as.

        Raises:
            ValueError: If `model.json` does not say it.
        """
        try:
            return Preset.from_dict(self.metadata["preset"])
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"The model.json of {self.name!r} does not tell the preset that it was trained "
                "with. Export the model again: `kvae export RUN`."
            ) from error

    @property
    def of_aligned_faces(self) -> bool:
        """Whether it was trained on CelebA."""
        return self.metadata.get("preset", {}).get("dataset") == "celeba"

    @cached_property
    def attributes(self) -> Attributes:
        """The attribute directions that were exported with the model; perhaps none."""
        path = self.path / "assets.extra" / "attributes.npz"
        if path.exists():
            return Attributes.load(path)
        return Attributes((), np.zeros((0, self.latent_dim), np.float32))

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """Names that `direction` and the endpoint `morph` know."""
        return self.attributes.names

    @property
    def directions(self) -> np.ndarray:
        """Δ of each attribute, float32 [A, L]."""
        return self.attributes.directions

    @property
    def card(self) -> Path:
        """The model card, which lies beside the versions; it may be missing."""
        return self.path.resolve().parent / "README.md"

    def direction(self, name: str) -> np.ndarray:
        """Look Δ of an attribute up, [L].

        Raises:
            ValueError: If there is none of that name; the message lists near ones.
        """
        if not self.attribute_names:
            raise ValueError(f"Model {self.name!r} has no attributes. Received: {name!r}.")
        return self.attributes.direction(name)

    @property
    def kl_per_dimension(self) -> Sequence[float] | None:
        """Mean KL of each dimension over the validation split in nats, if it was exported."""
        return self.metadata.get("kl_per_dimension")

    @property
    def endpoints(self) -> Mapping[str, Collection[str]]:
        """The names of the endpoints, and of the inputs of each."""
        signatures = self._model.signatures.items()
        return {name: endpoint.structured_input_signature[1] for name, endpoint in signatures}

    def has_prior(self, prior: str) -> bool:
        """Say whether `generate` can draw from a prior, "normal" or "gmm"."""
        return prior in self.metadata.get("priors", ["normal"])

    def endpoint(self, signature: str) -> Callable[..., dict[str, Any]]:
        """Look an endpoint up: a TensorFlow function of tensors, for use within another.

        Raises:
            ValueError: If there is none of that name; the message lists near ones.
        """
        return self._model.signatures[self._known(signature)]

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
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow reads it when imported
        import tensorflow as tf

        return tf.saved_model.load(str(self.path))
