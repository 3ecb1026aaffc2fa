"""Measure whether morphs change the attribute, with an attribute classifier.

    python benchmarks/attribute_classifier.py --data-dir ~/celeba

A small convolutional network is trained on the attributes of real training faces, once, in a few
minutes, and stored in the cache. Its training set has no image of the evaluated model. Validation
faces are then morphed by n = −2 … 2. The result is the share of faces whose probability p of the
attribute never falls from one n to the next. Falls below 1e-6 are ignored, because a probability
near 0 or 1 can fall by a rounding error. The same share is computed for the logits, which do not
saturate, without a tolerance. Two more columns count fewer falls: only from n = 0 on, and only
falls by more than 0.01.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
import numpy as np
from heading import heading

from keras_vae.cli.data_source import DataSource, data_options
from keras_vae.cli.model_choice import DIRECTIONS, ModelChoice, model_options
from keras_vae.cli.progress import progress_bar
from keras_vae.cli.quiet import load_tensorflow

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset

ATTRIBUTES = ("Smiling", "Eyeglasses", "Male", "Blond_Hair", "Young", "Heavy_Makeup")
STEPS = np.arange(-2, 3)
TOLERANCE = 1e-6
VISIBLE = 0.01
HEAD = (
    "| attribute | classifier's AUC | p never falls | logit never falls | from n = 0 on | "
    f"by > {VISIBLE} | mean p at n = {', '.join(map(str, STEPS))} |\n|---|---|---|---|---|---|---|"
)

Classifier = Callable[[np.ndarray], np.ndarray]  # uint8 [B, H, W, C] → logits [B, A]


@dataclass(frozen=True)
class Row:
    """Predictions of the classifier for morphs along one attribute.

    Attributes:
        name: The attribute.
        auc: Area under the ROC curve of the classifier on real validation faces.
        shares: Shares of the faces: p never falls; the logit never falls; p never falls from n = 0
            on; p never falls by more than `VISIBLE`.
        means: Mean probability at each step.
    """

    name: str
    auc: float
    shares: tuple[float, float, float, float]
    means: np.ndarray

    @classmethod
    def of(cls, name: str, auc: float, logits: np.ndarray) -> Row:
        """Compute the row from logits [B, steps]."""
        probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
        rises = np.diff(probabilities)
        kept = (
            rises >= -TOLERANCE,
            np.diff(logits) >= 0,
            rises[:, STEPS[:-1] >= 0] >= -TOLERANCE,
            rises >= -VISIBLE,
        )
        shares = tuple(float(steps.all(axis=1).mean()) for steps in kept)
        return cls(name, auc, shares, probabilities.mean(axis=0))

    def __str__(self) -> str:
        """Format as a row of a Markdown table."""
        means = " ".join(f"{mean:.2f}" for mean in self.means)
        shares = " | ".join(f"{share:.1%}" for share in self.shares)
        return f"| {self.name} | {self.auc:.3f} | {shares} | {means} |"


@click.command(help=__doc__.partition("\n")[0])
@data_options()
@model_options(DIRECTIONS)
@click.option("--faces", default=500, show_default=True, help="Validation faces to morph.")
@click.option("--seed", default=0, show_default=True, help="Seed of their selection.")
def main(source: DataSource, choice: ModelChoice, faces: int, seed: int) -> None:
    """Train or open the classifier, morph, and print a table."""
    load_tensorflow()
    model = choice.open()
    dataset = source.load_for_model(model, "celeba")
    classifier, about = open_classifier(dataset)
    known = choice.load_directions(model)
    aucs = held_out_aucs(classifier, dataset)
    chosen = np.random.default_rng(seed).choice(dataset.indices("validation"), faces, replace=False)
    z, _ = model.encode_rows(dataset, np.sort(chosen))
    click.echo(about)
    click.echo(f"\n{heading(model.name, f'{faces} validation faces, seed {seed}')}\n\n{HEAD}")
    for name in ATTRIBUTES:
        column = dataset.attribute_names.index(name)
        morphs = [model.decode(z + n * known.direction(name)) for n in STEPS]
        logits = np.stack([classifier(images)[:, column] for images in morphs], axis=1)
        click.echo(Row.of(name, aucs[name], logits))


def open_classifier(dataset: ImageDataset) -> tuple[Classifier, str]:
    """Open or train the classifier; return it with its description."""
    from keras_vae.datasets import classifiers

    with progress_bar("Training a classifier") as progress:
        network = classifiers.find_classifier(dataset, progress=progress)
    prepare = classifiers.PREPROCESSING
    score = classifiers.held_out_score(network, dataset)
    return (
        lambda images: network.predict(prepare(images), batch_size=256, verbose=0),
        f"{classifiers.describe(network, dataset, score)}; {prepare}",
    )


def held_out_aucs(classifier: Classifier, dataset: ImageDataset) -> dict[str, float]:
    """Measure the classifier on real validation faces."""
    from sklearn.metrics import roc_auc_score

    rows = dataset.indices("validation")
    logits, present = classifier(np.asarray(dataset.images[rows])), dataset.attributes[rows] > 0
    columns = {name: dataset.attribute_names.index(name) for name in ATTRIBUTES}
    return {name: roc_auc_score(present[:, at], logits[:, at]) for name, at in columns.items()}


if __name__ == "__main__":
    main()
