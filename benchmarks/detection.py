"""Compare the face detection with that of the package `mtcnn`, which runs on TensorFlow.

    pip install -e '.[test]'
    python benchmarks/detection.py --data-dir ~/celeba

First the cost: a cold process opens a photo, detects its face and aligns it, in turns with both
detectors and with an import of TensorFlow. Then the agreement, on aligned originals of CelebA's
validation split, on crowds of 24 of them, and on scikit-image's astronaut, rotated, small, dark and
several times: the distance between the eyes that both find, in pixels of the photo.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from itertools import islice
from pathlib import Path

import click
import numpy as np
from alignment import validation_originals
from heading import heading
from package_mtcnn import detect_landmarks as detect_by_the_package
from package_mtcnn import in_alignment
from PIL import Image
from processes import python, run, save_photo

from keras_vae.faces import networks
from keras_vae.faces.alignment import EYES, detect_faces, detection_pixels
from keras_vae.faces.detection import detect_landmarks
from keras_vae.faces.similarity import Similarity
from keras_vae.files.photos import ALIGNED_SIZE

MEGAPIXELS = (1, 12)
ALIGN = """
from keras_vae.faces.alignment import detect_faces
from keras_vae.files.photos import open_photo
photo = open_photo({!r})
detect_faces(photo)[0].crop(photo)
"""
PACKAGE = "import package_mtcnn; package_mtcnn.in_alignment().start()"
CROWD = (6, 4)  # columns and rows of originals


@click.command(help=__doc__.partition("\n")[0])
@click.option("--data-dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--faces", default=50, show_default=True, help="Largest number of originals.")
@click.option("--rounds", default=5, show_default=True, help="Cold processes of each kind.")
@click.option(
    "--networks",
    "folder",
    type=click.Path(exists=True, path_type=Path),
    default=networks.FOLDER,
    help="Folder of other .tflite files of MTCNN, as tools/convert_mtcnn.py writes them.",
)
def main(data_dir: Path, faces: int, rounds: int, folder: Path) -> None:
    """Measure costs and agreement, and print two tables."""
    networks.FOLDER = folder
    packages = ("mtcnn", "ai-edge-litert", "pillow")
    click.echo(f"{heading(f'{faces} originals', f'{rounds} rounds', packages=packages)}\n")
    if rounds:
        click.echo(f"{costs(rounds)}\n")  # first, while this process is small
    originals = list(islice(validation_originals(data_dir), faces))
    groups = {
        "originals": originals,
        "crowds": list(crowds(originals)),
        "astronaut": list(astronauts()),
    }
    click.echo(agreement(groups))


def costs(rounds: int) -> str:
    """Measure cold processes in turns; a table of medians."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {"`import tensorflow`": "import tensorflow"}
        for megapixels in MEGAPIXELS:
            side = round((megapixels * 1e6) ** 0.5)
            align = ALIGN.format(str(save_photo(Path(folder) / f"{megapixels}.jpg", side)))
            commands[f"mtcnn, {megapixels} megapixels"] = PACKAGE + align
            commands[f"LiteRT, {megapixels} megapixels"] = align
        turns = [
            [astuple(run(python(command))) for command in commands.values()] for _ in range(rounds)
        ]
    medians = np.median(turns, axis=0)
    relative = medians[:, :2] / medians[0, :2]
    rows = [
        f"| {title} | {wall:.2f} | {wall_ratio:.2f} | {cpu:.2f} | {cpu_ratio:.2f} | {peak:.0f} |"
        for title, (wall, cpu, peak), (wall_ratio, cpu_ratio) in zip(
            commands, medians, relative, strict=True
        )
    ]
    head = "| cold process | seconds | ratio | processor seconds | ratio | peak memory, MB |"
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|", *rows])


def astronaut() -> Image.Image:
    """scikit-image's photo of Eileen Collins, 512×512."""
    from skimage import data

    return Image.fromarray(data.astronaut())


def astronauts() -> Iterator[Image.Image]:
    """Yield the astronaut as she is, rotated, small, dark, and three times in a photo."""
    photo = astronaut()
    yield photo
    for degrees, scale, shift in ((30, 0.6, 200 + 20j), (-25, 1.5, -60 + 250j), (10, 1.1, 30)):
        factor = scale * np.exp(1j * np.radians(degrees))
        yield Similarity(factor, shift).warp(photo, (800, 800))
    yield photo.resize((128, 128))
    yield photo.point(lambda level: level * 0.15)
    group = Image.new("RGB", (1100, 520), "grey")
    for left, side in ((0, 260), (300, 512), (830, 230)):
        group.paste(photo.resize((side, side)), (left, 4))
    yield group


def crowds(originals: list[Image.Image]) -> Iterator[Image.Image]:
    """Yield grids of originals."""
    columns, rows = CROWD
    width, height = ALIGNED_SIZE
    count = columns * rows
    for first in range(0, len(originals) - count + 1, count):
        crowd = Image.new("RGB", (columns * width, rows * height))
        for number, original in enumerate(originals[first : first + count]):
            row, column = divmod(number, columns)
            crowd.paste(original, (column * width, row * height))
        yield crowd


def agreement(groups: dict[str, list[Image.Image]]) -> str:
    """Compare both detectors on groups of photos; a table."""
    head = (
        "| photos | faces (mtcnn) | photos with another number | eyes detected, pixels: median, "
        "largest | eyes aligned: median, largest |"
    )
    rows = [f"| {name} | {row(photos)} |" for name, photos in groups.items()]
    return "\n".join([head, "|---|---:|---:|---:|---:|", *rows])


def row(photos: Iterable[Image.Image]) -> str:
    """Compare both detectors on photos."""
    others, detected, aligned = 0, [], []
    for photo in photos:
        pixels, scale = detection_pixels(photo)
        ours, reference = detect_landmarks(pixels)[0], detect_by_the_package(pixels)[0]
        others += len(ours) != len(reference)
        detected += distances(ours[:, :2] / scale, reference[:, :2] / scale)
        ours = aligned_eyes(photo)
        with in_alignment():
            reference = aligned_eyes(photo)
        aligned += distances(ours, reference)
    spreads = [f"{np.median(values):.4f}, {np.max(values):.4f}" for values in (detected, aligned)]
    return " | ".join([str(len(detected)), str(others), *spreads])


def aligned_eyes(photo: Image.Image) -> np.ndarray:
    """Detect and align faces: their eyes in pixels of the photo, [N, 2, 2]."""
    eyes = [face.to_layout.inverse()(EYES) for face in detect_faces(photo)]
    return np.reshape(eyes, (-1, 2, 2))


def distances(ours: np.ndarray, reference: np.ndarray) -> list[float]:
    """Measure the distance of each face of the reference to the nearest of ours: its worse eye."""
    pairs = np.linalg.norm(ours[:, np.newaxis] - reference, axis=-1).max(axis=-1)
    return pairs.min(axis=0, initial=np.inf).tolist()


if __name__ == "__main__":
    main()
