"""Inputs of several parts, zip archives or PNG files: a part is mutated, the sums stay right."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Mapping

from . import chunks

Mutate = Callable[[bytes, int], bytes]

RAW = 0.2  # of the mutations go into the archive's own bytes
DEEPEST = 3  # archives in archives


def packed(members: Mapping[str, bytes]) -> bytes:
    """Write an archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """Read an archive; a part that is not one is empty."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = [info for info in archive.infolist() if info.file_size <= 2**20]
            return {info.filename: archive.read(info) for info in infos}
    except Exception:  # zipfile raises many kinds for damaged archives
        return {}


def mutated(content: bytes, size: int, rng: random.Random, mutate: Mutate, depth: int = 0) -> bytes:
    """Mutate a member of an archive, or a chunk of a PNG file, or the input's own bytes.

    Args:
        content: The input.
        size: Most bytes of the result.
        rng: Chooses.
        mutate: Mutates bytes to at most so many.
        depth: Archives around this one.
    """
    if depth >= DEEPEST or rng.random() < RAW:
        return mutate(content, size)
    members, pack = chunks.unpacked(content), chunks.packed
    if not members:
        members, pack = unpacked(content), packed
    if not members:
        return mutate(content, size)
    name = rng.choice(list(members))
    if rng.random() < 0.05:
        del members[name]
    else:
        room = max(1, size - len(content) + len(members[name]))
        members[name] = mutated(members[name], room, rng, mutate, depth + 1)
    return pack(members)[:size]
