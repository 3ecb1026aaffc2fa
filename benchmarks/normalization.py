"""Measure whether validation and export use the right statistics of normalization.

    python benchmarks/normalization.py faces-200.npz grey-200.npz faces-1600.npz

Each preset with convolutions is trained on each set for a few epochs, with its defaults. Its
statistics are then estimated once more, by moving averages over other batches of the training
split, with the same weights. The script prints the MSE at z_mean of the validation images before
and after, and that of the functions that are exported.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click
import numpy as np
from heading import heading

from keras_vae.cli.quiet import load_tensorflow

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.models import VAE
    from keras_vae.presets import Preset
    from keras_vae.training.run_directory import RunConfig

MOMENTUM = 0.9
LEAST_STEPS = 80  # of the moving averages: 0.9⁸⁰ = 0.0002 of what was before
HEAD = (
    "| preset | images | size | steps | validation MSE | estimated again | ratio | exported | "
    "ratio |\n|---|---:|---|---:|---:|---:|---:|---:|---:|"
)


@click.command()
@click.argument("sets", nargs=-1, required=True)
@click.option("--preset", "names", multiple=True, help="Preset; default: all with convolutions.")
@click.option("--epochs", default=3, show_default=True, help="Epochs of each training.")
def main(sets: tuple[str, ...], names: tuple[str, ...], epochs: int) -> None:
    """Measure presets with convolutions on SETS of images."""
    load_tensorflow()
    from keras_vae.presets import PRESETS, DenseNetwork

    print(heading("seed 0"))
    print(HEAD)
    for name, preset in PRESETS.items():
        if name in names if names else not isinstance(preset.network, DenseNetwork):
            for each in sets:
                print(_row(preset.override(epochs=epochs, least_steps=0), each), flush=True)


def _row(preset: Preset, path: str) -> str:
    """Train a preset on a set, and format what was measured."""
    from keras_vae.datasets import load_dataset, native_shape
    from keras_vae.export.signatures import Endpoints
    from keras_vae.presets import with_size
    from keras_vae.training import trainer
    from keras_vae.training.pca_baseline import adapted
    from keras_vae.training.run_directory import RunConfig

    *native, channels = native_shape(path)
    size = native if preset.adaptive else preset.image_shape[:2]
    dataset = load_dataset(path, image_size=tuple(size), channels=channels)
    preset = with_size(preset, dataset.image_shape).fitted_to(dataset.count("train"))
    preset = replace(preset, objective=preset.objective.without_teacher())
    what = f"| `{preset.name}` | {len(dataset.images):,} | {'×'.join(map(str, preset.image_shape))}"
    try:
        config = RunConfig(adapted(preset, dataset), path)
        vae = trainer.new_vae(config, dataset)
    except ValueError as error:
        return f"{what} | refused: {error} |"
    trainer.fit(vae, config, dataset)
    error = _validated(vae, preset, dataset)
    exported = _error(Endpoints(vae), dataset.binarized(preset.binarization))
    _estimate_again(vae, config, dataset)
    again = _validated(vae, preset, dataset)
    return (
        f"{what} | {trainer.epoch_steps(preset, dataset) * preset.epochs} | {error:.5f} | "
        f"{again:.5f} | {error / again:.3f} | {exported:.5f} | {exported / error:.3f} |"
    )


def _validated(vae: VAE, preset: Preset, dataset: ImageDataset) -> float:
    """MSE at z_mean of the validation images."""
    from keras_vae.training.measurement import measure

    return measure(vae, preset, dataset, ["validation"])["validation"]["mse_of_mean"]


def _error(endpoints: object, dataset: ImageDataset) -> float:
    """MSE at z_mean of the functions that are exported, of validation images."""
    images = np.asarray(dataset.images[dataset.indices("validation")])
    z = endpoints.encode_pixels(images)["z_mean"]
    decoded = endpoints.decode_pixels(z)["image"].numpy()
    return float(np.mean(np.square((decoded.astype(float) - images) / 255.0)))


def _estimate_again(vae: VAE, config: RunConfig, dataset: ImageDataset) -> None:
    """Let moving averages follow batches in another order; the weights stay."""
    import tensorflow as tf

    from keras_vae.training import trainer

    for part in (vae.posterior, vae.likelihood):
        for layer in part._flatten_layers():
            if hasattr(layer, "momentum"):
                layer.momentum = MOMENTUM

    @tf.function(autograph=False)
    def step(images: tf.Tensor) -> None:
        forward = vae.forward(images, training=True)
        forward.likelihood.log_prob(forward.x)

    count = max(LEAST_STEPS, trainer.epoch_steps(config.preset, dataset))
    for images in trainer.batches_of(replace(config, seed=1), dataset).take(count):
        step(images)


if __name__ == "__main__":
    main()
