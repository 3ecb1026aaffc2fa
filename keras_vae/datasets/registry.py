"""The known data sets, as data, and how each is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from ..files.formats import image_suffixes
from ..files.naming import near_names, plain_name
from ..files.regular import HEAD, content_kind, open_regular
from . import (
    arrays,
    celeba,
    cifar,
    digits,
    folder,
    frey,
    idx,
    kmnist,
    omniglot,
    pixel_csv,
    svhn,
    tfds,
)
from .source import Origin

Finder = Callable[[Path, str], Origin | None]


@dataclass(frozen=True)
class KnownDataset:
    """A data set that has a name.

    Attributes:
        name: Key of `DATASETS`.
        title: Name for people.
        images: Number of images over all splits.
        image_shape: Native height, width and channels.
        homepage: Page that describes it, mostly with a download.
        licence: Terms of use, in a few words.
        finders: Functions that look for it in a folder, the likeliest layout first.
        files: The files that the finders look for, for messages.
        folders: Usual names of a subfolder with these files.
        label_names: Name of each label, where the files do not hold them.
        tfds_name: Its name in TensorFlow Datasets; None if it is not among them.
        embedded_in: The package that contains it, or None.
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
    label_names: tuple[str, ...] = ()
    tfds_name: str | None = None
    embedded_in: str | None = None


_MNIST = KnownDataset(
    name="mnist",
    title="MNIST",
    images=70_000,
    image_shape=(28, 28, 1),
    homepage="https://yann.lecun.com/exdb/mnist",
    licence="CC BY-SA 3.0",
    finders=(idx.find, arrays.find),
    files=("{train,t10k}-images-idx3-ubyte[.gz]", "{train,t10k}-labels-idx1-ubyte[.gz]"),
    folders=("mnist", "MNIST/raw"),
    tfds_name="mnist",
)

_CIFAR10 = KnownDataset(
    name="cifar10",
    title="CIFAR-10",
    images=60_000,
    image_shape=(cifar.SIDE, cifar.SIDE, 3),
    homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    licence="none stated; from Alex Krizhevsky's page",
    finders=(cifar.find, arrays.find),
    files=cifar.files_of("cifar10"),
    folders=("cifar10", "cifar-10"),
    tfds_name="cifar10",
)

