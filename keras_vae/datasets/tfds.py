"""TensorFlow Datasets: where a known set comes from when no folder is given.

Its package, and TensorFlow with it, is imported only when a set is prepared for the first time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from .source import Origin, Source
from .splits import SPLITS

if TYPE_CHECKING:
    from .registry import KnownDataset


class DownloadError(RuntimeError):
    """TensorFlow Datasets could not provide a data set."""


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


def read(known: KnownDataset) -> Source:
    """Download a set, if need be, and open it.

    Raises:
        DownloadError: If that fails; the message gives the reason and the alternative.
    """
    try:
        import tensorflow_datasets

        _fail_fast_and_quietly()
        builder = tensorflow_datasets.builder(known.tfds_name)
        builder.download_and_prepare()
        return _source(builder)
    except Exception as error:  # of any kind: network, quota, checksum, disk, installation
        reason = shorten(f"{type(error).__name__}: {error}", 160, placeholder=" …")
        raise DownloadError(
            f"Getting {known.name} from TensorFlow Datasets failed ({reason}). Download the files "
            f"and give their folder as `data_dir`: {', '.join(known.files)}."
        ) from error


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
    """Read what is known of each image without decoding any; a later pass reads the images."""
    splits = [split for split in SPLITS if split in builder.info.splits]
    sizes = [builder.info.splits[split].num_examples for split in splits]
    known = [batch for split in splits for batch in _known(builder, split)]
    names = tuple(sorted(known[0].get("attributes", {}))) if known else ()
    labelled = bool(known) and "label" in known[0]
    return Source(
        count=sum(sizes),
        payloads=lambda: (image for split in splits for image in _encoded_images(builder, split)),
        partition=np.repeat(np.array([SPLITS[split] for split in splits], np.int8), sizes),
        attributes=np.concatenate([_signs(batch, names) for batch in known]) if names else None,
        attribute_names=names,
        labels=np.concatenate([batch["label"] for batch in known]) if labelled else None,
    )


def _encoded_images(builder: Any, split: str) -> Iterator[bytes]:
    """Yield the images of a split as they are stored: JPEG or PNG."""
    from tensorflow_datasets import decode

    examples = _examples(builder, split, {"image": decode.SkipDecoding()})
    return (example["image"] for example in examples.as_numpy_iterator())


def _known(builder: Any, split: str) -> Iterator[dict[str, Any]]:
    """Yield batches of the labels and attributes of a split, in the order of its images."""
    from tensorflow_datasets import decode

    wanted = {key: True for key in ("label", "attributes") if key in builder.info.features}
    return _examples(builder, split, decode.PartialDecoding(wanted)).batch(1024).as_numpy_iterator()


def _examples(builder: Any, split: str, decoders: Any) -> Any:
    """Return a tf.data pipeline of a split that keeps nothing in memory."""
    from tensorflow_datasets import ReadConfig

    config = ReadConfig(try_autocache=False)
    return builder.as_dataset(split=split, decoders=decoders, read_config=config)


def _signs(batch: dict[str, Any], names: Sequence[str]) -> np.ndarray:
    """Turn attributes from booleans by name into int8 [B, A] of +1 and −1."""
    columns = [batch["attributes"][name] for name in names]
    return np.where(np.stack(columns, axis=1), 1, -1).astype(np.int8)
