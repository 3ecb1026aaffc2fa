"""The cache of prepared images: written once, memory-mapped ever after.

A prepared set is a folder with `images.npy`, `known.npz` (names, partition, attributes, labels) and
`about.json`. It is written under a temporary name and renamed when it is complete, so every folder
with a final name is complete. A lock makes two processes that open the same set share the work;
the system releases it when its process ends, even if the process is killed. The folder of the cache
may hold anything else: only what has such a name and no other file is removed.

Shape, type, sizes, a digest of some blocks and one of `about.json` are checked whenever a set is
opened: a damaged one is prepared again. `verify_prepared` reads every byte.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files.limits import MAX_PIXELS
from ..files.naming import first_line, printable
from ..files.progress import Progress
from .dataset import ImageDataset
from .source import Origin

if TYPE_CHECKING:
    from filelock import FileLock

logger = logging.getLogger(__name__)

VERSION = 3  # raised when the same source would give other pixels, or other files
FORMER = "%s is of an older version of kvae: the set is prepared again; this folder can be removed"
PARTIAL = ".partial"
IMAGES, KNOWN, ABOUT = FILES = ("images.npy", "known.npz", "about.json")
LONGEST = 255 - len(PARTIAL)  # bytes of a name, as file systems limit it
_NAME = re.compile(r".+-(native|\d+x\d+)-[0-9a-f]{12}", re.DOTALL)  # see `_folder_name`
# What a list of prepared sets shows of each.
_SHOWN: dict[str, Any] = {
    "name": str,
    "images": int,
    "image_shape": list,
    "source": str,
    "location": str | None,
}
BLOCKS, BLOCK = 64, 4096  # of the images' file, in the digest that is checked at each opening
READ = 2**22  # bytes at a time


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
    max_pixels: int = MAX_PIXELS,
) -> ImageDataset:
    """Open a prepared set; prepare it first if the cache does not have it.

    Args:
        name: Of the set.
        origin: Where its originals are, with the size and the channels that they get.
        cache_dir: See `cache_folder`.
        progress: Called with the images done and their total while a set is prepared.
        max_pixels: Most pixels of an image.

    Returns:
        The data set with its official splits; where there are none, all are training images. Its
        provenance is what `about.json` records, and `prepared`, the folder.

    Raises:
        ValueError: If the originals cannot be prepared; see `decoding.write_images`.
        OSError: If the prepared images cannot be written; the message names the folder.
    """
    folder = cache_folder(cache_dir) / _folder_name(name, origin, max_pixels)
    if (dataset := _open(folder)) is not None:
        return dataset
    with _named_folder(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _lock(folder):
            if (dataset := _open(folder)) is None:  # no other process has prepared it meanwhile
                _remove_abandoned(folder.parent)
                former = folder.with_name(_folder_name(name, origin, max_pixels, VERSION - 1))
                if former.exists():
                    logger.warning(FORMER, former)
                _prepare(name, origin, folder, progress, max_pixels)
                dataset = _open(folder)
    if dataset is None:
        raise OSError(f"{folder} was prepared and cannot be opened: is something deleting it?")
    return dataset


def list_prepared(cache_dir: str | Path | None = None) -> list[dict[str, Any]]:
    """List the prepared sets: the `about.json` of each, its `folder` and its size in `bytes`.

    `usable` is false for those that another version of kvae prepared. Damaged ones are left out,
    and named in a warning.
    """
    entries = []
    for folder in _folders(cache_dir):
        try:
            about = _read_about(folder)
            size = sum(part.stat().st_size for part in folder.iterdir())
            facts = {"folder": str(folder), "bytes": size, "usable": _is_usable(about)}
            entries.append({**about, **facts})
        except Exception as error:  # as in `_open`
            logger.warning("%s is damaged: %s", folder, first_line(error))
    return entries


def verify_prepared(cache_dir: str | Path | None = None) -> Iterator[tuple[Path, str | None]]:
    """Read every byte of the prepared sets, and remove those that are damaged.

    Yields:
        The folder of a set, and what is wrong with it: "" if nothing is; None if another version of
        kvae prepared it: it is not read. A damaged one no longer exists, unless it cannot be
        removed.
    """
    for folder in _folders(cache_dir):
        problem = _problem(folder)
        if problem:
            with suppress(OSError), _lock(folder):  # of a read-only folder
                problem = _problem(folder)  # another process may have prepared it again
                if problem:
                    _remove(folder)
        yield folder, problem


def _problem(folder: Path) -> str | None:
    """Read every byte of a set: what is wrong with it; None if it is of another version."""
    try:
        about = _read_about(folder)
        if not _is_usable(about):
            return None
        return _damage(folder, about, thorough=True)
    except Exception as error:  # as in `_open`
        return first_line(error)


def _read_about(folder: Path) -> dict[str, Any]:
    """Read what `about.json` says of a set.

    Raises:
        Exception: Of any kind, if it is damaged.
    """
    about = {**json.loads((folder / ABOUT).read_text(encoding="utf-8"))}
    for key, kind in _SHOWN.items():
        if not isinstance(about.get(key, ...), kind):
            raise ValueError(f"{ABOUT} does not say its {key}")
    return about


def _is_usable(about: dict[str, Any]) -> bool:
    """Whether this version of kvae prepared a set; no other is opened."""
    return about.get("version", VERSION) == VERSION


def _folders(cache_dir: str | Path | None) -> list[Path]:
    """List the folders of the prepared sets that are complete."""
    folders = [file.parent for file in cache_folder(cache_dir).glob(f"*/{ABOUT}")]
    return sorted(folder for folder in folders if _NAME.fullmatch(folder.name))


def _folder_name(name: str, origin: Origin, max_pixels: int, version: int = VERSION) -> str:
    """Name the folder of a set: readable, and different if anything about the set differs."""
    size = "native" if origin.image_size is None else "{}x{}".format(*origin.image_size)
    facts = [version, name, origin.fingerprint(), origin.image_size, origin.channels, max_pixels]
    if origin.resampling != "bilinear":  # which sets of earlier versions are, whose names stay
        facts.append(origin.resampling)
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
    return file_name(name, f"-{size}-{key}")


def file_name(name: str, ending: str) -> str:
    """Join a set's name, of which only as much is taken as file systems have room for, and more."""
    shown, room = os.fsencode(name), LONGEST - len(ending)
    return (name if len(shown) <= room else shown[:room].decode(errors="ignore")) + ending


