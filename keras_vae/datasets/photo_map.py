"""Photos changed before they are prepared, such as by the alignment of faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from .source import Origin


@dataclass(frozen=True)
class PhotoMap:
    """A function of photos, which is applied to each image of a set after it is decoded.

    Attributes:
        name: What it does, such as "faces aligned"; part of the set's description.
        function: Maps an upright RGB photo, and five landmarks of its face [5, 2] where a list has
            them, to another photo; a ValueError leaves the photo out, with landmarks as damaged.
        left_out: What such photos without landmarks are, such as "without a face".
        image_size: Height and width that the results are prepared to by default.
    """

    name: str
    function: Callable[[Image.Image, np.ndarray | None], Image.Image]
    left_out: str
    image_size: tuple[int, int]

    def __call__(self, origin: Origin) -> Origin:
        """Return an origin of the changed photos. Nothing is read yet."""
        return replace(
            origin,
            description=f"{origin.description}, {self.name}",
            read=lambda: replace(origin.read(), photo_map=self),
            image_size=self.image_size,
        )
