"""A VAE's SavedModel, run by TensorFlow in this process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..latent_space.attributes import Attributes
from .exported import AUTOENCODER, ExportedModel
from .model import Model


@dataclass(frozen=True, repr=False)
class SavedModel(ExportedModel, Model):
    """A VAE that `export_model` wrote."""

    kind: ClassVar[str] = AUTOENCODER

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
