"""`kvae latent-map`: encoded images as a dot plot, coloured by attribute or class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .command import command, option
from .command_line import typed
from .data_source import DataSource, binarization_note, binarized_for, data_options
from .model_choice import ModelChoice, model_options
from .outputs import NUMBERS, Outputs, echo, output_options, picture_option
from .progress import progress_bar
from .types import RANDOM_SEED, SPLIT, Integer

if TYPE_CHECKING:
    import numpy as np

    from keras_vae.datasets import ImageDataset
    from keras_vae.latent_space.grouping import Grouping

# Method → its name in a caption. Copied from keras_vae: `--help` imports no library.
METHODS = {
    "umap": "UMAP of z_mean",
    "pca": "principal components of z_mean",
    "tsne": "t-SNE of z_mean",
    "none": "z_mean itself, in the two dimensions that vary most",
}


@command("latent-map", epilog="Example: kvae latent-map celeba --color Attractive")
@click.argument("data")
@option("--color by", default="label", metavar="ATTRIBUTE|label")
@option("--method", list(METHODS), "pca")
@data_options(option("--split", SPLIT, "validation"), option("--limit", Integer(10), 20_000))
@option("--seed", RANDOM_SEED, 0)
@model_options()
@output_options(picture_option("latent-map.png"), *NUMBERS)
def latent_map(
    data: str,
    by: str,
    method: str,
    source: DataSource,
    split: str,
    limit: int,
    seed: int,
    choice: ModelChoice,
    outputs: Outputs,
) -> None:
    """Plot the encoded images of DATA in two dimensions, coloured by an attribute or by class.

    Disks mark the means of the groups. Of more than ten classes the nine largest have colours of
    their own. A linear probe measures how well the whole latent separates the groups, independently
    of the two dimensions: it is fitted to a random half of the images and measured on the other
    half.

    Args:
        data: Name of a data set, or path of images: a folder, a .zip, .npz, .npy or .csv.
        by: Attribute that colours the points; label: the class.
        method: Projection to two dimensions. UMAP needs pip install 'keras-vae[umap]'; none: the
            two dimensions that vary most.
        source: Folders of the data set and of prepared images.
        split: Split of the images.
        limit: Maximum number of images, chosen randomly.
        seed: Seed of all random choices.
        choice: The model.
        outputs: The files to write.
    """
    from keras_vae import plotting
    from keras_vae.latent_space.projections import FEWEST, check_method, project
    from keras_vae.plotting.figures import TEN

    outputs.check()
    check_method(method)
    model = choice.open()
    choice.start(model)
    dataset = source.load_for_model(model, data)
    rows = dataset.choose(split, limit, seed)
    if len(rows) < FEWEST:
        raise ValueError(_too_few(dataset, split))
    groups = _groups(dataset, rows, by)
    grouping = groups.largest(len(TEN))
    images = binarized_for(model, dataset, seed)
    with progress_bar("Encoding") as progress:
        z_mean, _ = model.encode_rows(images, rows, progress=progress)
    if method in ("umap", "tsne"):
        click.echo(f"{METHODS[method]} of {len(rows):,} images takes some time.", err=True)
    plane, axes = project(z_mean, method, seed=seed)
    probe = _probe(grouping.probe_auc(z_mean, seed=seed), len(grouping.names))
    picture = plotting.scatter(
        plane,
        grouping.index,
        grouping.names,
        axes=axes,
        title=f"{_subject(by, groups, dataset)} in the latent space of {model.name}",
        caption=f"{len(rows):,} images of {dataset.name} ({split}){binarization_note(model)}: "
        f"{METHODS[method]}. Disks are group means.\n{probe}",
    )
    echo(probe)
    points = zip(rows, plane, groups.index, strict=True)
    outputs.write(
        picture,
        [
            {"name": dataset.name_of(row), "row": row, "x": x, "y": y, "group": groups.names[i]}
            for row, (x, y), i in points
        ],
    )


def _too_few(dataset: ImageDataset, split: str) -> str:
    """Say that a split has too few images for a map, and which one has enough."""
    from keras_vae.datasets.splits import SPLITS
    from keras_vae.latent_space.projections import FEWEST

    larger = max(SPLITS, key=dataset.count)
    enough = dataset.count(larger) >= FEWEST
    cure = f" --split {larger} has {dataset.count(larger):,}." if enough else ""
    return (
        f"A map needs at least {FEWEST} images. Received: {dataset.count(split)} {split} images "
        f"of {dataset.name!r}.{cure}"
    )


def _groups(dataset: ImageDataset, rows: np.ndarray, by: str) -> Grouping:
    """Group the images; those of which nothing is known are one group, unless one is asked for."""
    import numpy as np

    from keras_vae.latent_space.grouping import Grouping

    unknown = dataset.labels is None and not dataset.attribute_names
    if unknown and not typed(click.get_current_context(), "by"):
        return Grouping(("images",), np.zeros(len(rows), int))
    return Grouping.of(dataset, rows, by)


def _subject(by: str, groups: Grouping, dataset: ImageDataset) -> str:
    if by != "label" or by in dataset.attribute_names:
        return by
    return "Images" if len(groups.names) == 1 else "Classes"


def _probe(auc: float | None, groups: int) -> str:
    if groups == 1:
        return "Linear probe: none, since the images have neither labels nor attributes."
    if auc is None:
        return "Linear probe: none, since one group has too few images."
    kind = "probe:" if groups == 2 else "probes, one class against the rest: mean"
    return f"Linear {kind} AUC {auc:.3f} (fitted to half of the images, measured on the other)."
