"""The known data sets, as data, and where each is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ..files.naming import near_names, plain_name
from . import arrays, celeba, digits, folder, frey, idx, tfds
from .source import IMAGE_SUFFIXES, Origin

Finder = Callable[[Path, str], Origin | None]


@dataclass(frozen=True)
class KnownDataset:
    """A data set that has a name.

    Attributes:
        name: What `kvae train` takes.
        title: Its own name.
        images: How many there are, over all splits.
        image_shape: Native height, width and channels.
        homepage: Where it is described, and mostly to be had.
        licence: Its terms, in a few words.
        finders: Look for it in a folder, the likeliest layout first.
        files: What they look for, for messages.
        folders: Names that a subfolder with these files often has.
        tfds_name: Its name in TensorFlow Datasets; None if it is not there.
        embedded_in: The package that comes with it; None if none does.
    """

    name: str
    title: str
    images: int
    image_shape: tuple[int, int, int]
    homepage: str
    licence: str
    finders: tuple[Finder, ...]
    files: tuple[str, ...]
    folders: tuple[str, ...] = ()
    tfds_name: str | None = None
    embedded_in: str | None = None


_IDX_FILES = ("{train,t10k}-images-idx3-ubyte[.gz]", "{train,t10k}-labels-idx1-ubyte[.gz]")

_ENTRIES = (
    KnownDataset(
        name="mnist",
        title="MNIST",
        images=70_000,
        image_shape=(28, 28, 1),
        homepage="https://yann.lecun.com/exdb/mnist",
        licence="CC BY-SA 3.0",
        finders=(idx.find, arrays.find),
        files=_IDX_FILES,
        folders=("mnist", "MNIST/raw"),
        tfds_name="mnist",
    ),
    KnownDataset(
        name="fashion_mnist",
        title="Fashion-MNIST",
        images=70_000,
        image_shape=(28, 28, 1),
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        licence="MIT",
        finders=(idx.find, arrays.find),
        files=_IDX_FILES,
        folders=("fashion-mnist", "fashion_mnist", "FashionMNIST/raw"),
        tfds_name="fashion_mnist",
    ),
    KnownDataset(
        name="celeba",
        title="CelebA, aligned and cropped",
        images=202_599,
        image_shape=(celeba.ALIGNED_CROP, celeba.ALIGNED_CROP, 3),
        homepage="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        licence="non-commercial research only",
        finders=(celeba.find, arrays.find),
        files=celeba.FILES,
        folders=("celeba", "CelebA"),
        tfds_name="celeb_a",
    ),
    KnownDataset(
        name="frey",
        title="Frey Faces",
        images=1_965,
        image_shape=(frey.HEIGHT, frey.WIDTH, 1),
        homepage="https://cs.nyu.edu/~roweis/data.html",
        licence="none stated; from Sam Roweis's page",
        finders=(frey.find, arrays.find),
        files=frey.FILES,
        folders=("frey",),
    ),
    KnownDataset(
        name="digits",
        title="Digits of scikit-learn",
        images=1_797,
        image_shape=(8, 8, 1),
        homepage="https://archive.ics.uci.edu/dataset/80",
        licence="CC BY 4.0",
        finders=(arrays.find,),
        files=("digits.npz",),
        embedded_in="scikit-learn",
    ),
)

DATASETS: dict[str, KnownDataset] = {entry.name: entry for entry in _ENTRIES}

# What a path may hold. Known layouts come first: their splits and attributes would be lost on a
# reader that sees only a folder of images.
_PATH_FINDERS: tuple[Finder, ...] = (celeba.find, idx.find, frey.find, arrays.find, folder.find)


def find_dataset(name: str, data_dir: str | Path | None = None) -> tuple[str, Origin]:
    """Find a data set by its name, or by its path.

    Args:
        name: A key of `DATASETS` (hyphens will do), or the path of an .npz file or a folder.
        data_dir: The folder, or the file, where a known set lies; None to use the package that
            embeds it or else TensorFlow Datasets.

    Returns:
        The name of the set, for a path its stem; and where it is. Nothing is read or downloaded.

    Raises:
        FileNotFoundError: If `data_dir` does not exist or lacks the files.
        ValueError: If no set has this name and nothing this path, or the path holds no images.
    """
    known = DATASETS.get(plain_name(name))
    if known is None:
        return _find_path(name, data_dir)
    if data_dir is not None:
        return known.name, _find_in(known, Path(data_dir).expanduser())
    if known.embedded_in is not None:
        return known.name, digits.find()
    return known.name, tfds.find(known.name, known.tfds_name, known.image_shape, known.files)


def _find_in(known: KnownDataset, location: Path) -> Origin:
    if not location.exists():
        raise FileNotFoundError(f"`data_dir` must exist. Received: {location}.")
    places = [location, *(location / name for name in known.folders)]
    for place in filter(Path.exists, places):
        for find in known.finders:
            if (origin := find(place, known.name)) is not None:
                return replace(origin, dataset=known.name)
    raise FileNotFoundError(
        f"`data_dir` must hold {', '.join(known.files)}; or {known.name}.npz. "
        f"Received: {location}, {_contents(location)}."
    )


def _contents(location: Path) -> str:
    if location.is_file():
        return "which is none of these files"
    names = sorted(item.name + "/" * item.is_dir() for item in location.iterdir())
    if not names:
        return "which is empty"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"which holds {', '.join(names[:8])}{more}"


def _find_path(name: str, data_dir: str | Path | None) -> tuple[str, Origin]:
    location = Path(name).expanduser()
    if not location.exists():
        raise ValueError(
            f"A data set must be a known one, or a path that exists. Received: {name!r}. "
            f"{near_names(name, list(DATASETS))}"
        )
    if data_dir is not None:
        raise ValueError(
            f"`data_dir` must be left out where the data set is a path. Received: {data_dir} with "
            f"{name!r}."
        )
    stem = location.resolve().stem
    for find in _PATH_FINDERS:
        if (origin := find(location, stem)) is not None:
            return stem, _recognised(origin, find, stem)
    looked = ", ".join(IMAGE_SUFFIXES)
    raise ValueError(
        f"A path must hold images ({looked}), an .npz file or a known set. "
        f"Received: {location}, {_contents(location)}."
    )


def _recognised(origin: Origin, find: Finder, stem: str) -> Origin:
    """Say which known set lies at a path, where its layout leaves that open.

    MNIST's IDX files look like Fashion-MNIST's, and arrays like any others: a known set's name on
    what has one of its layouts is taken at its word. On a mere folder of images it is not, nor is
    `digits` on arrays, for scikit-learn's need no file and anybody may have some.
    """
    known = DATASETS.get(plain_name(stem))
    if origin.dataset or known is None or known.embedded_in or find not in known.finders:
        return origin
    return replace(origin, dataset=known.name)