def _remove(folder: Path) -> None:
    """Remove the folder of a set, complete or not, if there is one.

    Raises:
        OSError: If it holds anything else; nothing is then removed.
    """
    if not folder.exists():
        return
    others = sorted({file.name for file in folder.iterdir()} - {*FILES})
    if others:
        raise OSError(
            f"{folder} must hold only {', '.join(FILES)}, to be removed. "
            f"Received: {printable(others[0])}. Move it elsewhere."
        )
    for file in FILES:
        (folder / file).unlink(missing_ok=True)
    folder.rmdir()


def _open(folder: Path) -> ImageDataset | None:
    """Open a set; return None if it does not exist or is damaged (for example by a power cut)."""
    if not folder.exists():
        return None
    try:
        about = _read_about(folder)
        problem = _damage(folder, about)
        images = np.load(folder / IMAGES, mmap_mode="r")
        with np.load(folder / KNOWN) as arrays:
            known = dict(arrays)
        known["names"] = _unpacked(known["names"], known.pop("name_ends"))
    except Exception as error:  # damaged JSON, arrays and zip files raise many kinds
        problem = first_line(error)
    if problem:
        logger.warning("%s is damaged and is prepared again: %s", folder, problem)
        return None
    known.setdefault("partition", np.zeros(len(images), np.int8))
    for kind in ("attribute_names", "label_names"):
        known[kind] = tuple(about.pop(kind))
    for key in ("version", "digests", "file_sizes", "digest"):
        about.pop(key, None)
    return ImageDataset(
        about["name"], images, provenance={**about, "prepared": str(folder)}, **known
    )


def _damage(folder: Path, about: dict[str, Any], thorough: bool = False) -> str:
    """Say what is wrong with a prepared set: "" if nothing is.

    Args:
        folder: The set.
        about: Its `about.json`.
        thorough: Whether every byte is read, not only some blocks.
    """
    if about.get("digest", "") not in ("", _digest_of_facts(folder.name, about)):
        return f"{ABOUT} has other content than was written, or is of another folder"
    sizes = about["file_sizes"]
    for name, size in sizes.items():
        found = (folder / name).stat().st_size if (folder / name).exists() else None
        if found != size:
            return f"{name} must have {size:,} bytes. Received: {found or 0:,}"
    images = np.load(folder / IMAGES, mmap_mode="r")
    expected = (about["images"], *about["image_shape"])
    if images.shape != expected or images.dtype != np.uint8:
        return f"{IMAGES} must be uint8 {list(expected)}. Received: {images.dtype} {images.shape}"
    for name in sizes:
        kind = "all" if thorough or name != IMAGES else "some"
        if _digest(folder / name, kind) != about["digests"][name][kind]:
            return f"{name} has other content than was written"
    return ""


