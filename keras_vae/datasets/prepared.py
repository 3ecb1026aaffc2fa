"""The cache of prepared images: written once, memory-mapped ever after.

A prepared set is a folder with `images.npy`, `known.npz` (names, partition, attributes, labels) and
`about.json`. It is written under a temporary name and renamed when it is complete, so every folder
with a final name is complete. A lock makes two processes that open the same set share the work;
the system releases it when its process ends, even if the process is killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from .dataset import ImageDataset
from .source import Origin, Progress

if TYPE_CHECKING:
    from filelock import FileLock

VERSION = 1  # raised when the same source would give other pixels
PARTIAL = ".partial"


def cache_folder(cache_dir: str | Path | None = None) -> Path:
    """Return the folder of prepared sets: `cache_dir`, $KVAE_CACHE, or ~/.cache/keras_vae."""
    chosen = cache_dir or os.environ.get("KVAE_CACHE") or Path("~/.cache/keras_vae")
    return Path(chosen).expanduser()


def open_or_prepare(
    name: str,
    origin: Origin,
    *,
    cache_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> ImageDataset:
    """Open a prepared set; prepare it first if the cache does not have it.

    Args:
        name: Of the set.
        origin: Where its originals are, with the size and the channels that they get.
        cache_dir: See `cache_folder`.
        progress: Called with the images done and their total while a set is prepared.

    Returns:
        The data set with its official splits; where there are none, all are training images. Its
        provenance is what `about.json` records, and `prepared`, the folder.

    Raises:
        ValueError: If the originals cannot be prepared; see `decoding.write_images`.
    """
    folder = cache_folder(cache_dir) / _folder_name(name, origin)
    if (dataset := _open(folder)) is not None:
        return dataset
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder):
        if (dataset := _open(folder)) is None:  # no other process has prepared it meanwhile
            _remove_abandoned(folder.parent)
            _prepare(name, origin, folder, progress)
            dataset = _open(folder)
    if dataset is None:
        raise OSError(f"{folder} was prepared and cannot be opened: is something deleting it?")
    return dataset


def list_prepared(cache_dir: str | Path | None = None) -> list[dict[str, Any]]:
    """List the prepared sets: the `about.json` of each, its `folder` and its size in `bytes`."""
    entries = []
    for file in sorted(cache_folder(cache_dir).glob("*/about.json")):
        if file.parent.suffix != PARTIAL:
            size = sum(part.stat().st_size for part in file.parent.iterdir())
            about = json.loads(file.read_text(encoding="utf-8"))
            entries.append({**about, "folder": str(file.parent), "bytes": size})
    return entries


def _folder_name(name: str, origin: Origin) -> str:
    """Name the folder of a set: readable, and different if anything about the set differs."""
    size = "native" if origin.image_size is None else "{}x{}".format(*origin.image_size)
    facts = [VERSION, name, origin.fingerprint(), origin.image_size, origin.channels]
    return f"{name}-{size}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]}"


def _open(folder: Path) -> ImageDataset | None:
    """Open a set; return None if it does not exist or is damaged (for example by a power cut)."""
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        images = np.load(folder / "images.npy", mmap_mode="r")
        with np.load(folder / "known.npz") as arrays:
            known = dict(arrays)
    except (OSError, ValueError, EOFError, BadZipFile):
        return None
    known.setdefault("partition", np.zeros(len(images), np.int8))
    for kind in ("attribute_names", "label_names"):
        known[kind] = tuple(about.pop(kind, ()))
    del about["version"]
    return ImageDataset(
        about["name"], images, provenance={**about, "prepared": str(folder)}, **known
    )


def _prepare(name: str, origin: Origin, folder: Path, progress: Progress | None) -> None:
    """Write a set beside its final name, then rename it. The caller holds the lock of the set."""
    partial = folder.with_name(folder.name + PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        _write(name, origin, partial, progress)
        shutil.rmtree(folder, ignore_errors=True)  # a damaged one
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(name: str, origin: Origin, folder: Path, progress: Progress | None) -> None:
    from .decoding import write_images

    began = time.perf_counter()
    source = origin.read()
    shape, kept, corrupt = write_images(
        source, folder / "images.npy", origin.image_size, origin.channels, progress
    )
    known = {key: getattr(source, key) for key in ("partition", "attributes", "labels")}
    known = {key: array[kept] for key, array in known.items() if array is not None}
    names = np.array([source.name_of(index) for index in kept.tolist()])
    np.savez(folder / "known.npz", names=names, **known)
    about = {
        "name": name,
        "source": origin.description,
        "location": origin.location and str(origin.location.absolute()),
        "images": len(kept),
        "image_shape": shape,
        "attribute_names": source.attribute_names,
        "label_names": source.label_names,
        "missing": source.missing,
        "unlisted": source.unlisted,
        "corrupt": corrupt,
        "seconds": round(time.perf_counter() - began, 3),
        "version": VERSION,
    }
    (folder / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def _lock(folder: Path, timeout: float = -1) -> FileLock:
    """Return the lock of a prepared set; entering it may raise TimeoutError after `timeout` s."""
    from filelock import FileLock

    return FileLock(folder.with_name(f".{folder.name}.lock"), timeout)


def _remove_abandoned(root: Path) -> None:
    """Remove what killed preparations left: the partial folders whose lock nobody holds."""
    for partial in root.glob("*" + PARTIAL):
        with suppress(TimeoutError), _lock(partial.with_suffix(""), timeout=0):
            shutil.rmtree(partial, ignore_errors=True)
