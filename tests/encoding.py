"""Images as the bytes of a file."""

import io

from PIL import Image


def encoded(image, kind="PNG", **options):
    """Encode an image; the options are those of Pillow's writer."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def encode_png(pixels):
    """Encode uint8 pixels [H, W, C] (C = 1 or 3) as PNG."""
    return encoded(Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels))
