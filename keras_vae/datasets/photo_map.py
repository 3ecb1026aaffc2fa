"""Photos changed before they are prepared, such as by the alignment of faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from ..files.jobs import Row, read_ahead
from .decoding import in_bytes, open_payload
from .source import LeftOut, Origin, Payload, Source


@dataclass(frozen=True)
class PhotoMap:
    """A function of photos, which is applied to each image of a set.

    Attributes:
        name: What it does, such as "faces aligned"; part of the set's description.
        function: Maps an upright RGB photo, and five landmarks of its face [5, 2] where a list has
            them, to another photo; a ValueError leaves the photo out.
        left_out: What such photos are, such as "without a face".
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
            read=lambda: self._mapped(origin.read()),
            image_size=self.image_size,
        )

    def _mapped(self, source: Source) -> Source:
        return replace(source, payloads=lambda: self._payloads(source))

    def _payloads(self, source: Source) -> Iterator[Payload]:
        """Yield the changed photos; several are changed at the same time."""

        def read(name: str, given: tuple[int, Payload]) -> list[Row]:
            index, payload = given
            photo = open_payload(payload).convert("RGB")
            try:
                return [{"pixels": np.asarray(self.function(photo, _points(source, index)))}]
            except ValueError as error:
                raise LeftOut(self.left_out) from error

        inputs = enumerate(in_bytes(source).payloads())
        named = ((source.name_of(index), (index, payload)) for index, payload in inputs)
        for _, result in read_ahead(named, read):
            yield result if isinstance(result, Exception) else result[0]["pixels"]


def _points(source: Source, index: int) -> np.ndarray | None:
    """Return the landmarks of a photo, if they are known."""
    if source.landmarks is None or np.isnan(source.landmarks[index]).any():
        return None
    return source.landmarks[index]
