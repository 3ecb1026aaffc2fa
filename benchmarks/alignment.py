"""Measure the accuracy of the face alignment.

    python benchmarks/alignment.py --data-dir ~/celeba

Each aligned original of the validation split is rotated by up to 30 degrees, scaled by 0.7 to 2.5,
and placed at a random position on a plain canvas of 900×900 pixels. The alignment must undo this.
The random transform and the estimated inverse together map CelebA's layout to itself. The error is
the distance by which this map moves the mean positions of the two eyes. The result is the share of
photos in which both errors are at most 3 pixels; a face that is not detected counts as an error.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click
import numpy as np
from heading import heading
from PIL import Image, ImageOps

from keras_vae.cli.progress import progress_bar
from keras_vae.faces.similarity import Similarity

CANVAS = 900
PLAIN = (127, 127, 127)
DEGREES = 30
SCALES = (0.7, 2.5)
BAR = 3.0  # pixels of the layout


@click.command(help=__doc__.partition("\n")[0])
@click.option("--data-dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--faces", default=500, show_default=True, help="Largest number of originals.")
@click.option("--seed", default=0, show_default=True, help="Seed of the random transforms.")
def main(data_dir: Path, faces: int, seed: int) -> None:
    """Transform, align, and print the errors of the eyes."""
    from keras_vae.faces.alignment import detect_faces

    originals = list(islice(validation_originals(data_dir), faces))
    generator = np.random.default_rng(seed)
    detect_faces(paste(originals[0], Similarity(1, 0)))  # loads the detector
    errors, seconds = [], []
    with progress_bar("Aligning") as progress:
        for done, original in enumerate(originals, start=1):
            way = random_placement(original.size, generator)
            photo = paste(original, way)
            start = time.perf_counter()
            found = detect_faces(photo)
            seconds.append(time.perf_counter() - start)
            errors.append(offsets(way, [face.to_layout for face in found]))
            progress(done, len(originals))
    click.echo(report(np.array(errors), np.array(seconds), seed))


def validation_originals(data_dir: Path) -> Iterator[Image.Image]:
    """Open the aligned originals of CelebA's validation split."""
    from keras_vae.datasets.registry import find_dataset
    from keras_vae.datasets.splits import SPLITS
    from keras_vae.files.photos import ALIGNED_SIZE, open_photo

    _, origin = find_dataset("celeba", data_dir)
    source = origin.read()
    for payload, split in zip(source.payloads(), source.partition, strict=True):
        if split == SPLITS["validation"]:
            photo = open_photo(payload)
            if photo.size != ALIGNED_SIZE:
                raise click.UsageError(f"{data_dir} must contain originals of 178×218.")
            yield photo


def random_placement(size: tuple[int, int], generator: np.random.Generator) -> Similarity:
    """Sample a transform from an original to the canvas, which contains all of it."""
    turn = np.exp(1j * np.radians(generator.uniform(-DEGREES, DEGREES)))
    way = Similarity(turn * np.exp(generator.uniform(*np.log(SCALES))), 0)
    bounds = way.bounds(size)
    room = CANVAS - (bounds[2:] - bounds[:2])
    corner = generator.uniform(0, np.maximum(room, 0)) - bounds[:2]
    return Similarity(way.factor, complex(*corner))


def paste(original: Image.Image, way: Similarity) -> Image.Image:
    """Transform an original onto the canvas, on a plain background."""
    framed = ImageOps.expand(original, border=1, fill=PLAIN)
    return (way @ Similarity(1, -1 - 1j)).warp(framed, (CANVAS, CANVAS))


def offsets(way: Similarity, found: list[Similarity]) -> np.ndarray:
    """Measure the error of each eye in pixels of the layout, [2]; infinite without a face."""
    from keras_vae.faces.alignment import EYES

    if not found:
        return np.full(2, np.inf)
    return np.hypot(*((found[0] @ way)(EYES) - EYES).T)


def report(errors: np.ndarray, seconds: np.ndarray, seed: int) -> str:
    """Format the results.

    Args:
        errors: Error of each eye in pixels, [N, 2].
        seconds: Time for each photo, [N].
        seed: Seed of the random transforms.
    """
    found = np.isfinite(errors).all(axis=1)
    rows = [
        f"| {eye} | {np.mean(errors[:, column] <= BAR):.1%} | "
        + " | ".join(f"{q:.2f}" for q in np.percentile(errors[found, column], [50, 90, 95]))
        + " |"
        for column, eye in enumerate(("the person's right", "the person's left"))
    ]
    return "\n".join(
        [
            heading(f"{len(errors)} originals, seed {seed}", packages=("ai-edge-litert",)),
            "",
            f"faces detected: {found.mean():.1%}",
            f"both eyes within {BAR:g} pixels: {np.mean(errors.max(axis=1) <= BAR):.1%}",
            f"seconds for a photo, median: {np.median(seconds):.2f}",
            "",
            f"| eye | within {BAR:g} pixels | median | 90 % | 95 % of the detected faces |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


if __name__ == "__main__":
    main()
