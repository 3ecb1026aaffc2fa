"""What a cell measures: a model that was just trained, or one that was there already."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from ..datasets import ImageDataset
from ..evaluation.extractors import Extractor, classifier_extractor
from ..inference.saved_model import SavedModel
from ..presets import Preset

if TYPE_CHECKING:
    from ..models.vae import VAE
    from .judge import Judge

Posterior = tuple[np.ndarray, np.ndarray]  # z_mean and z_log_var, float32 [N, L]


@dataclass(frozen=True)
class Subject(ABC):
    """A model, and the images that it is measured on.

    Attributes:
        dataset: The images; the training split is what the model learned from.
        cache_dir: Where classifiers are kept; None for the usual place.
    """

    dataset: ImageDataset
    cache_dir: Path | None

    @property
    @abstractmethod
    def preset(self) -> Preset:
        """What the model was built from."""

    @property
    @abstractmethod
    def served(self) -> SavedModel:
        """The model as a SavedModel."""

    @abstractmethod
    def encode(self, split: str) -> Posterior:
        """Encode a split."""

    @abstractmethod
    def decode(self, z: np.ndarray) -> np.ndarray:
        """Decode latents [N, L] to pixels, uint8 [N, H, W, C]."""

    @abstractmethod
    def draw(self, count: int) -> np.ndarray:
        """Draw latents from the prior that the model is best drawn with, float32 [N, L]."""

    @property
    def held_out(self) -> str:
        """The split that nothing was learned from."""
        return "test" if self.dataset.count("test") else "validation"

    @property
    def held_out_images(self) -> np.ndarray:
        """Its images, uint8 [N, H, W, C]."""
        return np.asarray(self.dataset.images[self.dataset.indices(self.held_out)])

    @cached_property
    def posterior(self) -> Posterior:
        """z_mean and z_log_var of the held-out images."""
        return self.encode(self.held_out)

    @cached_property
    def training_means(self) -> np.ndarray:
        """z_mean of the training images, [N, L]."""
        return self.encode("train")[0]

    @cached_property
    def codes(self) -> np.ndarray:
        """What the decoder is given for the held-out images: draws of q(z|x), or z_mean, [N, L]."""
        z_mean, z_log_var = self.posterior
        if not self.preset.stochastic:
            return z_mean
        noise = np.random.default_rng(0).standard_normal(z_mean.shape, np.float32)
        return z_mean + np.exp(0.5 * z_log_var) * noise

    @cached_property
    def extractor(self) -> Extractor:
        """Features of the data set's classifier, on every machine the same kind."""
        return classifier_extractor(self.dataset, cache_dir=self.cache_dir)

    @cached_property
    def judge(self) -> Judge:
        """Who says which attributes an image shows."""
        from .judge import Judge

        return Judge.of(self.dataset, self.cache_dir)


@dataclass(frozen=True)
class TrainedSubject(Subject):
    """A model in memory.

    Attributes:
        vae: The model.
        trained_as: Its preset.
    """

    vae: VAE
    trained_as: Preset

    @property
    def preset(self) -> Preset:
        """What the model was built from."""
        return self.trained_as

    @cached_property
    def served(self) -> SavedModel:
        """The model, exported and loaded again."""
        from ..export.saved_model import export_model

        with TemporaryDirectory() as folder:
            facts = {"preset": self.preset.to_dict()}
            path = export_model(self.vae, Path(folder, self.preset.name), metadata=facts)
            model = SavedModel.open(path)
            model.endpoints  # noqa: B018  reads the weights while they are there
        return model

    def encode(self, split: str) -> Posterior:
        """Encode a split, binarised as the model was trained."""
        from ..export.publishing import encode_images

        how = self.preset.binarization
        return encode_images(self.vae, self.dataset, split, binarization=how)

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Decode latents [N, L] to pixels, uint8 [N, H, W, C]."""
        parts = [self.vae.decode(z[start : start + 500]) for start in range(0, len(z), 500)]
        return np.clip(np.rint(np.concatenate(parts)), 0, 255).astype(np.uint8)

    def draw(self, count: int) -> np.ndarray:
        """Draw from N(0, I), the same for all models of a latent size."""
        return standard_normal(count, self.vae.latent_dim)


@dataclass(frozen=True)
class ServedSubject(Subject):
    """A SavedModel.

    Attributes:
        model: The model.
    """

    model: SavedModel

    @property
    def preset(self) -> Preset:
        """What the model was built from."""
        return self.model.preset

    @property
    def served(self) -> SavedModel:
        """The model itself."""
        return self.model

    def encode(self, split: str) -> Posterior:
        """Encode a split."""
        return self.model.encode_rows(self.dataset, self.dataset.indices(split))

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Decode latents [N, L] to pixels, uint8 [N, H, W, C]."""
        return self.model.decode(z)

    def draw(self, count: int) -> np.ndarray:
        """Draw from the prior that was fitted to the training latents, if there is one."""
        prior = "gmm" if self.model.has_prior("gmm") else "normal"
        return self.model.generate(range(count), prior=prior)[1]


def standard_normal(count: int, latent_dim: int) -> np.ndarray:
    """Draw from N(0, I), float32 [N, L]."""
    return np.random.default_rng(0).standard_normal((count, latent_dim), np.float32)
