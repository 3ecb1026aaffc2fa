"""`kvae latent-map`: encoded images as points, coloured by attribute or class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .images import load_for_model, note_of_binarization, seen_by
from .options import data_options, model_option, split_option
from .outputs import Outputs, output_options
from .progress import progress_bar
from .quiet import load_tensorflow
from .standard_output import tell

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.latent_space.grouping import Grouping

# Spelt out, since `--help` shall import nothing: what each is called in a caption.
METHODS = {
    "umap": "UMAP of z_mean",
    "pca": "principal components of z_mean",
    "tsne": "t-SNE of z_mean",
    "none": "z_mean itself, in the two dimensions that vary most",
}


@click.command("latent-map", epilog="Example: kvae latent-map celeba --color Attractive")
@click.argument("data")
@click.option(
    "--color",
    "by",
    default="label",
    show_default=True,
    metavar="ATTRIBUTE|label",
    help="Colour the points by an attribute, or by class.",
)
@click.option(
    "--method",
    type=click.Choice(list(METHODS)),
    default="pca",
    show_default=True,
    help="How two dimensions are made. UMAP needs pip install 'keras-vae[umap]'; "
    "none takes the two dimensions that vary most.",
)
@split_option("validation")
@click.option(
    "--limit",
    type=click.IntRange(10),
    default=20_000,
    show_default=True,
    help="The most images, chosen at random.",
)
@click.option("--seed", default=0, show_default=True, help="Of all that is chosen at random.")
@model_option
@data_options
@output_options("latent-map.png")
def latent_map(
    data: str,
    by: str,
    method: str,
    split: str,
    limit: int,
    seed: int,
    model_name: str,
    data_dir: Path | None,
    cache_dir: Path | None,
    outputs: Outputs,
) -> None:
    """Scatter the encoded images of DATA, coloured by an attribute or by class.

    DATA is a data set's name, or the path of an .npz file or a folder. Disks mark the means of the
    groups. A linear probe says how well the whole latent tells the groups apart, whatever two
    dimensions show: it is fitted on a random half of the images and measured on the other.
    """
    from keras_vae import plotting
    from keras_vae.inference import registry as runtime
    from keras_vae.latent_space.grouping import Grouping
    from keras_vae.latent_space.projections import check_method, project

    outputs.check()
    check_method(method)
    model = runtime.load(model_name)
    load_tensorflow()
    dataset = load_for_model(model, data, data_dir=data_dir, cache_dir=cache_dir)
    rows = dataset.choose(split, limit, seed)
    grouping = Grouping.of(dataset, rows, by)
    _check_colours(grouping, dataset)
    seen = seen_by(model, dataset, seed)
    with progress_bar("Encoding") as progress:
        z_mean, _ = model.encode_rows(seen, rows, progress=progress)
    if method in ("umap", "tsne"):
        click.echo(f"{METHODS[method]}, {len(rows):,} images: this takes a while.", err=True)
    projection = project(z_mean, method, seed=seed)
    probe = _probe(grouping.probe_auc(z_mean, seed=seed), len(grouping.names))
    picture = plotting.scatter(
        projection.points,
        grouping.index,
        grouping.names,
        axes=projection.axes,
        title=f"{'Classes' if by == 'label' else by} in the latent space of {model.name}",
        caption=f"{len(rows):,} images of {dataset.name} ({split}){note_of_binarization(model)}: "
        f"{METHODS[method]}. Disks are group means.\n{probe}",
    )
    tell(probe)
    points = zip(rows, projection.points, grouping.index, strict=True)
    outputs.write(
        picture,
        [{"row": row, "x": x, "y": y, "group": grouping.names[i]} for row, (x, y), i in points],
    )


def _check_colours(grouping: Grouping, dataset: ImageDataset) -> None:
    """Refuse more groups than there are colours, before anything is encoded."""
    from keras_vae.plotting.figures import TEN

    if len(grouping.names) > len(TEN):
        names = ", ".join(dataset.attribute_names)
        hint = f"Use --color ATTRIBUTE, one of {names}." if names else "It has no attributes."
        raise ValueError(
            f"A map has colours for {len(TEN)} classes at most; {dataset.name!r} has "
            f"{len(grouping.names)}. {hint}"
        )


def _probe(auc: float | None, groups: int) -> str:
    if auc is None:
        return "Linear probe: none, since one group has too few images."
    kind = "probe:" if groups == 2 else "probes, one class against the rest: mean"
    return f"Linear {kind} AUC {auc:.3f} (fitted on half of the images, measured on the other)."
