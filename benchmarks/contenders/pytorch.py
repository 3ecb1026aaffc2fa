"""The same network in PyTorch, optimized: channels-last, autocast, compiled."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import torch
from torch import nn
from torch.nn import functional

from .networks import Decoder, Encoder, tensor_of
from .task import BATCH, Task


class TorchVAE(nn.Module):
    """Images to the loss of a batch."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(task), Decoder(task)
        self.bernoulli = not task.convolutional

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """−ELBO, weighted as in `plain_keras`."""
        mean, log_var = self.encoder(images)
        mean, log_var = mean.float(), log_var.float()
        decoded = self.decoder(mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)).float()
        if self.bernoulli:
            loss = functional.binary_cross_entropy_with_logits(decoded, images, reduction="sum")
            loss = loss / len(images)
        else:
            loss = 2000.0 * functional.mse_loss(decoded, images)
        kl = -0.5 * (1 + log_var - mean.square() - log_var.exp())
        return loss + kl.sum(dim=1).mean()


def prepare(task: Task, variant: str) -> Callable[[], int]:
    """Build the model; batches are slices of one tensor, which is faster than a DataLoader."""
    precision, _, compiled = variant.partition(" ")
    model = TorchVAE(task).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=task.preset.learning_rate, fused=True)
    loss_of = torch.compile(model) if compiled else model
    data = tensor_of(task)

    def step(images: torch.Tensor) -> None:
        images = images.to(memory_format=torch.channels_last).float() / 255.0
        with torch.autocast("cpu", torch.bfloat16) if precision == "bfloat16" else nullcontext():
            loss = loss_of(images)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    def train() -> int:
        for rows in torch.randperm(len(data)).split(BATCH):
            step(data[rows])
        return len(data)

    return train
