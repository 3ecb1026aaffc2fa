"""How images are laid out: as a model gives them, or each upscaled first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from .options import Command
from .progress import progress_bar
from .quiet import load_tensorflow

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from keras_vae.inference.upscaler import Upscaler

UPSCALER = "vdsr"  # one of that name in ./saved_models goes before the one that comes with kvae
UPSCALED_CELL = 192  # pixels of an upscaled image's side: there is more to see in it


@dataclass(frozen=True)
class Sheet:
    """Draws images of a model; those that were upscaled in larger cells.

    Attributes:
        upscaler: What enlarges each image first, in this process; None leaves them as they are.
    """

    upscaler: Upscaler | None

    def bare(self, image: np.ndarray) -> Image:
        """Draw one image [H, W, C] without margins."""
        from keras_vae.files.pictures import enlarge, whole_factor

        [image] = self._upscaled(image[None])
        return enlarge(image, whole_factor(image.shape[:2]))

    def grid(self, images: np.ndarray) -> Image:
        """Lay images [N, H, W, C] out in rows."""
        from keras_vae.files.pictures import grid

        return grid(self._upscaled(images), **self._cell())

    def strip(
        self,
        rows: Sequence[np.ndarray],
        labels: Sequence[str],
        row_labels: Sequence[str] | None = None,
        title: str | None = None,
        **options: Any,
    ) -> Image:
        """Lay rows of images [K, H, W, C] out in labelled columns; see `plotting.strip`."""
        import numpy as np

        from keras_vae.plotting import strip

        rows = self._upscaled(np.stack(rows))
        return strip(rows, labels, row_labels, title, **{**self._cell(), **options})

    def _upscaled(self, images: np.ndarray) -> np.ndarray:
        """Upscale images of any arrangement [..., H, W, C]."""
        if self.upscaler is None:
            return images
        load_tensorflow()
        with progress_bar("Upscaling", "part") as progress:
            larger = self.upscaler.upscale(
                images.reshape(-1, *images.shape[-3:]), progress=progress
            )
        return larger.reshape(*images.shape[:-3], *larger.shape[1:])

    def _cell(self) -> dict[str, int]:
        return {} if self.upscaler is None else {"cell": UPSCALED_CELL}


def upscale_option(command: Command) -> Command:
    """Add --upscale; it reaches the command as `sheet`."""

    @wraps(command)
    def wrapper(*args: Any, upscale: bool, **options: Any) -> Any:
        return command(*args, sheet=Sheet(_open() if upscale else None), **options)

    return click.option(
        "--upscale",
        is_flag=True,
        help=f"Make each image larger with the model {UPSCALER!r} before it is drawn.",
    )(wrapper)


def _open() -> Upscaler:
    from keras_vae.inference.registry import load_upscaler

    return load_upscaler(UPSCALER)
