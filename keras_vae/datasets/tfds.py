"""TensorFlow Datasets: where a known set comes from when no folder is given, and any other set.

Its package, and TensorFlow with it, is imported when a known set is prepared for the first time,
and whenever another set is opened, since nothing else knows its image size.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from .account import Account
from .source import Origin, Source
from .splits import SPLITS

if TYPE_CHECKING:
    from .registry import KnownDataset


PREFIX = "tfds:"  # of the name of any set


class DownloadError(RuntimeError):
    """TensorFlow Datasets could not provide a data set."""


@dataclass(frozen=True)
class Features:
    """Names of a set's features, as the builder declares them.

    Attributes:
        image: The images.
        label: The class labels, or None.
        attributes: Yes-or-no attributes by name, or None.
    """

    image: str = "image"
    label: str | None = "label"
    attributes: str | None = "attributes"

    @classmethod
    def of(cls, builder: Any) -> Features:
        """Find the features of a builder: by their usual names, or the only ones of their kinds.

        Raises:
            ValueError: If there are no images, or several.
        """
        from tensorflow_datasets import features

        declared = dict(builder.info.features.items())

        def only(name: str, kind: type) -> str | None:
            names = [key for key, feature in declared.items() if isinstance(feature, kind)]
            if name in names or len(names) != 1:
                return name if name in names else None
            return names[0]

        image = only("image", features.Image)
        if image is None:
            raise ValueError(
                f"it must have images; its features are {', '.join(declared) or 'nothing'}"
            )
        attributes = "attributes" if "attributes" in declared else None
        return cls(image, only("label", features.ClassLabel), attributes)


def find(known: KnownDataset) -> Origin:
    """Name TensorFlow Datasets as the origin; nothing is imported or downloaded yet.

    Raises:
        DownloadError: If TensorFlow Datasets does not have the set.
    """
    if known.tfds_name is None:
        raise DownloadError(
            f"`data_dir` must be the folder that holds {', '.join(known.files)}: {known.name} is "
            "not in TensorFlow Datasets. Received: None."
        )
    *size, channels = known.image_shape
    description = f"TensorFlow Datasets: {known.tfds_name}"
    return Origin(description, None, (), partial(read, known), tuple(size), channels, known.name)


def find_any(name: str, folder: str | Path | None = None) -> tuple[str, Origin]:
    """Find any set of images by its name in TensorFlow Datasets; nothing is downloaded yet.

    Args:
        name: Name, or NAME/CONFIGURATION.
        folder: TensorFlow Datasets' own folder; None: ~/tensorflow_datasets.

    Returns:
        The name with underscores, and the origin.

    Raises:
        DownloadError: If there is no such set, or it has no images.
    """
    hint = (
        "`data_dir` can be a folder in which TensorFlow Datasets has prepared it; any images can "
        "also be given as a folder or an .npz file."
    )
    with _reported(name, hint):
        builder = _builder(name, folder)
        shape = builder.info.features[Features.of(builder).image].shape
    size = None if None in shape[:2] else tuple(shape[:2])

    def read_any() -> Source:
        with _reported(name, hint):
            builder.download_and_prepare()
            return _source(builder)

    version = getattr(builder, "version", "")
    origin = Origin(
        f"TensorFlow Datasets: {name} {version}".strip(),
        None if folder is None else Path(folder).expanduser(),
        (),
        read_any,
        size,
        1 if shape[2] == 1 else 3,
    )
    return re.sub(r"\W+", "_", name), origin


def read(known: KnownDataset) -> Source:
    """Download a set, if need be, and open it.

    Raises:
        DownloadError: If that fails; the message gives the reason and the alternative.
    """
    files = ", ".join(known.files)
    with _reported(known.name, f"Download the files and give their folder as `data_dir`: {files}."):
        builder = _builder(known.tfds_name)
        builder.download_and_prepare()
        return _source(builder)


@contextmanager
def _reported(name: str, hint: str) -> Iterator[None]:
    """Turn any error into one line with the reason and the alternative."""
    try:
        yield
    except Exception as error:  # of any kind: network, quota, checksum, disk, installation
        reason = shorten(f"{type(error).__name__}: {error}", 160, placeholder=" …")
        raise DownloadError(
            f"Getting {name} from TensorFlow Datasets failed ({reason}). {hint}"
        ) from error


def _builder(name: str, folder: str | Path | None = None) -> Any:
    import tensorflow_datasets

    _fail_fast_and_quietly()
    options = {} if folder is None else {"data_dir": str(Path(folder).expanduser())}
    return tensorflow_datasets.builder(name, **options)


def _fail_fast_and_quietly() -> None:
    """Report a missing network after seconds, in one line.

    TensorFlow Datasets tries ten times with growing pauses, which take minutes and have no setting;
    urllib3 warns of each.
    """
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    with suppress(ImportError):
        from tensorflow_datasets.core.download import downloader

        downloader.MAX_RETRIES = 3


def _source(builder: Any) -> Source:
    """Read what is known of each image without decoding any; a later pass reads the images.

    Splits of other names, such as "extra", are left out, unless there are no others.
    """
    features, there = Features.of(builder), builder.info.splits
    splits = [split for split in SPLITS if split in there] or list(there)
    sizes = [there[split].num_examples for split in splits]
    account = Account()
    for split in there:
        if split not in splits:
            account.leave_out(f"of the split {split!r}", count=there[split].num_examples)
    known = [batch for split in splits for batch in _known(builder, split, features)]
    names = tuple(sorted(known[0].get(features.attributes, {}))) if known else ()
    label = features.label if known else None
    return Source(
        count=sum(sizes),
        payloads=lambda: (
            image for split in splits for image in _encoded_images(builder, split, features.image)
        ),
        partition=np.repeat(np.array([SPLITS.get(split, 0) for split in splits], np.int8), sizes),
        attributes=(
            np.concatenate([_signs(batch[features.attributes], names) for batch in known])
            if names
            else None
        ),
        attribute_names=names,
        labels=np.concatenate([batch[label] for batch in known]) if label else None,
        label_names=_label_names(builder.info.features[label]) if label else (),
        account=account,
    )


def _label_names(feature: Any) -> tuple[str, ...]:
    """Return the names of labels, unless they are mere numbers."""
    names = tuple(feature.names)
    return () if names == tuple(map(str, range(len(names)))) else names


def _encoded_images(builder: Any, split: str, image: str) -> Iterator[bytes]:
    """Yield the images of a split as they are stored: JPEG or PNG."""
    from tensorflow_datasets import decode

    examples = _examples(builder, split, {image: decode.SkipDecoding()})
    return (example[image] for example in examples.as_numpy_iterator())


def _known(builder: Any, split: str, features: Features) -> Iterator[dict[str, Any]]:
    """Yield batches of the labels and attributes of a split, in the order of its images."""
    from tensorflow_datasets import decode

    wanted = {key: True for key in (features.label, features.attributes) if key}
    return _examples(builder, split, decode.PartialDecoding(wanted)).batch(1024).as_numpy_iterator()


def _examples(builder: Any, split: str, decoders: Any) -> Any:
    """Return a tf.data pipeline of a split that keeps nothing in memory."""
    from tensorflow_datasets import ReadConfig

    config = ReadConfig(try_autocache=False)
    return builder.as_dataset(split=split, decoders=decoders, read_config=config)


def _signs(attributes: dict[str, Any], names: Sequence[str]) -> np.ndarray:
    """Turn attributes from booleans by name into int8 [B, A] of +1 and −1."""
    columns = [attributes[name] for name in names]
    return np.where(np.stack(columns, axis=1), 1, -1).astype(np.int8)
