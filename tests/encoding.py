"""Images as the bytes of a file."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def encoded(image, kind="PNG", **options):
    """Encode an image; the options are those of Pillow's writer."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def encode_png(pixels):
    """Encode uint8 pixels [H, W, C] (C = 1 or 3) as PNG."""
    return encoded(Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels))


def encode_deep_png(pixels, transparent=()):
    """Encode pixels [H, W] or [H, W, 3] as PNG of 16 bits, which Pillow cannot write of colours."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in np.asarray(pixels))
    options = {"bits": 16, "colours": 2 * (pixels.ndim == 3), "transparent": transparent}
    return png_file(pixels.shape[1], pixels.shape[0], rows=rows, **options)


def png_file(width, height, *, bits=8, colours=0, rows=b"", transparent=()):
    """Write a PNG file that states a size, and a transparent colour; its rows may be missing."""

    def chunk(kind, content):
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    if transparent:
        parts.insert(1, (b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
