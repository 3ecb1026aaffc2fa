"""Bytes of a photo, in each format that is read."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from keras_vae.files.photos import open_photo, prepare

HAS_MEMBERS = True
NAME = "the given bytes"
MAX_PIXELS = 10**6  # the default takes a second for each blank image of that size


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """Encode an image; the options are those of Pillow's writer."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def seeds() -> Iterator[bytes]:
    """Yield small photos of each format, mode and compression."""
    grey = (6 * np.indices((24, 20)).sum(axis=0)).astype(np.uint8)
    colour = np.stack([grey, grey[::-1], 255 - grey], axis=-1)
    image, later = Image.fromarray(colour), Image.fromarray(255 - colour)
    exif = Image.Exif()
    exif[274], exif[270] = 6, "a description"
    for kind in ("JPEG", "PNG", "WEBP"):
        yield encoded(image, kind, exif=exif)
    for kind in ("AVIF", "GIF", "BMP", "TIFF", "PPM"):
        yield encoded(image, kind)
    for compression in ("tiff_lzw", "jpeg", "tiff_deflate", "group4"):
        bits = Image.fromarray(grey > 100) if compression == "group4" else image
        yield encoded(bits, "TIFF", compression=compression)
    yield encoded(image, "GIF", save_all=True, append_images=[later])
    yield encoded(image, "TIFF", save_all=True, append_images=[later], compression="tiff_lzw")
    yield encoded(image, "WEBP", save_all=True, append_images=[later])
    yield encoded(image, "PNG", save_all=True, append_images=[later])
    yield encoded(image, "MPO", save_all=True, append_images=[later])
    yield encoded(image, "JPEG", progressive=True)
    yield encoded(image.convert("CMYK"), "JPEG")
    yield encoded(image.convert("P"), "PNG", transparency=0)
    yield encoded(image.convert("LA"), "PNG")
    yield encoded(Image.fromarray(grey.astype(np.float32)), "TIFF")
    yield encoded(Image.fromarray(grey.astype(np.int32)), "TIFF", compression="tiff_deflate")
    yield encoded(Image.fromarray(grey.astype(np.uint16) << 8), "PNG")
    yield encoded(Image.fromarray(grey.astype(np.uint16) << 8), "PPM")


def read(content: bytes) -> None:
    """Decode the photo, and convert it to a network's pixels."""
    prepare(open_photo(content, MAX_PIXELS), (16, 16))
