"""An upscaler in this process: images in, larger images out, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np

from .exported import UPSCALER, ExportedModel

TILE = 128  # pixels of a tile's side; the network then holds 64 channels of (3 · 128)² at a time


@dataclass(frozen=True)
class Upscaler(ExportedModel):
    """A super-resolution model that enlarges images by an integer factor."""

    kind: ClassVar[str] = UPSCALER

    @property
    def factor(self) -> int:
        """Factor by which images are enlarged."""
        return self.metadata["factor"]

    @property
    def reach(self) -> int:
        """Radius of the receptive field, in pixels of the image that is enlarged."""
        return self.metadata["reach"]

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

    def upscale(
        self, images: np.ndarray, *, progress: Callable[[int, int], None] | None = None
    ) -> np.ndarray:
        """Enlarge images of any one size.

        Large images are cut into tiles that overlap by the receptive field, so that no seams are
        visible; small images are enlarged in batches.

        Args:
            images: uint8 [B, H, W, C], C = 1 or 3.
            progress: Called with the number of parts enlarged and their total.

        Returns:
            uint8 [B, H · factor, W · factor, C].

        Raises:
            ValueError: If the images have another shape or type.
        """
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
            raise ValueError(
                "`images` must be uint8 [B, H, W, C] with 1 or 3 channels. "
                f"Received: {images.dtype} of shape {list(images.shape)}."
            )
        count, height, width, channels = images.shape
        larger = np.empty((count, height * self.factor, width * self.factor, channels), np.uint8)
        parts = list(_parts(count, height, width))
        for done, (batch, rows, columns) in enumerate(parts, start=1):
            place = np.s_[batch, _scaled(rows, self.factor), _scaled(columns, self.factor)]
            larger[place] = self._upscale_tile(images[batch], rows, columns)
            if progress:
                progress(done, len(parts))
        return larger

    def _upscale_tile(self, images: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
        """Enlarge a part of images, with the surroundings that it depends on, and cut it out."""
        around = [
            slice(max(0, part.start - self.reach), part.stop + self.reach)
            for part in (rows, columns)
        ]
        inner = [
            slice(part.start - wider.start, part.stop - wider.start)
            for part, wider in zip((rows, columns), around, strict=True)
        ]
        larger = self._run("upscale_pixels", {"image": images[:, *around]})["image"]
        return larger[:, *(_scaled(part, self.factor) for part in inner)]


def _parts(count: int, height: int, width: int) -> Iterator[tuple[slice, slice, slice]]:
    """Cut images into parts of about a tile's area: images, rows, columns."""
    together = max(1, TILE**2 // max(1, min(height, TILE) * min(width, TILE)))
    return product(_slices(count, together), _slices(height, TILE), _slices(width, TILE))


def _slices(length: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, length)) for start in range(0, length, step)]


def _scaled(part: slice, factor: int) -> slice:
    return slice(part.start * factor, part.stop * factor)