_ENTRIES = (
    _MNIST,
    replace(
        _MNIST,
        name="fashion_mnist",
        title="Fashion-MNIST",
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        licence="MIT",
        folders=("fashion-mnist", "fashion_mnist", "FashionMNIST/raw"),
        label_names=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        tfds_name="fashion_mnist",
    ),
    replace(
        _MNIST,
        name="kmnist",
        title="KMNIST",
        homepage="https://github.com/rois-codh/kmnist",
        licence="CC BY-SA 4.0",
        finders=(idx.find, kmnist.find, arrays.find),
        files=(*_MNIST.files, *kmnist.FILES),
        folders=("kmnist", "KMNIST/raw"),
        label_names=kmnist.LABELS,
        tfds_name="kmnist",
    ),
    _CIFAR10,
    replace(
        _CIFAR10,
        name="cifar100",
        title="CIFAR-100",
        files=cifar.files_of("cifar100"),
        folders=("cifar100", "cifar-100"),
        tfds_name="cifar100",
    ),
    KnownDataset(
        name="svhn",
        title="Street View House Numbers, cropped digits",
        images=99_289,
        image_shape=(svhn.SIDE, svhn.SIDE, 3),
        homepage="https://ufldl.stanford.edu/housenumbers",
        licence="non-commercial use only",
        finders=(svhn.find, arrays.find),
        files=svhn.FILES,
        folders=("svhn", "SVHN"),
        tfds_name="svhn_cropped",
    ),
    KnownDataset(
        name="omniglot",
        title="Omniglot",
        images=32_460,
        image_shape=(omniglot.SIDE, omniglot.SIDE, 1),
        homepage="https://github.com/brendenlake/omniglot",
        licence="MIT",
        finders=(omniglot.find, arrays.find),
        files=omniglot.FILES,
        folders=("omniglot", "omniglot-py", "omniglot/python"),
        tfds_name="omniglot",
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

# What a path may hold. Known layouts come first: a mere folder of images has no splits and no
# attributes. Arrays in a folder are its images if their file has its name, or it has no others.
_PATH_FINDERS: tuple[Finder, ...] = (
    celeba.find,
    idx.find,
    kmnist.find,
    cifar.find,
    svhn.find,
    omniglot.find,
    frey.find,
    arrays.find_named,
    folder.find,
    arrays.find,
    pixel_csv.find,
)


def find_dataset(name: str, data_dir: str | Path | None = None) -> tuple[str, Origin]:
    """Find a data set by its name, or by its path.

    Args:
        name: A key of `DATASETS` (with underscores or hyphens); "tfds:NAME" for any set of images
            of TensorFlow Datasets; or the path of a folder, a zip, or a file of arrays or pixels.
        data_dir: The folder or the file of a known set; None to use the package that contains it
            or else TensorFlow Datasets. For "tfds:NAME" the folder of TensorFlow Datasets.

    Returns:
        The name of the set, for a path its stem; and its origin. Nothing is read or downloaded.

    Raises:
        FileNotFoundError: If `data_dir` does not exist or lacks the files.
        ValueError: If no set has this name and no such path exists, or the path holds no images.
        DownloadError: If TensorFlow Datasets does not have the set.
    """
    if name.startswith(tfds.PREFIX):
        return tfds.find_any(name.removeprefix(tfds.PREFIX), data_dir)
    known = DATASETS.get(plain_name(name))
    if known is None:
        return _find_path(name, data_dir)
    if data_dir is not None:
        return known.name, _find_in(known, Path(data_dir).expanduser())
    if known.embedded_in is not None:
        return known.name, digits.find()
    return known.name, tfds.find(known)


def lasting_name(name: str) -> str:
    """Return a name that means the same set from any directory, for a run that is used later.

    Args:
        name: See `find_dataset`.

    Returns:
        The absolute path, of a path that exists; other names unchanged.
    """
    location = Path(name).expanduser()
    if plain_name(name) in DATASETS or name.startswith(tfds.PREFIX) or not location.exists():
        return name
    return str(location.absolute())


def _find_in(known: KnownDataset, location: Path) -> Origin:
    if not location.exists():
        raise FileNotFoundError(f"`data_dir` must exist. Received: {location}.")
    places = filter(Path.exists, [location, *(location / name for name in known.folders)])
    for place, find in product(places, known.finders):
        if (origin := find(place, known.name)) is not None:
            return replace(origin, dataset=known.name)
    files, arrays_file = ", ".join(known.files), f"{known.name}.npz"
    expected = files if arrays_file in known.files else f"{files}; or {arrays_file}"
    raise FileNotFoundError(
        f"`data_dir` must hold {expected}. Received: {location}, {_contents(location)}."
    )


def _contents(location: Path) -> str:
    """Describe what a path holds, the first names of a folder or the format of a file."""
    if not location.is_dir():
        with open_regular(location) as stream:
            kind = content_kind(stream.read(HEAD))
        return f"which is {kind}" if kind else "which is none of these files"
    names = sorted(item.name + "/" * item.is_dir() for item in location.iterdir())
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"which holds {', '.join(names[:8]) or 'nothing'}{more}"


def _find_path(name: str, data_dir: str | Path | None) -> tuple[str, Origin]:
    location = Path(name).expanduser()
    if not location.exists():
        raise ValueError(
            f"{name!r} is neither a known data set nor a path that exists. "
            f"{near_names(name, list(DATASETS))}"
        )
    if data_dir is not None:
        raise ValueError(
            f"`data_dir` must be None where the data set is a path. Received: {data_dir} with "
            f"{name!r}."
        )
    stem = location.resolve().stem
    for find in _PATH_FINDERS:
        if (origin := find(location, stem)) is not None:
            return stem, _recognized(origin, find, stem)
    raise ValueError(
        f"A data set must hold at least one image: a folder or .zip of images "
        f"({', '.join(image_suffixes())}), arrays (.npz, .npy), pixels (.csv) or a known set. "
        f"Received: {location}, {_contents(location)}."
    )


def _recognized(origin: Origin, find: Finder, stem: str) -> Origin:
    """Decide by its name which known set a path holds, where the layout leaves that open.

    MNIST's IDX files look like Fashion-MNIST's, and arrays like any others: a file or folder with a
    known set's name and one of its layouts is that set. A mere folder of images is not, nor is
    `digits.npz`: scikit-learn's digits need no file, and other digits may have this name.
    """
    known = DATASETS.get(plain_name(stem))
    if origin.dataset or known is None or known.embedded_in:
        return origin
    if find not in (*known.finders, arrays.find_named):
        return origin
    return replace(origin, dataset=known.name)
