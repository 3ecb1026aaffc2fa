"""How images of a model are laid out: in their own size, or upscaled first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .command import collected, option
from .progress import progress_bar
from .quiet import load_tensorflow

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from keras_vae.files.progress import Progress
    from keras_vae.inference.upscaler import Upscaler

UPSCALER = "vdsr"  # a model of this name in ./saved_models takes precedence over the shipped one
UPSCALED_CELL = 192  # pixels of an upscaled image's side in a layout


@dataclass(frozen=True)
class Layout:
    """Lays out images of a model; upscaled images in larger cells.

    Attributes:
        upscale: Upscale each image with the model vdsr before it is laid out.
    """

    upscale: bool

    def single(self, image: np.ndarray) -> Image:
        """Lay out one image [H, W, C] without margins."""
        from keras_vae.files.pictures import enlarge, whole_factor

        [image] = self._upscaled_under_bar(image[None])
        return enlarge(image, whole_factor(image.shape[:2]))

    def grid(self, images: np.ndarray) -> Image:
        """Lay out images [N, H, W, C] as a grid."""
        from keras_vae.files.pictures import grid

        return grid(self._upscaled_under_bar(images), **self._cell)

    def strip(
        self,
        rows: Sequence[np.ndarray],
        labels: Sequence[str],
        row_labels: Sequence[str] | None = None,
        title: str | None = None,
        **options: Any,
    ) -> Image:
        """Lay out rows of images [K, H, W, C] in labelled columns; see `plotting.strip`."""
        import numpy as np

        from keras_vae.plotting import strip

        rows = self._upscaled_under_bar(np.stack(rows))
        return strip(rows, labels, row_labels, title, **{**self._cell, **options})

    @cached_property
    def _upscaler(self) -> Upscaler:
        from keras_vae.inference.registry import load_upscaler

        return load_upscaler(UPSCALER)

    @property
    def _cell(self) -> dict[str, int]:
        return {"cell": UPSCALED_CELL} if self.upscale else {}

    def upscaled(self, images: np.ndarray, progress: Progress | None = None) -> np.ndarray:
        """Upscale images of any arrangement [..., H, W, C], if that was asked for."""
        if not self.upscale:
            return images
        upscaler = self._upscaler
        if upscaler.needs_tensorflow:
            load_tensorflow()
        larger = upscaler.upscale(images.reshape(-1, *images.shape[-3:]), progress=progress)
        return larger.reshape(*images.shape[:-3], *larger.shape[1:])

    def _upscaled_under_bar(self, images: np.ndarray) -> np.ndarray:
        with progress_bar("Upscaling", "part") as progress:
            return self.upscaled(images, progress)


upscale_option = collected(Layout, "layout", "Output", option("--upscale", is_flag=True))
