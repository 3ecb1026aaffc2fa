"""What judges say of a model's reconstructed and generated faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from judges import FULL, Judge
from PIL import Image

from keras_vae.cli.progress import progress_bar

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.inference.model import Model

COMPARED = 128  # side of the images of all judges but those of people
AT_ONCE = 200  # photos that are reconstructed and described at a time
GLASSES = "Eyeglasses"
GROUPED = ("Male", "Young", "Pale_Skin", GLASSES)
BATCH, EPOCHS, HELD_OUT = 64, 3, 0.25  # of the network that distinguishes two samples


@dataclass(frozen=True)
class FaceGroup:
    """Photos with the same attributes.

    Attributes:
        name: The attributes.
        count: Number of photos.
        people: For each judge, by its name: the share of the reconstructions that show the same
            person, and the median distance.
    """

    name: str
    count: int
    people: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class FaceMeasurement:
    """What the judges say.

    Attributes:
        count: Number of photos.
        people: Each judge's numbers, by its name: see `Judge.compare`.
        groups: The same photos in groups of the attributes `GROUPED`.
        values: The numbers of the judges of pixels, by their names.
    """

    count: int
    people: dict[str, dict[str, float | int]]
    groups: list[FaceGroup]
    values: dict[str, float]


def measure_faces(
    model: Model,
    photos: ImageDataset,
    small: ImageDataset,
    judges: list[Judge],
    people: np.ndarray | None,
    *,
    faces: int,
    samples: int,
    seed: int,
) -> FaceMeasurement:
    """Measure a model.

    Args:
        model: The model.
        photos: The data set at full size.
        small: The data set at the model's size.
        judges: Of people.
        people: Identity of each photo of the data set, or None.
        faces: Number of validation photos.
        samples: Number of generated faces of each prior.
        seed: Of the choice of photos.
    """
    rows = photos.choose("validation", faces, seed)
    descriptors, values = compare(model, photos, rows, judges)
    identities = None if people is None else people[rows]
    values["glasses kept"] = glasses_kept(model, small)
    others = photos.choose("validation", samples, seed + 1)
    real = scaled(np.asarray(photos.images[others]), COMPARED)
    for prior in model.metadata["priors"]:
        generated = scaled(model.generate(len(real), seed=0, prior=prior), COMPARED)
        values[f"photos against samples, {prior}: AUC"] = two_samples(real, generated, seed)
    return FaceMeasurement(
        len(rows),
        {
            judge.name: judge.compare(*each, identities)
            for judge, each in zip(judges, descriptors, strict=True)
        },
        groups_of(photos, rows, judges, descriptors),
        values,
    )


def groups_of(
    photos: ImageDataset, rows: np.ndarray, judges: list[Judge], descriptors: list[np.ndarray]
) -> list[FaceGroup]:
    """Compare the people of each group.

    Args:
        photos: The data set.
        rows: Rows of the compared photos, [N].
        judges: Of people.
        descriptors: Each judge's, of photos and reconstructions, [2, N, D].
    """
    from keras_vae.evaluation.groups import group_images

    distances = [np.linalg.norm(before - after, axis=1) for before, after in descriptors]
    groups = []
    for name, members in group_images(photos, rows, GROUPED):
        people = {}
        for judge, each in zip(judges, distances, strict=True):
            own = each[members]
            people[judge.name] = float((own < judge.threshold).mean()), float(np.median(own))
        groups.append(FaceGroup(name, int(members.sum()), people))
    return groups


def compare(
    model: Model, photos: ImageDataset, rows: np.ndarray, judges: list[Judge]
) -> tuple[list[np.ndarray], dict[str, float]]:
    """Compare photos with their reconstructions, some at a time: all at 148×148 take gigabytes.

    Returns:
        Each judge's descriptors of photos and reconstructions, [2, N, D]; sharpness and PSNR.
    """
    from keras_vae.experiments.face_measures import sharpness

    descriptors: list[list[np.ndarray]] = [[] for _ in judges]
    errors, energies = [], []
    resampling = Image.Resampling[model.resampling.upper()]
    with progress_bar("Comparing") as progress:
        for first in range(0, len(rows), AT_ONCE):
            originals = np.asarray(photos.images[rows[first : first + AT_ONCE]])
            reduced = scaled(originals, model.image_shape[0], resampling)
            pair = originals, model.reconstruct(reduced)
            for judge, found in zip(judges, descriptors, strict=True):
                found.append(np.stack([judge.describe(scaled(images, FULL)) for images in pair]))
            compared = [scaled(images, COMPARED) for images in pair]
            differences = (compared[0].astype(np.float32) - compared[1]) / 255.0
            errors.append(np.square(differences).mean(axis=(1, 2, 3)))
            for images in zip(*compared, strict=True):
                energies.append([sharpness(image[None]) for image in images])
            progress(first + len(originals), len(rows))
    photos_energy, energy = np.mean(energies, axis=0)
    pixels = {
        "sharpness": float(energy / photos_energy),
        "PSNR (dB)": float(-10.0 * np.log10(np.concatenate(errors)).mean()),
    }
    return [np.concatenate(found, axis=1) for found in descriptors], pixels


def scaled(
    images: np.ndarray, side: int, resampling: Image.Resampling = Image.Resampling.BICUBIC
) -> np.ndarray:
    """Scale square images, uint8 [N, S, S, 3], to a side."""
    if images.shape[1] == side:
        return images
    return np.stack(
        [np.asarray(Image.fromarray(each).resize((side, side), resampling)) for each in images]
    )


def glasses_kept(model: Model, dataset: ImageDataset) -> float:
    """Share of the photos with glasses whose reconstructions have them, by the classifier."""
    from keras_vae.datasets.classifiers import PREPROCESSING, find_classifier

    column = dataset.attribute_names.index(GLASSES)
    rows = dataset.indices("validation")
    images = np.asarray(dataset.images[rows[dataset.attributes[rows, column] > 0]])
    classifier = find_classifier(dataset)
    has = [
        classifier.predict(np.asarray(PREPROCESSING(each)), verbose=0)[:, column] > 0
        for each in (images, model.reconstruct(images))
    ]
    return float(has[1][has[0]].mean())


def two_samples(real: np.ndarray, generated: np.ndarray, seed: int) -> float:
    """Train a network to distinguish two sets of images; its AUC on a quarter held out.

    Args:
        real: uint8 [N, S, S, 3].
        generated: Likewise.
        seed: Of the weights and of the order.
    """
    import keras
    from sklearn.metrics import roc_auc_score

    keras.utils.set_random_seed(seed)
    layers = [keras.Input(real.shape[1:]), keras.layers.Rescaling(1 / 127.5, -1.0)]
    for filters in (16, 32, 64, 128, 128):
        layers += [
            keras.layers.Conv2D(filters, 3, 2, padding="same", use_bias=False),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
        ]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1)]
    network = keras.Sequential(layers)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(1e-3), loss)
    order = np.random.default_rng(seed).permutation(len(real) + len(generated))
    images = np.concatenate([real, generated])[order]
    labels = np.repeat([1.0, 0.0], [len(real), len(generated)])[order]
    count = round(HELD_OUT * len(order))
    network.fit(images[count:], labels[count:], batch_size=BATCH, epochs=EPOCHS, verbose=0)
    logits = network.predict(images[:count], batch_size=250, verbose=0)[:, 0]
    return float(roc_auc_score(labels[:count], logits))
