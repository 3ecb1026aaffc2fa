"""Batches of uint8 images for training and for measuring, out of memory-mapped pixels."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import tensorflow as tf

from .binarization import binarize, binarize_rows, draw_binary
from .dataset import ImageDataset

HELD = 64 * 2**20  # bytes of images that are copied into TensorFlow's memory


def training_batches(
    dataset: ImageDataset,
    batch_size: int,
    *,
    seed: int,
    start_epoch: int = 0,
    random_flip: bool = False,
    binarization: str = "none",
    replicas: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Shuffled batches of the training split, epoch after epoch without end.

    The order of an epoch follows from the seed and the epoch's number alone, so that a resumed
    training sees what an uninterrupted one would have seen. An epoch drops its last, incomplete
    batch; each drops other images.

    Args:
        dataset: Where the images are.
        batch_size: Images in a batch, over all replicas.
        seed: Seed of order and flips.
        start_epoch: First epoch, from 0.
        random_flip: Whether each image is mirrored left to right with probability 1/2.
        binarization: See `binarization.binarize`; "dynamic" draws each epoch anew.
        replicas: The replicas that train, and which of them these batches are for, as
            `distribute_datasets_from_function` hands it over; by default one, and all for it.

    Returns:
        A data set of uint8 [batch_size / replicas, H, W, C]. `steps_per_epoch` batches make an
        epoch, where each replica of this process takes its share of each batch in turn.

    Raises:
        ValueError: If there are too few images for a batch, or `batch_size` is no multiple of the
            replicas.
    """
    indices = dataset.indices("train")
    steps = steps_per_epoch(dataset, batch_size)
    replicas = replicas or tf.distribute.InputContext()
    share = share_of_batch(batch_size, replicas.num_replicas_in_sync)

    def own(values: tf.Tensor) -> tf.Tensor:  # [steps · batch_size] → [steps · own replicas, share]
        workers = tf.reshape(values, (steps, replicas.num_input_pipelines, -1, share))
        return tf.reshape(workers[:, replicas.input_pipeline_id], (-1, share))

    def epoch_batches(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(indices, seed=[seed, epoch])
        flips = tf.random.stateless_uniform([steps * batch_size], seed=[seed + 1, epoch]) < 0.5
        rows = own(order[: steps * batch_size])
        number = own(tf.range(steps * batch_size, dtype=tf.int64))[:, 0] // share
        draws = tf.stack([tf.fill(tf.shape(number), epoch), number], axis=1)
        return tf.data.Dataset.from_tensor_slices((rows, own(flips), draws))

    epochs = tf.data.Dataset.range(start_epoch, np.iinfo(np.int64).max)
    dynamic = binarization == "dynamic"
    reader = _reader(dataset.images if dynamic else binarize(dataset.images, binarization), share)

    def read(rows: tf.Tensor, flips: tf.Tensor, draw: tf.Tensor) -> tf.Tensor:
        images = reader(rows)
        if random_flip:
            images = tf.where(flips[:, None, None, None], tf.reverse(images, axis=[2]), images)
        if dynamic:
            images = draw_binary(images, draw + tf.constant([seed + 2, 0], tf.int64))
        return images

    # Said to be infinite, or workers would ask each other before each step if there is another.
    endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    batches = epochs.flat_map(epoch_batches).map(read, num_parallel_calls=2).apply(endless)
    return _untuned(batches.prefetch(4))


def reading_speed(batches: tf.data.Dataset, seconds: float = 0.5) -> float:
    """Images per second that a pipeline delivers when nothing else is done.

    Args:
        batches: An endless data set of images.
        seconds: To measure for.
    """
    reader = iter(batches)
    next(reader)  # the first waits for its order to be drawn
    images, start = 0, time.perf_counter()
    while (taken := time.perf_counter() - start) < seconds:
        images += len(next(reader))
    return images / taken


def share_of_batch(batch_size: int, replicas: int) -> int:
    """Images of a batch that each replica takes.

    Raises:
        ValueError: If they are not the same for all: the mean over replicas would weigh images.
    """
    if batch_size % replicas:
        raise ValueError(
            f"`batch_size` must be a multiple of the {replicas} replicas, who share each batch. "
            f"Received: {batch_size}."
        )
    return batch_size // replicas


def steps_per_epoch(dataset: ImageDataset, batch_size: int) -> int:
    """Complete batches in the training split.

    Raises:
        ValueError: If there is not even one.
    """
    steps = dataset.count("train") // batch_size
    if steps == 0:
        raise ValueError(
            f"`batch_size` must be at most the {dataset.count('train')} training images of "
            f"{dataset.name!r}. Received: {batch_size}."
        )
    return steps


def split_batches(
    dataset: ImageDataset,
    split: str,
    batch_size: int,
    *,
    binarization: str = "none",
    seed: int = 0,
) -> tf.data.Dataset:
    """Batches of a split in its order, the same at each call.

    Args:
        dataset: Where the images are.
        split: "train", "validation" or "test".
        batch_size: Images in a batch; the last one is as small as it comes.
        binarization: See `binarization.binarize`; each image as in the whole set binarised.
        seed: Of a "dynamic" binarisation.

    Returns:
        A finite data set of uint8 [≤ batch_size, H, W, C].
    """
    indices = dataset.indices(split)
    if binarization == "none":
        return ordered_batches(dataset.images, indices, batch_size)
    images = binarize_rows(dataset.images, indices, binarization, seed)
    return ordered_batches(images, np.arange(len(images)), batch_size)


def ordered_batches(images: np.ndarray, indices: np.ndarray, batch_size: int) -> tf.data.Dataset:
    """Batches of the named images, in their order, the last one as small as it comes.

    Args:
        images: uint8 [N, H, W, C], memory-mapped or not.
        indices: Which, int64 [M].
        batch_size: Images in a batch.

    Returns:
        A finite data set of uint8 [≤ batch_size, H, W, C].
    """
    rows = tf.data.Dataset.from_tensor_slices(indices).batch(batch_size)
    return _untuned(rows.map(_reader(images, None), num_parallel_calls=2).prefetch(4))


def _untuned(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Leave the pipeline as it is written.

    TensorFlow's tuner sleeps for 10 ms, 20 ms, 40 ms and so on up to a minute, and an iterator that
    is no longer wanted often waits until its tuner wakes: a `fit` of 6 seconds took 10.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def _reader(images: np.ndarray, batch_size: int | None) -> Callable[[tf.Tensor], tf.Tensor]:
    """Read rows out of the array as a TensorFlow function.

    A large array, which may be memory-mapped, is never copied whole: rows are read by NumPy. A
    small one is held by TensorFlow, which saves the way through Python: a twentieth of a dense
    network's step (docs/decisions/0003).
    """
    if images.nbytes <= HELD:
        with tf.device("CPU:0"):  # where pipelines run
            held = tf.constant(images)
        gather = partial(tf.gather, held)
    else:

        def gather(rows: tf.Tensor) -> tf.Tensor:
            return tf.numpy_function(lambda row: images[row], [rows], tf.uint8, stateful=False)

    def read(rows: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(gather(rows), (batch_size, *images.shape[1:]))

    return read
