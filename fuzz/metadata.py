"""What a photo holds beside its pixels: EXIF, and the color profile, which pictures keep."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from PIL import Image, ImageCms

from keras_vae.files.photos import open_photo
from keras_vae.files.pictures import save

from . import scratch
from .members import packed, unpacked
from .photo import encoded

HAS_MEMBERS = True
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")


def seeds() -> Iterator[bytes]:
    """Yield the blocks that cameras and editors write."""
    exif = Image.Exif()
    exif[274], exif[271], exif[282] = 6, "maker", 72.0
    exif.get_ifd(34665)[36867] = "2026:01:01 00:00:00"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey = profile[:16] + b"GRAY" + profile[20:]
    for format, icc in product(range(len(FORMATS)), (profile, grey, b"")):
        yield packed({"format": bytes([format]), "exif": exif.tobytes(), "icc": icc})


def read(content: bytes) -> None:
    """Open a photo with these blocks, and save it."""
    blocks = unpacked(content)
    format = FORMATS[sum(blocks.get("format", b"")) % len(FORMATS)]
    image = Image.new("RGB", (8, 12), "olive")
    try:
        photo = encoded(image, format, exif=blocks.get("exif"), icc_profile=blocks.get("icc"))
    except Exception:  # Pillow does not write it
        return
    opened = open_photo(photo)
    for suffix in (".png", ".jpg"):
        save(opened, scratch.folder() / f"saved{suffix}", overwrite=True)