def _digest(file: Path, kind: str) -> str:
    """Return the BLAKE2b digest of "all" of a file, or of "some" blocks all over it."""
    digest = hashlib.blake2b(digest_size=16)
    with file.open("rb") as stream:
        if kind == "all":
            while content := stream.read(READ):
                digest.update(content)
        else:
            last = max(0, file.stat().st_size - BLOCK)
            for start in np.linspace(0, last, BLOCKS).astype(int).tolist():
                stream.seek(start)
                digest.update(stream.read(BLOCK))
    return digest.hexdigest()


def _digest_of_facts(folder: str, about: dict[str, Any]) -> str:
    """Return the BLAKE2b digest of a set's name and `about.json`, without the digest itself."""
    facts = {key: value for key, value in about.items() if key != "digest"}
    text = json.dumps([folder, facts], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@contextmanager
def _named_folder(folder: Path) -> Iterator[None]:
    """Name the folder and the cure in the error of a full or read-only disk."""
    try:
        yield
    except OSError as error:
        file = error.filename
        path = Path(os.fsdecode(file)) if file else folder
        if error.errno is None or not (path.is_relative_to(folder) or folder.is_relative_to(path)):
            raise  # of the originals
        raise OSError(
            f"Prepared images cannot be written to {folder}: {error.strerror}. "
            "`cache_dir` must be a folder with enough space."
        ) from error


def _prepare(
    name: str, origin: Origin, folder: Path, progress: Progress | None, max_pixels: int
) -> None:
    """Write a set beside its final name, then rename it. The caller holds the lock of the set."""
    partial = folder.with_name(folder.name + PARTIAL)
    for former in (partial, folder):  # of a killed process; a damaged one
        _remove(former)
    partial.mkdir()
    try:
        _write(name, origin, partial, progress, max_pixels)
        partial.rename(folder)
    finally:
        with suppress(OSError):
            _remove(partial)


def _write(
    name: str, origin: Origin, folder: Path, progress: Progress | None, max_pixels: int
) -> None:
    from .decoding import write_images

    began = time.perf_counter()
    source = origin.read()
    images, known = folder / IMAGES, folder / KNOWN
    written = write_images(
        source,
        images,
        origin.image_size,
        origin.channels,
        progress=progress,
        max_pixels=max_pixels,
        resampling=origin.resampling,
    )
    facts = {key: getattr(source, key) for key in ("partition", "attributes", "labels")}
    facts = {key: array[written.kept] for key, array in facts.items() if array is not None}
    names = _packed(map(source.name_of, written.kept.tolist()))
    np.savez(known, **names, **facts)
    about = {
        "name": name,
        "source": origin.description,
        "location": origin.location and str(origin.location.absolute()),
        "images": len(written.kept),
        "image_shape": written.shape,
        "resampling": origin.resampling,
        "attribute_names": source.attribute_names,
        "label_names": source.label_names,
        "account": written.account.as_json(),
        "aligned": written.aligned,
        "seconds": round(time.perf_counter() - began, 3),
        "version": VERSION,
        "file_sizes": {file.name: file.stat().st_size for file in (images, known)},
        "digests": {
            images.name: {kind: _digest(images, kind) for kind in ("all", "some")},
            known.name: {"all": _digest(known, "all")},
        },
    }
    about = json.loads(json.dumps(about))  # tuples become lists, as they are read
    about["digest"] = _digest_of_facts(folder.name.removesuffix(PARTIAL), about)
    (folder / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")


def _packed(names: Iterable[str]) -> dict[str, np.ndarray]:
    """Return names as UTF-8, and where each ends: NumPy gives each the room of the longest."""
    encoded = [name.encode(errors="surrogatepass") for name in names]
    ends = np.cumsum([len(name) for name in encoded], dtype=np.int64)
    return {"names": np.frombuffer(b"".join(encoded), np.uint8), "name_ends": ends}


def _unpacked(names: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return packed names as an array of objects."""
    content, ends = names.tobytes(), ends.tolist()
    parts = (content[start:end] for start, end in pairwise([0, *ends]))
    return np.array([part.decode(errors="surrogatepass") for part in parts], object)


def _lock(folder: Path, timeout: float = -1) -> FileLock:
    """Return the lock of a prepared set; entering it may raise TimeoutError after `timeout` s."""
    from filelock import FileLock

    return FileLock(folder.with_name(f".{folder.name}.lock"), timeout)


def _remove_abandoned(root: Path) -> None:
    """Remove what killed preparations left: the partial folders whose lock nobody holds."""
    for partial in root.glob("*" + PARTIAL):
        folder = partial.with_suffix("")
        if _NAME.fullmatch(folder.name):
            with suppress(OSError), _lock(folder, timeout=0):  # filelock.Timeout is an OSError
                _remove(partial)
