"""A VAE's SavedModel, run by TensorFlow in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..files.exported import METADATA, InvalidFacts
from ..latent_space.attributes import Attributes
from .endpoints import InputSpecs, tensors_of
from .exported import AUTOENCODER, ExportedModel, check_shapes
from .model import Model


@dataclass(frozen=True, repr=False)
class SavedModel(ExportedModel, Model):
    """A VAE that `export_model` wrote."""

    kind: ClassVar[str] = AUTOENCODER

    @property
    def endpoints(self) -> Mapping[str, InputSpecs]:
        """What the inputs of each endpoint must be, by their names.

        Raises:
            ValueError: If `model.json` is that of another model.
        """
        endpoints = super().endpoints
        try:
            check_shapes(self.metadata, tensors_of(endpoints), "the SavedModel")
        except InvalidFacts as error:
            raise ValueError(f"{self.path / METADATA}: {error}") from error
        return endpoints

    @cached_property
    def attributes(self) -> Attributes:
        """The attribute directions that were exported with the model; perhaps none."""
        path = self.path / "assets.extra" / "attributes.npz"
        if path.exists():
            loaded = Attributes.load(path)
            if loaded.directions.shape[1] != self.latent_dim:
                raise ValueError(
                    f"{path} must hold directions of length {self.latent_dim}. "
                    f"Received: {loaded.directions.shape[1]}."
                )
            return loaded
        return Attributes((), np.zeros((0, self.latent_dim or 0), np.float32))
