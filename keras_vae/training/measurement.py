"""The losses of a model before the first step and after the last one, beside the error of PCA."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ..datasets import ImageDataset
from ..datasets.pipeline import split_batches
from ..datasets.splits import SPLITS
from ..files.keras_file import load_keras_file
from ..files.progress import Progress, Stages, parts_of
from ..models.vae import VAE
from ..presets import Preset
from .pca_baseline import pca_errors
from .run_directory import Run, RunConfig
from .statistics import IMAGES

MOST = 250  # images at a time, and of large ones as many as have so many numbers in all:
NUMBERS = MOST * 64 * 64 * 3


def first_losses(
    config: RunConfig, dataset: ImageDataset, stages: Stages, best: Path
) -> dict[str, float]:
    """The losses before the first step, named as those of an epoch; the first images train.

    Args:
        config: What is trained.
        dataset: Where the images are.
        stages: See `session.Session`.
        best: The model's file.
    """
    vae, preset = load_keras_file(best), config.preset
    size = preset.batch_size
    first = math.ceil(IMAGES / size)
    training = _batches_of_split(dataset, preset, "train", size).take(first)
    validation = watched(dataset, preset, "validation")
    counts = [min(first * size, dataset.count("train")), dataset.count("validation")]
    with stages("Measuring") as progress:
        parts = parts_of(progress, counts)
        losses = _losses(vae, training, size, counts[0], next(parts))
        if validation is None:
            return losses
        of_validation = _losses(vae, validation, size, counts[1], next(parts))
    return losses | {f"val_{name}": value for name, value in of_validation.items()}


def final_losses(
    run: Run, config: RunConfig, dataset: ImageDataset, stages: Stages
) -> dict[str, dict[str, float]]:
    """The losses of every split with the best weights, beside the error of PCA.

    Args:
        run: The run, whose training has ended.
        config: What was trained.
        dataset: Where the images are.
        stages: See `session.Session`.
    """
    preset, splits = config.preset, list(filter(dataset.count, SPLITS))
    with stages("Measuring") as progress:
        losses = measure(load_keras_file(run.best), preset, dataset, splits, progress=progress)
    if preset.binarization != "none":
        return losses
    with stages("Comparing with PCA") as progress:
        errors = pca_errors(dataset, preset.latent_dim, splits, seed=config.seed, progress=progress)
    for split, error in errors.items():
        losses[split]["mse_of_pca"] = error
    return losses


def measure(
    vae: VAE,
    preset: Preset,
    dataset: ImageDataset,
    splits: Sequence[str],
    *,
    progress: Progress | None = None,
) -> dict[str, dict[str, float]]:
    """Mean losses of splits, from one sample of z for each image, and the MSE at z_mean.

    Args:
        vae: A compiled model.
        preset: Its preset, which holds the binarization of the images.
        dataset: Where the images are.
        splits: "train", "validation" or "test"; each has images.
        progress: Called with (done, total) images; each is measured twice.

    Returns:
        Of each split `loss`, `reconstruction_loss`, `kl_loss`, `mse`, `mse_of_mean` (that of
        `reconstruct`), and `bits_per_dimension` of −ELBO where the likelihood is normalized.
    """
    # One trace serves all splits, and their last batches, which are smaller.
    signature = [tf.TensorSpec((None, *dataset.image_shape), tf.uint8)]
    if vae.condition_spec is not None:
        signature.append(vae.condition_spec)

    @tf.function(input_signature=signature, autograph=False)
    def squared_errors(images: tf.Tensor, *y: tf.Tensor) -> tf.Tensor:
        means = vae.mean_images(vae.encode(images, *y).mode(), *y)
        means = tf.clip_by_value(means, 0.0, 255.0)
        differences = (means - tf.cast(images, tf.float32)) / 255.0
        return tf.reduce_mean(tf.square(differences), axis=[1, 2, 3])

    def mse_of_mean(batches: tf.data.Dataset, count: int, progress: Progress | None) -> float:
        errors: list[float] = []
        for batch in batches:
            errors += squared_errors(*tf.nest.flatten(batch)).numpy().tolist()
            if progress:
                progress(len(errors), count)
        return float(np.mean(errors))

    def measured(split: str) -> dict[str, float]:
        count = dataset.count(split)
        batches = _batches_of_split(dataset, preset, split, at_once)
        losses = _losses(vae, batches, at_once, count, next(parts))
        losses["mse_of_mean"] = mse_of_mean(batches, count, next(parts))
        bits = preset.bits_per_dimension(losses["reconstruction_loss"] + losses["kl_loss"])
        return losses if bits is None else {**losses, "bits_per_dimension": bits}

    at_once = max(1, min(MOST, NUMBERS // math.prod(dataset.image_shape)))
    parts = parts_of(progress, [dataset.count(split) for split in splits for _ in range(2)])
    return {split: measured(split) for split in splits}


def watched(dataset: ImageDataset, preset: Preset, split: str | None) -> tf.data.Dataset | None:
    """The batches that are measured after each epoch; None where there are none."""
    if split is None or not dataset.count(split):
        return None
    return _batches_of_split(dataset, preset, split, preset.batch_size)


def _batches_of_split(
    dataset: ImageDataset, preset: Preset, split: str, batch_size: int
) -> tf.data.Dataset:
    """The batches of a split, as a preset has them: see `split_batches`."""
    return split_batches(
        dataset,
        split,
        batch_size,
        binarization=preset.binarization,
        labels=preset.classes is not None,
    )


def _losses(
    vae: VAE, batches: tf.data.Dataset, size: int, count: int, progress: Progress | None
) -> dict[str, float]:
    """Mean losses of `count` images in batches of `size`."""

    def tell(batch: int, logs: dict[str, float] | None = None) -> None:
        if progress:
            progress(min((batch + 1) * size, count), count)

    told = keras.callbacks.LambdaCallback(on_test_batch_end=tell)
    losses = vae.evaluate(batches, verbose=0, return_dict=True, callbacks=[told])
    return {name: float(value) for name, value in losses.items()}
