"""`kvae presets`: what can be trained, and the layers of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from .command import ListGroup, option
from .data import times
from .quiet import load_tensorflow
from .types import Integer

if TYPE_CHECKING:
    import keras

HEADS = ("layer", "class", "output", "parameters", "reads")


@click.group(cls=ListGroup, epilog="Example: kvae presets show celeba-perriu --latent 32")
def presets() -> None:
    """List the presets, or describe one."""


@presets.command("list", epilog="Example: kvae presets list")
def list_presets() -> None:
    """List the presets: source, input, latent, parameters, objective."""
    load_tensorflow()
    from keras_vae.models.networks import build_decoder, build_encoder
    from keras_vae.presets import PRESETS, Likelihood

    rows = [("preset", "input", "z", "parameters", "source; loss")]
    for preset in PRESETS.values():
        sizes = [f"{build(preset).count_params():,}" for build in (build_encoder, build_decoder)]
        rows.append(
            (
                preset.name,
                times(preset.image_shape),
                str(preset.latent_dim),
                " + ".join(sizes),
                f"{preset.source}; {preset.loss_description}",
            )
        )
    click.echo(table(rows))
    click.echo("\nObjectives (--objective):")
    for name, kind in Likelihood.kinds.items():
        click.echo(f"  {name:22} {kind.description} ({'nats' if kind.measure else 'weighted'})")


@presets.command(epilog="Example: kvae presets show celeba --latent 64")
@click.argument("name")
@option("--latent latent_dim", Integer(1))
def show(name: str, latent_dim: int | None) -> None:
    """Print the layer table of a preset.

    Args:
        name: Name that `kvae presets list` prints.
        latent_dim: Number of latent dimensions.
    """
    from keras_vae.presets import get_preset

    preset = get_preset(name).override(latent_dim=latent_dim)
    load_tensorflow()
    from keras_vae.models.networks import build_decoder, build_encoder

    click.echo(f"{preset.name}: {preset.source}\n")
    for network in (build_encoder(preset), build_decoder(preset)):
        click.echo(f"{network.name}: {network.count_params():,} parameters")
        click.echo(table([HEADS, *layer_rows(network)]) + "\n")


def layer_rows(network: keras.Model) -> Iterator[tuple[str, ...]]:
    """Yield the texts of each layer: name, class, output, parameters, and the layers it reads."""
    makers: dict[int, str] = {}
    for layer in network.layers:
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        sources = ", ".join(makers[id(each)] for each in inputs if id(each) in makers)
        makers[id(layer.output)] = layer.name
        parameters = f"{layer.count_params():,}"
        yield layer.name, type(layer).__name__, times(layer.output.shape[1:]), parameters, sources


def table(rows: Iterable[Sequence[str]]) -> str:
    """Align texts in columns as wide as the longest: no name is cut."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
