"""The model that a cell measures: one that was just trained, or an exported one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from ..datasets import ImageDataset
from ..datasets.classifiers import PREPROCESSING, find_classifier
from ..evaluation.extractors import Extractor, classifier_extractor
from ..inference.saved_model import SavedModel
from ..latent_space.arithmetic import sample_posterior
from ..presets import Preset

if TYPE_CHECKING:
    import keras

    from ..models.vae import VAE

BATCH = 500  # latents that are decoded at once

Posterior = tuple[np.ndarray, np.ndarray]  # z_mean and z_log_var, float32 [N, L]


@dataclass(frozen=True)
class EvaluatedModel:
    """A model, and the images that it is measured on.

    Attributes:
        dataset: The images.
        preset: The preset that the model was trained with.
        served: The model as a SavedModel.
        encode: Encodes the images of a split.
        decode: Decodes latents [N, L] to pixels, uint8 [N, H, W, C].
        sample: Samples N latents from the model's best prior, float32 [N, L].
    """

    dataset: ImageDataset

    @property
    def held_out(self) -> str:
        """The split that the model was not trained on."""
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
    def latents(self) -> np.ndarray:
        """Z of the held-out images, [N, L]: a sample of q(z|x), or z_mean of an autoencoder."""
        z_mean, z_log_var = self.posterior
        if not self.preset.stochastic:
            return z_mean
        return sample_posterior(z_mean, z_log_var)

    @cached_property
    def extractor(self) -> Extractor:
        """Features of a classifier of the data set, which every machine can train."""
        return classifier_extractor(self.dataset)

    @cached_property
    def classifier(self) -> keras.Model:
        """The classifier of the data set's attributes; the first time, it is trained."""
        return find_classifier(self.dataset)

    def probability(self, images: np.ndarray, name: str) -> np.ndarray:
        """Probability of an attribute, by the classifier of the data set's attributes.

        Args:
            images: uint8 [N, H, W, C].
            name: The attribute.

        Returns:
            [N], in [0, 1].
        """
        inputs = np.asarray(PREPROCESSING(images))
        logits = self.classifier.predict(inputs, batch_size=250, verbose=0)
        column = self.dataset.attribute_names.index(name)
        return 1.0 / (1.0 + np.exp(-logits[:, column].astype(np.float64)))


@dataclass(frozen=True)
class TrainedModel(EvaluatedModel):
    """A model in memory.

    Attributes:
        vae: The model.
        preset: See `EvaluatedModel`.
    """

    vae: VAE
    preset: Preset

    @cached_property
    def served(self) -> SavedModel:
        """The model, exported and loaded again."""
        from ..export.saved_model import export_model

        with TemporaryDirectory() as folder:
            facts = {"preset": self.preset.to_dict()}
            path = export_model(self.vae, Path(folder, self.preset.name), metadata=facts)
            model = SavedModel.open(path)
            model.endpoints  # noqa: B018  reads the weights before the folder is removed
        return model

    def encode(self, split: str) -> Posterior:
        """Encode the images of a split, binarized as in the training."""
        from ..export.publishing import encode_images

        how = self.preset.binarization
        return encode_images(self.vae, self.dataset, split, binarization=how)

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Decode latents [N, L] to pixels, uint8 [N, H, W, C]."""
        parts = [self.vae.decode(z[start : start + BATCH]) for start in range(0, len(z), BATCH)]
        return np.concatenate(parts)

    def sample(self, count: int) -> np.ndarray:
        """Sample latents from N(0, I)."""
        return standard_normal(count, self.preset.latent_dim)


@dataclass(frozen=True)
class ExportedModel(EvaluatedModel):
    """A SavedModel.

    Attributes:
        served: The model.
    """

    served: SavedModel

    @property
    def preset(self) -> Preset:
        """See `EvaluatedModel`."""
        return self.served.preset

    def encode(self, split: str) -> Posterior:
        """Encode the images of a split."""
        return self.served.encode_rows(self.dataset, self.dataset.indices(split))

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Decode latents [N, L] to pixels, uint8 [N, H, W, C]."""
        return self.served.decode(z)

    def sample(self, count: int) -> np.ndarray:
        """Sample latents from the prior fitted to the training latents, if there is one."""
        return self.served.sample(range(count)).z


def standard_normal(count: int, latent_dim: int) -> np.ndarray:
    """Sample N(0, I), float32 [N, L]: the same samples for all models of a latent size."""
    return np.random.default_rng(0).standard_normal((count, latent_dim), np.float32)
