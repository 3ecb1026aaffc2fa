"""Measure whether reconstructed faces are sharp and the same person, and samples like photos.

    python benchmarks/faces.py --model celeba64 --data-dir ~/celeba

The images are validation photos at their full size, the central 148×148 pixels of each. The model
gets them reduced to its own size; all judges see its reconstructions enlarged (bicubic) again.

- Same person: dlib's face recognition network (extra `bench`: dlib-bin, face-recognition-models;
  the network is in the public domain). Two photos show the same person if their descriptors are
  nearer than 0.6. No face is detected: the photos are aligned, and a fixed part of each is the
  network's input. Nearest: the share of reconstructions whose nearest photo, of all, is their own.
- Glasses kept: share of the photos with glasses whose reconstruction has them, by the classifier of
  `kvae evaluate`, among the photos on which it is right.
- Sharpness: energy of the Laplacian of the reconstructions at 128×128, divided by the photos'.
- PSNR at 128×128.
- Two samples: a network is trained to distinguish photos from generated faces at 128×128. Its area
  under the ROC curve on others is 0.5 if it cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import numpy as np
from heading import heading
from PIL import Image

from keras_vae.cli.data_source import DataSource, data_options
from keras_vae.cli.model_choice import ModelChoice, model_options
from keras_vae.cli.quiet import load_tensorflow

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.inference.model import Model

FULL, COMPARED = 148, 128  # sides of the photos, and of the images of all judges but dlib
CHIP = 150  # side of the network's input
# Left, upper and side, in the photo, of the part that dlib itself cuts out by landmarks: medians
# over 95 photos. Descriptors of this part differ from those of dlib's own by 0.17 (median).
PART = (20.52, 43.73, 107.28)
BORDER = 16  # pixels that are mirrored around the photo: the part reaches below it
SAME_PERSON = 0.6  # dlib's own threshold
GLASSES = "Eyeglasses"
BATCH, EPOCHS, HELD_OUT = 64, 3, 0.25  # of the network that distinguishes two samples


@click.command(help=__doc__.partition("\n")[0])
@data_options()
@model_options()
@click.option("--faces", default=1000, show_default=True, help="Validation photos.")
@click.option("--samples", default=4000, show_default=True, help="Generated faces of each prior.")
@click.option("--seed", default=0, show_default=True, help="Seed of the selection.")
def main(source: DataSource, choice: ModelChoice, faces: int, samples: int, seed: int) -> None:
    """Measure, and print a table."""
    load_tensorflow()
    model = choice.open(faces)
    photos = source.load("celeba", (FULL, FULL), 3)
    small = source.load_for_model(model, "celeba")
    click.echo(f"{heading(model.name, f'seed {seed}', packages=('dlib-bin',))}\n")
    click.echo("| | |\n|---|---:|")
    for name, value in measure(model, photos, small, faces, samples, seed).items():
        click.echo(f"| {name} | {value:.3f} |")


def measure(
    model: Model, photos: ImageDataset, small: ImageDataset, faces: int, samples: int, seed: int
) -> dict[str, float]:
    """Measure a model.

    Args:
        model: The model.
        photos: The data set at full size.
        small: The data set at the model's size.
        faces: Number of validation photos.
        samples: Number of generated faces of each prior.
        seed: Of the choice of photos.
    """
    from keras_vae.experiments.face_measures import sharpness

    rows = photos.choose("validation", faces, seed)
    originals = np.asarray(photos.images[rows])
    rebuilt = model.reconstruct(scaled(originals, model.image_shape[0], Image.Resampling.BILINEAR))
    pairs = [scaled(images, COMPARED) for images in (originals, rebuilt)]
    descriptors = [described(scaled(images, FULL)) for images in (originals, rebuilt)]
    errors = np.square((pairs[0].astype(np.float32) - pairs[1]) / 255.0).mean(axis=(1, 2, 3))
    found = {
        **same_person(*descriptors),
        "glasses kept": glasses_kept(model, small),
        "sharpness": sharpness(pairs[1]) / sharpness(pairs[0]),
        "PSNR (dB)": float(-10.0 * np.log10(errors).mean()),
    }
    others = photos.choose("validation", samples, seed + 1)
    real = scaled(np.asarray(photos.images[others]), COMPARED)
    for prior in model.metadata["priors"]:
        generated = model.generate(len(real), seed=0, prior=prior)
        found[f"two samples, {prior}: AUC"] = two_samples(real, scaled(generated, COMPARED), seed)
    return found


def scaled(
    images: np.ndarray, side: int, resampling: Image.Resampling = Image.Resampling.BICUBIC
) -> np.ndarray:
    """Scale square images, uint8 [N, S, S, 3], to a side."""
    if images.shape[1] == side:
        return images
    return np.stack(
        [np.asarray(Image.fromarray(each).resize((side, side), resampling)) for each in images]
    )


def described(images: np.ndarray) -> np.ndarray:
    """Descriptors of aligned photos at full size by dlib's network, [N, 128]."""
    import dlib

    from keras_vae.losses.face_embedder import weights_file

    network = dlib.face_recognition_model_v1(str(weights_file()))
    return np.array([network.compute_face_descriptor(chip(each)) for each in images])


def chip(image: np.ndarray) -> np.ndarray:
    """The part of an aligned photo that is the network's input."""
    larger = np.pad(image, [(BORDER, BORDER), (BORDER, BORDER), (0, 0)], "symmetric")
    left, upper, side = PART[0] + BORDER, PART[1] + BORDER, PART[2]
    box = (left, upper, left + side, upper + side)
    resized = Image.fromarray(larger).resize((CHIP, CHIP), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized)


def same_person(photos: np.ndarray, reconstructions: np.ndarray) -> dict[str, float]:
    """Compare descriptors of photos and of their reconstructions, both [N, 128]."""
    distances = np.linalg.norm(reconstructions[:, None] - photos[None], axis=-1)
    own = np.diagonal(distances)
    return {
        "same person": float((own < SAME_PERSON).mean()),
        "median distance": float(np.median(own)),
        f"nearest of {len(own):,} is itself": float(
            (distances.argmin(axis=1) == np.arange(len(own))).mean()
        ),
    }


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
    images = np.concatenate([real, generated])
    labels = np.repeat([1.0, 0.0], [len(real), len(generated)])
    order = np.random.default_rng(seed).permutation(len(images))
    held_out, seen = np.split(order, [round(HELD_OUT * len(order))])
    network.fit(images[seen], labels[seen], batch_size=BATCH, epochs=EPOCHS, verbose=0)
    logits = network.predict(images[held_out], batch_size=250, verbose=0)[:, 0]
    return float(roc_auc_score(labels[held_out], logits))


if __name__ == "__main__":
    main()
