"""`kvae presets`: what can be trained, and the layers of each."""

from __future__ import annotations

import click

from .command import ListGroup, option
from .quiet import load_tensorflow
from .types import Integer


@click.group(cls=ListGroup, epilog="Example: kvae presets show celeba-perriu --latent 32")
def presets() -> None:
    """List the presets, or describe one."""


@presets.command("list", epilog="Example: kvae presets list")
def list_presets() -> None:
    """List the presets: source, input, latent, parameters, objective."""
    load_tensorflow()
    from keras_vae.models.networks import build_decoder, build_encoder
    from keras_vae.presets import PRESETS, Likelihood

    click.echo(f"{'preset':16} {'input':9} {'z':>4} {'parameters':>19}  source; loss")
    for preset in PRESETS.values():
        size = "×".join(map(str, preset.image_shape))
        sizes = [f"{build(preset).count_params():,}" for build in (build_encoder, build_decoder)]
        click.echo(
            f"{preset.name:16} {size:9} {preset.latent_dim:4} {' + '.join(sizes):>19}  "
            f"{preset.source}; {preset.loss_description}"
        )
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
        network.summary(print_fn=lambda line, **_: click.echo(line))
