"""An autoencoder in this process: its facts, and its endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from .. import __version__
from ..latent_space.attributes import Attributes
from ..presets import Preset
from .exported import AUTOENCODER, Exported
from .model import Model


@dataclass(frozen=True)
class ServedModel(Exported, Model):
    """An autoencoder that `export` wrote."""

    kind: ClassVar[str] = AUTOENCODER

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
            ValueError: If `model.json` does not say it, or says what only a newer version knows.
        """
        try:
            return Preset.from_dict(self.metadata["preset"])
        except KeyError as error:
            raise ValueError(
                f"The model.json of {self.name!r} does not tell the preset that it was trained "
                "with. Export the model again: `kvae export RUN`."
            ) from error
        except (TypeError, ValueError) as error:  # of a field too many or too few
            raise ValueError(
                f"The model.json of {self.name!r} tells a preset that keras_vae {__version__} does "
                f"not know. Upgrade, or export the model again: `kvae export RUN`. {error}"
            ) from error

    @property
    def of_aligned_faces(self) -> bool:
        """Whether it was trained on CelebA, whichever data set its preset was made for."""
        return self.metadata.get("data", {}).get("dataset") == "celeba"

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

    def has_prior(self, prior: str) -> bool:
        """Say whether `generate` can draw from a prior, "normal" or "gmm"."""
        return prior in self.metadata.get("priors", ["normal"])
