"""The same networks as PyTorch modules, for `pytorch.py` and `pythae_trainer.py`."""

from __future__ import annotations

import torch
from torch import nn

from .task import Task


class Encoder(nn.Module):
    """Images to z_mean and z_log_var."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        if task.convolutional:
            blocks = [_down(3 if n == 0 else 128) for n in range(4)]
            self.body, width = nn.Sequential(*blocks, nn.Flatten()), 128 * 2 * 2
        else:
            (width,) = task.preset.network.hidden
            self.body = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, width), nn.ReLU())
        self.mean = nn.Linear(width, task.preset.latent_dim)
        self.log_var = nn.Linear(width, task.preset.latent_dim)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode."""
        features = self.body(images)
        return self.mean(features), self.log_var(features)


class Decoder(nn.Module):
    """z to images, or to logits where pixels are Bernoulli."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        latent_dim = task.preset.latent_dim
        if task.convolutional:
            start = nn.Sequential(
                nn.Linear(latent_dim, 512), nn.BatchNorm1d(512), nn.LeakyReLU(0.3)
            )
            last = nn.ConvTranspose2d(128, 3, 3, padding=1)
            blocks = [_up() for _ in range(4)]
            self.body = nn.Sequential(
                start, nn.Unflatten(1, (128, 2, 2)), *blocks, last, nn.Sigmoid()
            )
        else:
            (width,) = task.preset.network.hidden
            layers = (nn.Linear(latent_dim, width), nn.ReLU(), nn.Linear(width, 28 * 28))
            self.body = nn.Sequential(*layers, nn.Unflatten(1, (1, 28, 28)))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Decode."""
        return self.body(z)


def tensor_of(task: Task) -> torch.Tensor:
    """The images as PyTorch lays them out, uint8 [N, C, H, W]."""
    return torch.from_numpy(task.images).permute(0, 3, 1, 2).contiguous()


def _down(channels: int) -> nn.Module:
    layer = nn.Conv2d(channels, 128, 3, stride=2, padding=1)
    return nn.Sequential(layer, nn.BatchNorm2d(128), nn.LeakyReLU(0.3))


def _up() -> nn.Module:
    layer = nn.ConvTranspose2d(128, 128, 3, stride=2, padding=1, output_padding=1)
    return nn.Sequential(layer, nn.BatchNorm2d(128), nn.LeakyReLU(0.3))
