"""Photos edited in their full size: one file for each photo and n, or an animation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .outputs import Outputs
from .pictures import decode, write_picture

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from keras_vae.model import Model
    from keras_vae.portraits import Portrait

GIF_SIDE = 640  # pixels of an animation's long side: full size would be tens of megabytes


def file_names(out: Path, photos: Sequence[Path], steps: Sequence[float]) -> list[Path]:
    """Name a file for each photo and n: OUT where there is one, else OUT's name with more to it.

    Args:
        out: The file that was asked for.
        photos: The photos.
        steps: Values of n.

    Returns:
        Paths, photo by photo.
    """
    from keras_vae.plotting import number_label

    def name(photo: Path, n: float) -> str:
        parts = [out.stem]
        parts += [photo.stem] if len(photos) > 1 else []
        parts += [number_label(n, "+g").replace("\N{MINUS SIGN}", "-")] if len(steps) > 1 else []
        return "_".join(parts) + out.suffix

    return [out.with_name(name(photo, n)) for photo in photos for n in steps]


@dataclass(frozen=True)
class FullSize:
    """Photos whose faces move along an attribute.

    Attributes:
        model: What decodes them.
        portraits: Faces, those of one photo together.
        z: Where each sets out, [B, L].
        move: What n = 1 adds, [L].
    """

    model: Model
    portraits: Sequence[Portrait]
    z: np.ndarray
    move: np.ndarray

    def write(self, steps: Sequence[float], files: Sequence[Path], overwrite: bool) -> None:
        """Write each photo at each n."""
        targets = iter(files)
        for photo in self.photos:
            for n in steps:
                write_picture(self.edit(photo, n), next(targets), overwrite)

    def write_gif(self, steps: Sequence[float], outputs: Outputs) -> None:
        """Animate a single photo over n."""
        from keras_vae.plotting import sweep

        if len(self.photos) > 1:
            raise click.UsageError("--gif with --full-size takes one photo.")
        frames = [self.edit(self.photos[0], n) for n in sweep(steps)]
        for frame in frames:
            frame.thumbnail((GIF_SIDE, GIF_SIDE))
        outputs.write_gif(frames)

    @cached_property
    def photos(self) -> list[list[int]]:
        """The portraits of each photo, as places in `portraits`."""
        owners = [id(portrait.photo) for portrait in self.portraits]
        return [list(places) for _, places in groupby(range(len(owners)), owners.__getitem__)]

    def edit(self, places: Sequence[int], n: float) -> Image:
        """Edit all faces of a photo together."""
        import numpy as np

        from keras_vae.latents import morph
        from keras_vae.retouching import retouch

        z = self.z[places]
        before, after = decode(self.model, np.stack([z, morph(z, self.move, n)])).astype(np.float32)
        return retouch([self.portraits[place] for place in places], after - before)
