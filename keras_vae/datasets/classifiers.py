"""A small classifier of a data set's own labels, whose features stand in for InceptionV3's."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

from ..files.atomic import write_atomically
from . import ImageDataset
from .prepared import cache_folder
from .preprocessing import Preprocessing
from .source import Progress

VERSION = 1  # counts up when the same data would give another classifier
FILTERS = (32, 64, 128)
MAPS = tuple(f"maps_{number}" for number, _ in enumerate(FILTERS, start=1))  # names of layers
FEATURES = 128
BATCH = 128
MOST_STEPS = 1500  # about a minute of two CPU cores
MOST_EPOCHS = 30


@dataclass(frozen=True)
class Recipe:
    """Which classifier is trained.

    Attributes:
        size: Height and width that images are scaled to.
        seed: Of weights and order.
    """

    size: tuple[int, int] = (32, 32)
    seed: int = 0

    @property
    def preprocessing(self) -> Preprocessing:
        """What is done to images before it sees them."""
        return Preprocessing(self.size, low=-1.0, high=1.0)


EXTRACTOR = Recipe()  # whose features FID and KID are measured with
PREPROCESSING = EXTRACTOR.preprocessing


def find_classifier(
    dataset: ImageDataset,
    recipe: Recipe = EXTRACTOR,
    *,
    cache_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> keras.Model:
    """Open the classifier of a data set; the first time, train it.

    It is kept in the cache of prepared sets if the data set is in there itself.

    Args:
        dataset: Images with labels, or with attributes.
        recipe: Which one.
        cache_dir: See `datasets.prepared.cache_folder`.
        progress: Called with (done, total) steps of the training.

    Raises:
        ValueError: If there is nothing to train it by.
    """
    file = _cache_file(dataset, recipe, cache_dir)
    if file is None:
        return train_classifier(dataset, recipe, progress=progress)
    if not file.exists():
        classifier = train_classifier(dataset, recipe, progress=progress)
        write_atomically(file, classifier.save, overwrite=True)
    return keras.models.load_model(file)


def train_classifier(
    dataset: ImageDataset, recipe: Recipe = EXTRACTOR, *, progress: Progress | None = None
) -> keras.Model:
    """Train a small convolutional network on the training split, from a fixed seed.

    Args:
        dataset: Images with labels, or with attributes.
        recipe: Which one.
        progress: Called with (done, total) steps.

    Returns:
        A model from what the recipe's preprocessing gives to logits. The layer before is
        `features`, those of the feature maps are named in `MAPS`.

    Raises:
        ValueError: If the data set has neither labels nor attributes, or no training images.
    """
    rows, targets = dataset.indices("train"), right_answers(dataset)
    if not len(rows):
        raise ValueError(f"`dataset` must have training images. {dataset.name!r} has none.")
    epochs = max(1, min(MOST_EPOCHS, round(MOST_STEPS * BATCH / len(rows))))
    batches = _Batches(recipe, dataset.images, targets, rows)
    total = epochs * len(batches)
    keras.utils.set_random_seed(recipe.seed)
    model = _build((*recipe.size, dataset.image_shape[2]), targets.shape[1])
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, total)), _loss(dataset)
    )
    callbacks = [_reporter(total, progress)] if progress else []
    model.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks)
    return model


def describe(classifier: keras.Model, dataset: ImageDataset) -> str:
    """Say what a feature extractor was trained on, and how good it is on the held-out images."""
    count = classifier.output_shape[-1]
    kind = "attributes" if dataset.labels is None else "labels"
    what = f"classifier of {count} {kind} of {dataset.name}"
    name = f"{what}, seed {EXTRACTOR.seed}, {FEATURES} features"
    split = "validation" if dataset.count("validation") else "test"
    rows = dataset.indices(split)
    if not len(rows):
        return name
    logits = classifier.predict(_Batches(EXTRACTOR, dataset.images, None, rows), verbose=0)
    return f"{name}, {split} {_score(logits, right_answers(dataset)[rows], dataset.labels is None)}"


def _score(logits: np.ndarray, targets: np.ndarray, several: bool) -> str:
    if not several:
        return f"accuracy {np.mean(logits.argmax(axis=1) == targets.argmax(axis=1)):.3f}"
    varied = targets.any(axis=0) & ~targets.all(axis=0)
    return f"mean AUC {roc_auc_score(targets[:, varied], logits[:, varied]):.3f}"


def right_answers(dataset: ImageDataset) -> np.ndarray:
    """Labels as one of T, or attributes as any of T: float32 [N, T] of 0 and 1.

    Raises:
        ValueError: If there are neither.
    """
    if dataset.labels is not None:
        return np.equal.outer(dataset.labels, np.unique(dataset.labels)).astype(np.float32)
    if dataset.attributes is not None:
        return (np.asarray(dataset.attributes) > 0).astype(np.float32)
    raise ValueError(
        f"`dataset` must have labels or attributes to train a classifier by. {dataset.name!r} has "
        "neither: give a saved feature extractor with --features PATH."
    )


def _loss(dataset: ImageDataset) -> keras.losses.Loss:
    if dataset.labels is None:
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.CategoricalCrossentropy(from_logits=True)


def _build(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    layers = [keras.Input(image_shape)]
    for name, filters in zip(MAPS, FILTERS, strict=True):
        layers.append(keras.layers.Conv2D(filters, 3, 2, padding="same", use_bias=False))
        layers += [_normalization(), keras.layers.ReLU(name=name)]
    layers += [keras.layers.Flatten(), keras.layers.Dense(FEATURES, use_bias=False)]
    # Normalised without a scale of their own, features of any data set have the same size.
    layers += [_normalization(scale=False), keras.layers.ReLU(name="features")]
    return keras.Sequential([*layers, keras.layers.Dense(outputs, name="logits")])


def _normalization(**options: bool) -> keras.layers.Layer:
    # The moving averages of a short training must not remember its start.
    return keras.layers.BatchNormalization(momentum=0.9, **options)


class _Batches(keras.utils.PyDataset):
    """Prepared images and their targets; in a new order each epoch, if there are targets."""

    def __init__(
        self, recipe: Recipe, images: np.ndarray, targets: np.ndarray | None, rows: np.ndarray
    ) -> None:
        super().__init__()
        self.preprocessing = recipe.preprocessing
        self.images, self.targets, self.rows = images, targets, rows
        self.rng = np.random.default_rng(recipe.seed)
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        if self.targets is not None:
            self.rows = self.rng.permutation(self.rows)

    def __len__(self) -> int:
        return math.ceil(len(self.rows) / BATCH)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        rows = self.rows[index * BATCH : (index + 1) * BATCH]
        images = np.asarray(self.preprocessing(self.images[rows]))
        return (images,) if self.targets is None else (images, self.targets[rows])


def _reporter(total: int, progress: Progress) -> keras.callbacks.Callback:
    steps = iter(range(1, total + 1))
    return keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: progress(next(steps), total)
    )


def _cache_file(dataset: ImageDataset, recipe: Recipe, cache_dir: str | Path | None) -> Path | None:
    """Where the classifier is kept; None for a data set that no cache knows."""
    if "prepared" not in dataset.provenance:
        return None
    prepared = Path(dataset.provenance["prepared"]).name
    split = [dataset.provenance.get(key) for key in ("split", "seed", "limit", "counts")]
    known = [VERSION, prepared, split] + ([asdict(recipe)] if recipe != EXTRACTOR else [])
    key = hashlib.sha256(json.dumps(known).encode()).hexdigest()[:12]
    return cache_folder(cache_dir) / "classifiers" / f"{dataset.name}-{key}.keras"
