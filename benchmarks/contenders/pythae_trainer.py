"""The same network in pythae, with its trainer."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig

from .networks import Decoder, Encoder, tensor_of
from .task import BATCH, Task


class PythaeEncoder(BaseEncoder):
    """`networks.Encoder`, with the interface of pythae."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.network = Encoder(task)

    def forward(self, images: torch.Tensor) -> ModelOutput:
        """Encode."""
        mean, log_var = self.network(images)
        return ModelOutput(embedding=mean, log_covariance=log_var)


class PythaeDecoder(BaseDecoder):
    """`networks.Decoder`, with the interface of pythae."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.network, self.bernoulli = Decoder(task), not task.convolutional

    def forward(self, z: torch.Tensor) -> ModelOutput:
        """Decode."""
        decoded = self.network(z)
        return ModelOutput(reconstruction=torch.sigmoid(decoded) if self.bernoulli else decoded)


def prepare(task: Task, variant: str) -> Callable[[], int]:
    """Build model and trainer; a chunk is one epoch of its loop."""
    logging.disable(logging.WARNING)
    data = tensor_of(task).float() / 255.0
    config = VAEConfig(
        input_dim=tuple(data.shape[1:]),
        latent_dim=task.preset.latent_dim,
        reconstruction_loss="mse" if task.convolutional else "bce",
    )
    model = VAE(config, encoder=PythaeEncoder(task), decoder=PythaeDecoder(task))
    settings = BaseTrainerConfig(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=BATCH,
        learning_rate=task.preset.learning_rate,
        no_cuda=True,
    )
    trainer = BaseTrainer(
        model, BaseDataset(data, torch.zeros(len(data))), training_config=settings
    )
    trainer.prepare_training()
    epochs = iter(range(1, 1_000_000))

    def train() -> int:
        trainer.train_step(next(epochs))
        return len(data)

    return train
