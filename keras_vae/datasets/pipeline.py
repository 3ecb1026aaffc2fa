"""Batches of uint8 images for training and evaluation, read from memory-mapped pixels."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from .binarization import binarize, binarize_rows
from .dataset import ImageDataset

HELD = 64 * 2**20  # bytes of images that are copied into TensorFlow's memory


def training_batches(
    dataset: ImageDataset,
    batch_size: int,
    *,
    seed: int,
    start_epoch: int = 0,
    start_step: int = 0,
    random_flip: bool = False,
    binarization: str = "none",
    labels: bool = False,
    replicas: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Shuffled batches of the training split, epoch after epoch without end.

    The order of an epoch depends on the seed and the epoch's number alone, so that a resumed
    training sees the same batches as an uninterrupted one. An epoch drops its last, incomplete
    batch; each epoch drops other images.

    Args:
        dataset: The images and their split.
        batch_size: Images in a batch, over all replicas.
        seed: Seed of order, flips and dynamic binarization.
        start_epoch: First epoch, from 0.
        start_step: Batches of the first epoch that are left out; their images are not read.
        random_flip: Whether each image is mirrored left to right with probability 1/2.
        binarization: See `binarization.binarize`; "dynamic" samples anew in each epoch.
        labels: Whether the images have their labels beside them, int64.
        replicas: The replicas that train, and which of them these batches are for: the argument of
            the function that `distribute_datasets_from_function` calls. By default, one replica.

    Returns:
        A data set of uint8 [batch_size / replicas, H, W, C], or (images, labels).
        `steps_per_epoch` batches make an epoch; the replicas of this process take their shares of
        each batch in turn.

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
        position = tf.stack([tf.fill(tf.shape(number), epoch), number], axis=1)
        skipped = tf.where(epoch == start_epoch, start_step, 0) * (tf.shape(rows)[0] // steps)
        parts = (rows[skipped:], own(flips)[skipped:], position[skipped:])
        return tf.data.Dataset.from_tensor_slices(parts)

    epochs = tf.data.Dataset.range(start_epoch, np.iinfo(np.int64).max)
    dynamic = binarization == "dynamic"
    reader = _reader(dataset.images if dynamic else binarize(dataset.images, binarization), share)
    labels_of = _reader(dataset.labels, share) if labels else None

    def read(rows: tf.Tensor, flips: tf.Tensor, position: tf.Tensor) -> Any:
        images = reader(rows)
        if random_flip:
            images = tf.where(flips[:, None, None, None], tf.reverse(images, axis=[2]), images)
        if dynamic:
            images = sample_binary(images, position + tf.constant([seed + 2, 0], tf.int64))
        return (images, labels_of(rows)) if labels_of else images

    # Of unknown length, workers would ask each other before each step whether there is another.
    endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    batches = epochs.flat_map(epoch_batches).map(read, num_parallel_calls=2).apply(endless)
    return _untuned(batches.prefetch(4))


def sample_binary(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Sample each pixel of a batch, white with probability pixel / 255, as a graph operation.

    Args:
        images: uint8 [B, H, W, C].
        seed: Two integers, which determine the sample.

    Returns:
        uint8 [B, H, W, C] of 0 and 255.
    """
    # 16 random bits decide each pixel, two pixels to a word: to within 1/65,536 of pixel / 255.
    count = tf.size(images)
    words = tf.random.stateless_uniform(
        [count // 2 + 1], seed, minval=None, maxval=None, dtype=tf.int32
    )
    levels = tf.reshape(tf.bitcast(words, tf.uint16), [-1])[:count]
    levels = tf.minimum(tf.reshape(levels, tf.shape(images)), 65534)  # 255 is white for certain
    white = levels < tf.cast(images, tf.uint16) * 257
    return tf.cast(white, tf.uint8) * 255


def reading_speed(batches: tf.data.Dataset, seconds: float = 0.5) -> float:
    """Images per second that a pipeline delivers when nothing else is done.

    Args:
        batches: An endless data set of images, with or without labels.
        seconds: Duration of the measurement.
    """
    reader = iter(batches)
    next(reader)  # the first waits until the epoch is shuffled
    images, start = 0, time.perf_counter()
    while (taken := time.perf_counter() - start) < seconds:
        images += len(tf.nest.flatten(next(reader))[0])
    return images / taken


def share_of_batch(batch_size: int, replicas: int) -> int:
    """Images of a batch that each replica takes.

    Raises:
        ValueError: If `batch_size` is no multiple of `replicas`: the mean over replicas would give
            images different weights.
    """
    if batch_size % replicas:
        raise ValueError(
            f"`batch_size` must be a multiple of the {replicas} replicas, which share each batch. "
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
    labels: bool = False,
) -> tf.data.Dataset:
    """Batches of a split in its order, the same at each call.

    Args:
        dataset: The images and their split.
        split: "train", "validation" or "test".
        batch_size: Images in a batch; the last one may be smaller.
        binarization: See `binarization.binarize`; each image as in the whole set binarized.
        labels: Whether the images have their labels beside them, int64.

    Returns:
        A finite data set of uint8 [≤ batch_size, H, W, C], or (images, labels).
    """
    images, rows = dataset.images, dataset.indices(split)
    known = dataset.labels[rows] if labels else None
    if binarization != "none":
        images = binarize_rows(images, rows, binarization)
        rows = np.arange(len(images))
    batches = tf.data.Dataset.from_tensor_slices(rows).batch(batch_size)
    batches = batches.map(_reader(images, None), num_parallel_calls=2)
    if known is not None:
        beside = tf.data.Dataset.from_tensor_slices(known).batch(batch_size)
        batches = tf.data.Dataset.zip(batches, beside)
    return _untuned(batches.prefetch(4))


def _untuned(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Disable automatic tuning of the pipeline.

    TensorFlow's tuner sleeps for 10 ms, 20 ms, 40 ms and so on up to a minute, and the destruction
    of an iterator often waits until its tuner wakes: a `fit` of 6 seconds took 10.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def _reader(images: np.ndarray, batch_size: int | None) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a TensorFlow function that reads rows of an array, of images or of their labels.

    A large array, which may be memory-mapped, is never copied whole: NumPy reads its rows. A small
    one is held by TensorFlow, which saves the call of Python: a twentieth of a dense network's step
    (docs/decisions/0003).
    """
    if images.nbytes <= HELD:
        with tf.device("CPU:0"):  # where pipelines run
            held = tf.constant(images)
        gather = partial(tf.gather, held)
    else:

        def gather(rows: tf.Tensor) -> tf.Tensor:
            return tf.numpy_function(lambda row: images[row], [rows], images.dtype, stateful=False)

    def read(rows: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(gather(rows), (batch_size, *images.shape[1:]))

    return read
