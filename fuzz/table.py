"""A table of pixels as CSV: as a data set."""

from __future__ import annotations

from collections.abc import Iterator

from keras_vae.datasets import pixel_csv

from . import scratch

NAME = "set.csv"


def seeds() -> Iterator[bytes]:
    """Yield a pixel in each column, and all pixels in one."""
    pixels = [str(9 * number) for number in range(16)]
    yield ("label," + ",".join(pixels) + "\n1," + ",".join(pixels)).encode()
    header = [f"p{pixel}" for pixel in pixels]
    rows = [*header, "id", "usage", "y"], [*pixels, "7", "test", "1"]
    yield "\n".join(map(",".join, rows)).encode()
    yield ("emotion,pixels,Usage\n1," + " ".join(pixels) + ",Training\n").encode()


def read(content: bytes) -> None:
    """Read every image."""
    origin = pixel_csv.find(scratch.written(NAME, content), "set")
    if origin is not None:
        for _ in origin.read().payloads():
            pass
