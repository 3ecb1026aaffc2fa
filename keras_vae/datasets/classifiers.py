"""The attribute classifier: a small network trained on a data set's own labels or attributes.

It is the teacher of the perceptual and the distillation loss, and the feature extractor of FID and
KID where InceptionV3 cannot be used.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

from ..files.atomic import write_atomically
from ..files.keras_file import load_keras_file
from ..files.progress import Progress
from . import ImageDataset
from .prepared import file_name
from .preprocessing import Preprocessing

logger = logging.getLogger(__name__)

VERSION = 1  # raised when the same data would give another classifier
FILTERS = (32, 64, 128)
MAPS = tuple(f"maps_{number}" for number, _ in enumerate(FILTERS, start=1))  # names of layers
FEATURES = 128
BATCH = 128
MOST_STEPS = 1500  # about a minute of two CPU cores
MOST_EPOCHS = 30
NEAR_CHANCE = 0.2


@dataclass(frozen=True)
class Recipe:
    """Which classifier is trained.

    Attributes:
        size: Height and width that images are scaled to.
        seed: Of the initial weights and of the order of images.
    """

    size: tuple[int, int] = (32, 32)
    seed: int = 0

    @property
    def preprocessing(self) -> Preprocessing:
        """What is done to images before the classifier."""
        return Preprocessing(self.size, low=-1.0, high=1.0)


EXTRACTOR = Recipe()  # whose features FID and KID are measured with
PREPROCESSING = EXTRACTOR.preprocessing


def find_classifier(
    dataset: ImageDataset, recipe: Recipe = EXTRACTOR, progress: Progress | None = None
) -> keras.Model:
    """Open the classifier of a data set; the first time, train it.

    It is stored in the cache of prepared sets that the data set comes from, if it does. A damaged
    one is trained again, which a warning says.

    Args:
        dataset: Images with labels or attributes.
        recipe: Which classifier.
        progress: Called with (done, total) images of the training.

    Raises:
        ValueError: If the data set has neither labels nor attributes, or no training images.
    """
    file = _cache_file(dataset, recipe)
    if file is None:
        return train_classifier(dataset, recipe, progress)
    if file.exists():
        try:
            return load_keras_file(file)
        except ValueError as error:
            logger.warning("%s. It is trained again", str(error).rstrip("."))
    classifier = train_classifier(dataset, recipe, progress)
    write_atomically(file, classifier.save, overwrite=True)
    return load_keras_file(file)


def train_classifier(
    dataset: ImageDataset, recipe: Recipe = EXTRACTOR, progress: Progress | None = None
) -> keras.Model:
    """Train a small convolutional network on the training split, from a fixed seed.

    Args:
        dataset: Images with labels or attributes.
        recipe: Which classifier.
        progress: Called with (done, total) images.

    Returns:
        A model from preprocessed images to logits [B, T]. The layer before the logits is
        `features`; `MAPS` names the layers of feature maps.

    Raises:
        ValueError: If the data set has neither labels nor attributes, or no training images.
    """
    batches = _Batches(recipe, dataset, "train")
    if not len(batches):
        raise ValueError(f"`dataset` must have training images. Received: {dataset.name!r}.")
    epochs = max(1, min(MOST_EPOCHS, round(MOST_STEPS * BATCH / len(batches.rows))))
    total = epochs * len(batches)
    keras.utils.set_random_seed(recipe.seed)
    model = _build((*recipe.size, dataset.image_shape[2]), batches.targets.shape[1])
    exclusive = dataset.labels is not None
    loss = keras.losses.CategoricalCrossentropy if exclusive else keras.losses.BinaryCrossentropy
    rate = keras.optimizers.schedules.CosineDecay(2e-3, total)
    model.compile(keras.optimizers.Adam(rate), loss(from_logits=True))
    report = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: progress(
            BATCH * int(model.optimizer.iterations), BATCH * total
        )
    )
    callbacks = [report] if progress else []
    model.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks)
    return model


@dataclass(frozen=True)
class Score:
    """How well a classifier predicts the targets of held-out images.

    Attributes:
        split: The split of these images.
        measure: "accuracy" of labels, or "mean AUC" of attributes.
        value: The measure.
        chance: Its value without knowledge of the images: the share of the largest class, or 0.5.
    """

    split: str
    measure: str
    value: float
    chance: float

    @property
    def near_chance(self) -> bool:
        """Whether less than a fifth of the way from chance to 1 is reached."""
        return self.value - self.chance < NEAR_CHANCE * (1.0 - self.chance)

    def __str__(self) -> str:
        return f"{self.split} {self.measure} {self.value:.3f}"


def held_out_score(classifier: keras.Model, dataset: ImageDataset) -> Score | None:
    """Measure a feature extractor on the validation split, or else on the test split.

    Returns:
        The score; None if there are no held-out images, or no attribute varies among them.
    """
    split = "validation" if dataset.count("validation") else "test"
    batches = _Batches(EXTRACTOR, dataset, split)
    if not len(batches):
        return None
    logits, targets = classifier.predict(batches, verbose=0), batches.targets[batches.rows]
    if dataset.labels is not None:
        accuracy = np.mean(logits.argmax(axis=1) == targets.argmax(axis=1))
        return Score(split, "accuracy", float(accuracy), float(targets.mean(axis=0).max()))
    varied = targets.any(axis=0) & ~targets.all(axis=0)
    if not varied.any():
        return None
    auc = roc_auc_score(targets[:, varied], logits[:, varied])
    return Score(split, "mean AUC", float(auc), 0.5)


def describe(classifier: keras.Model, dataset: ImageDataset, score: Score | None) -> str:
    """Describe a feature extractor: its training targets, and its score on held-out images."""
    kind = "attributes" if dataset.labels is None else "labels"
    name = (
        f"classifier of {classifier.output_shape[-1]} {kind} of {dataset.name}, "
        f"seed {EXTRACTOR.seed}, {FEATURES} features"
    )
    return name if score is None else f"{name}, {score}"


def targets_of(dataset: ImageDataset) -> np.ndarray:
    """Return the targets of a classifier: float32 [N, T] of 0 and 1.

    Labels become one of T classes; attributes become T yes-or-no questions.

    Raises:
        ValueError: If the data set has neither labels nor attributes.
    """
    if dataset.labels is not None:
        return np.equal.outer(dataset.labels, np.unique(dataset.labels)).astype(np.float32)
    if dataset.attributes is not None:
        return (np.asarray(dataset.attributes) > 0).astype(np.float32)
    raise ValueError(
        "`dataset` must have labels or attributes to train a classifier on. "
        f"Received: {dataset.name!r}, which has neither. For FID and KID, `features` can be a "
        "saved network instead."
    )


def _build(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    # The moving averages of a short training must forget its first steps: momentum 0.9, not 0.99.
    normalization = partial(keras.layers.BatchNormalization, momentum=0.9)
    layers = [keras.Input(image_shape)]
    for name, filters in zip(MAPS, FILTERS, strict=True):
        layers.append(keras.layers.Conv2D(filters, 3, 2, padding="same", use_bias=False))
        layers += [normalization(), keras.layers.ReLU(name=name)]
    layers += [keras.layers.Flatten(), keras.layers.Dense(FEATURES, use_bias=False)]
    # Normalized without a learned scale, features of any data set have the same size.
    layers += [normalization(scale=False), keras.layers.ReLU(name="features")]
    return keras.Sequential([*layers, keras.layers.Dense(outputs, name="logits")])


class _Batches(keras.utils.PyDataset):
    """Preprocessed images of a split and their targets; for training, in a new order each epoch."""

    def __init__(self, recipe: Recipe, dataset: ImageDataset, split: str) -> None:
        super().__init__()
        self.preprocessing, self.images = recipe.preprocessing, dataset.images
        self.targets, self.rows = targets_of(dataset), dataset.indices(split)
        self.training, self.rng = split == "train", np.random.default_rng(recipe.seed)
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        if self.training:
            self.rows = self.rng.permutation(self.rows)

    def __len__(self) -> int:
        return math.ceil(len(self.rows) / BATCH)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.rows[index * BATCH : (index + 1) * BATCH]
        return np.asarray(self.preprocessing(self.images[rows])), self.targets[rows]


def _cache_file(dataset: ImageDataset, recipe: Recipe) -> Path | None:
    """Return the classifier's file; None for a data set that is not from the cache."""
    if "prepared" not in dataset.provenance:
        return None
    prepared = Path(dataset.provenance["prepared"])
    # The rows, not the seed that chose them: most sets have an official split.
    rows = hashlib.sha256(dataset.indices("train").tobytes()).hexdigest()
    facts = [VERSION, prepared.name, rows] + ([asdict(recipe)] if recipe != EXTRACTOR else [])
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
    return prepared.parent / "classifiers" / file_name(dataset.name, f"-{key}.keras")
