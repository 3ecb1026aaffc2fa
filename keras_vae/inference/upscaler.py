"""An upscaler in this process: images in, larger images out, as NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np

from ..files.exported import METADATA
from ..files.pictures import check_images
from ..files.progress import Progress
from .exported import UPSCALER, ExportedModel

TILE = 128  # pixels of a tile's side; the network then holds 64 channels of (3 · 128)² at a time


@dataclass(frozen=True, repr=False)
class Upscaler(ExportedModel):
    """A super-resolution model that enlarges images by an integer factor.

    Attributes:
        path: The folder of the version.
        metadata: The facts of its `model.json`.

    Example:
        >>> upscaler = keras_vae.load_upscaler("vdsr")
        >>> upscaler.upscale(np.zeros((1, 32, 32, 3), np.uint8)).shape
        (1, 96, 96, 3)
    """

    kind: ClassVar[str] = UPSCALER

    @property
    def factor(self) -> int:
        """Factor by which images are enlarged."""
        return self.metadata["factor"]

    @property
    def reach(self) -> int:
        """Radius of the receptive field, in pixels of the image that is enlarged."""
        return self.metadata["reach"]

    def __repr__(self) -> str:
        return f"<Upscaler {self.name!r}: images {self.factor} times larger>"

    def check_factor(self, factor: int) -> None:
        """Refuse a factor that the network was not trained for.

        Raises:
            ValueError: If it is another factor.
        """
        if factor != self.factor:
            raise ValueError(
                f"`factor` must be {self.factor}, the only one that {self.name!r} was trained for. "
                f"Received: {factor}. Train one with: kvae train-upscaler DATASET --factor {factor}"
            )

    def upscale(self, images: np.ndarray, *, progress: Progress | None = None) -> np.ndarray:
        """Enlarge images of any one size.

        Large images are cut into tiles that overlap by the receptive field, so that no seams are
        visible; small images are enlarged in batches.

        Args:
            images: uint8 [B, H, W, C], C = 1 or 3.
            progress: Called with the number of parts enlarged and their total.

        Returns:
            uint8 [B, H · factor, W · factor, C].

        Raises:
            ValueError: If the images have another shape or type, or `model.json` has another factor
                than the network.
        """
        check_images(images, axes="B, H, W")
        count, height, width, channels = images.shape
        larger = np.empty((count, height * self.factor, width * self.factor, channels), np.uint8)
        together = max(1, TILE**2 // max(1, min(height, TILE) * min(width, TILE)))
        corners = list(
            product(range(0, count, together), range(0, height, TILE), range(0, width, TILE))
        )
        for done, (first, top, left) in enumerate(corners, start=1):
            batch = np.s_[first : first + together]
            place = np.s_[batch, *self._square(top, left)]
            larger[place] = self._upscale_tile(images[batch], top, left)
            if progress:
                progress(done, len(corners))
        return larger

    def _upscale_tile(self, images: np.ndarray, top: int, left: int) -> np.ndarray:
        """Enlarge a tile of images, with the surroundings that it depends on, and cut it out."""
        upper, before = max(0, top - self.reach), max(0, left - self.reach)
        around = images[:, upper : top + TILE + self.reach, before : left + TILE + self.reach]
        larger = self._run("upscale_pixels", {"image": around})["image"]
        count, height, width, channels = around.shape
        if larger.shape != (count, height * self.factor, width * self.factor, channels):
            raise ValueError(
                f"{self.path / METADATA}: `factor` must be that of the SavedModel, which makes "
                f"{larger.shape[1]}×{larger.shape[2]} of {height}×{width} pixels. "
                f"Received: {self.factor}."
            )
        return larger[:, *self._square(top - upper, left - before)]

    def _square(self, top: int, left: int) -> tuple[slice, slice]:
        """Rows and columns of an enlarged tile; NumPy cuts them off at the image's edges."""
        side, top, left = TILE * self.factor, top * self.factor, left * self.factor
        return np.s_[top : top + side, left : left + side]
