"""The cache of prepared images: written once, memory-mapped ever after.

A prepared set is a folder with `images.npy`, `known.npz` (partition, attributes, labels) and
`about.json`. It is written under another name and renamed when it is whole, so that whatever bears
the final name is finished. A lock makes two processes that want the same set share the work; it
goes with the process that holds it, even if that is killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from .source import Origin, Progress, Source

VERSION = 1  # counts up when the same source would give other pixels
PARTIAL = ".partial"


@dataclass(frozen=True, eq=False)
class Recipe:
    """What a prepared set is made from, and how.

    Attributes:
        name: Of the set.
        origin: Where its originals are.
        image_size: Height and width; None for those that all images of a folder have.
        channels: 1 or 3.
    """

    name: str
    origin: Origin
    image_size: tuple[int, int] | None
    channels: int

    def key(self) -> str:
        """Name the folder of the set: readable, and another if anything about the set differs."""
        size = "native" if self.image_size is None else "{}x{}".format(*self.image_size)
        what = [VERSION, self.name, self.origin.fingerprint(), self.image_size, self.channels]
        return f"{self.name}-{size}-{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:12]}"


@dataclass(frozen=True, eq=False)
class Prepared:
    """A prepared set, opened.

    Attributes:
        folder: Where it lies.
        images: uint8 [N, H, W, C], memory-mapped.
        known: The arrays `partition`, `attributes` and `labels`, as far as there are any.
        about: JSON values: name, source, shape, missing, corrupt, seconds it took, and more.
    """

    folder: Path
    images: np.ndarray
    known: dict[str, np.ndarray]
    about: dict[str, Any]


def cache_folder(cache_dir: str | Path | None = None) -> Path:
    """Return the folder of prepared sets: `cache_dir`, $KVAE_CACHE, or ~/.cache/keras_vae."""
    chosen = cache_dir or os.environ.get("KVAE_CACHE") or Path("~/.cache/keras_vae")
    return Path(chosen).expanduser()


def open_or_prepare(
    recipe: Recipe, cache_dir: str | Path | None = None, progress: Progress | None = None
) -> Prepared:
    """Open a prepared set, after preparing it if it is not there.

    Args:
        recipe: What to prepare.
        cache_dir: See `cache_folder`.
        progress: Called with images done and their total, if there is anything to do.

    Raises:
        ValueError: If the originals cannot be prepared; see `decoding.write_images`.
    """
    root = cache_folder(cache_dir)
    folder = root / recipe.key()
    if (prepared := _opened(folder)) is not None:
        return prepared
    root.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        prepared = _opened(folder)  # another process may have prepared it while this one waited
        if prepared is None:
            _remove_abandoned(root)
            _prepare(recipe, folder, progress)
            prepared = _opened(folder)
    if prepared is None:
        raise OSError(f"{folder} was prepared and cannot be opened: is something deleting it?")
    return prepared


def list_prepared(cache_dir: str | Path | None = None) -> list[dict[str, Any]]:
    """List the prepared sets: each one's `about.json`, and its `folder` and size in `bytes`."""
    entries = []
    for file in sorted(cache_folder(cache_dir).glob("*/about.json")):
        if file.parent.suffix != PARTIAL:
            size = sum(part.stat().st_size for part in file.parent.iterdir())
            about = json.loads(file.read_text(encoding="utf-8"))
            entries.append({**about, "folder": str(file.parent), "bytes": size})
    return entries


def _opened(folder: Path) -> Prepared | None:
    """Open a set, or return None if it is not there or not whole (after a power cut, say)."""
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        images = np.load(folder / "images.npy", mmap_mode="r")
        with np.load(folder / "known.npz") as arrays:
            known = {key: arrays[key] for key in arrays.files}
    except (OSError, ValueError, EOFError, BadZipFile):
        return None
    return Prepared(folder, images, known, about)


def _prepare(recipe: Recipe, folder: Path, progress: Progress | None) -> None:
    """Write a set beside its final name, then rename it. The caller holds the set's lock."""
    partial = folder.with_name(folder.name + PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        _write(recipe, partial, progress)
        shutil.rmtree(folder, ignore_errors=True)  # what lies there could not be opened
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _write(recipe: Recipe, folder: Path, progress: Progress | None) -> None:
    from .decoding import write_images

    began = time.perf_counter()
    source = recipe.origin.read()
    images = folder / "images.npy"
    kept, corrupt = write_images(source, images, recipe.image_size, recipe.channels, progress)
    np.savez(folder / "known.npz", **_known(source, kept))
    location = recipe.origin.location
    about = {
        "name": recipe.name,
        "source": recipe.origin.description,
        "location": None if location is None else str(location.absolute()),
        "images": len(kept),
        "image_shape": list(np.load(images, mmap_mode="r").shape[1:]),
        "attribute_names": list(source.attribute_names),
        "missing": source.missing,
        "unlisted": source.unlisted,
        "corrupt": corrupt,
        "seconds": round(time.perf_counter() - began, 3),
        "version": VERSION,
    }
    (folder / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def _known(source: Source, kept: np.ndarray) -> dict[str, np.ndarray]:
    arrays = {
        "partition": source.partition,
        "attributes": source.attributes,
        "labels": source.labels,
    }
    return {key: array[kept] for key, array in arrays.items() if array is not None}


@contextmanager
def _locked(folder: Path, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a prepared set; BlockingIOError if another has it and `wait` is false."""
    import fcntl

    with folder.with_name(f".{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def _remove_abandoned(root: Path) -> None:
    """Remove what killed preparations left: the partial folders whose lock nobody holds."""
    for partial in root.glob("*" + PARTIAL):
        with suppress(BlockingIOError), _locked(partial.with_suffix(""), wait=False):
            shutil.rmtree(partial, ignore_errors=True)
