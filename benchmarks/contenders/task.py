"""The task of every contender: images, sizes, batch size, learning rate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_vae.presets import Preset, get_preset

BATCH = 128


@dataclass(frozen=True)
class Task:
    """A network to train.

    Attributes:
        name: Name of the preset.
        images: uint8 [N, H, W, C]; N is a multiple of the batch.
    """

    name: str
    images: np.ndarray

    @classmethod
    def read(cls, name: str, path: Path) -> Task:
        """Read the images of an .npy file."""
        return cls(name, np.load(path))

    @property
    def preset(self) -> Preset:
        """Network and sizes, with the batch that all share."""
        return get_preset(self.name).override(batch_size=BATCH)

    @property
    def convolutional(self) -> bool:
        """Whether it is the book's network for faces; otherwise one dense layer each way."""
        return self.name == "celeba"

    @property
    def operations(self) -> int:
        """Floating-point operations of a training step per image: forward, and twice backward."""
        return 6 * self.preset.network.build(self.preset).multiply_adds()
