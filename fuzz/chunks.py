"""PNG files by their chunks: mutations go into a chunk, and the sums stay right."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def packed(chunks: Mapping[str, bytes]) -> bytes:
    """Write a file of chunks, whose names begin with their type."""
    parts = [SIGNATURE]
    for name, data in chunks.items():
        body = name[:4].encode("latin1") + data
        parts.append(struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body)))
    return b"".join(parts)


def unpacked(content: bytes) -> dict[str, bytes]:
    """Read the chunks of a file, each named by its type and its number; none of other files."""
    chunks: dict[str, bytes] = {}
    position = len(SIGNATURE)
    while content.startswith(SIGNATURE) and len(content) >= position + 12:
        size = int.from_bytes(content[position : position + 4], "big")
        name = content[position + 4 : position + 8].decode("latin1")
        chunks[f"{name}{len(chunks)}"] = content[position + 8 : position + 8 + size]
        position += 12 + size
    return chunks
