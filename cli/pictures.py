"""Photos and seeds in, pictures out: what the commands that show images share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from .standard_output import tell
from .typed import refuse

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from keras_vae.inference.model import Model
    from keras_vae.latent_space.attributes import Attributes

    from .framing import Sitter

# A photo's face, the seed of a generated image, or the prior's mean z = 0.
Source: TypeAlias = "Sitter | int | None"

NOTICE = (
    "Note: `Attractive` is the raters' taste and the data set's bias, not a fact about a person; "
    "the model card says more: kvae models show {name} --card"
)


def check_source(photo: Path | None, seed: int | None) -> None:
    """Refuse an image and a --seed together; neither is the prior's mean."""
    if photo is not None and seed is not None:
        raise click.UsageError("Give an image or --seed, not both.")
    check_source_options(photos=photo is not None, seeds=seed is not None)


def check_source_options(*, photos: bool, seeds: bool) -> None:
    """Refuse options of what is not there.

    Args:
        photos: Whether an image is given.
        seeds: Whether a seed is.
    """
    if not seeds:
        refuse(("prior", "temperature"), "needs a seed: nothing else is drawn.")
    if not photos:
        refuse(("face", "align"), "needs an image: there is no photo to look at.")


def source_name(source: Source) -> str:
    """Name a source in a label."""
    if source is None:
        return "z = 0"
    return f"seed {source}" if isinstance(source, int) else source.name


def latents_of(
    sources: Sequence[Source], model: Model, prior: str, temperature: float
) -> np.ndarray:
    """Look up z of sources, float32 [B, L]: a photo's z_mean, a seed's draw from a prior."""
    import numpy as np

    z = np.zeros((len(sources), model.latent_dim), np.float32)
    seeds = [place for place, source in enumerate(sources) if isinstance(source, int)]
    faces = [place for place, source in enumerate(sources) if not isinstance(source, int | None)]
    if faces:
        z[faces], _ = model.encode(np.stack([sources[place].pixels for place in faces]))
    if seeds:
        _, z[seeds] = model.generate([sources[place] for place in seeds], temperature, prior)
    return z


def decode(model: Model, z: np.ndarray) -> np.ndarray:
    """Decode latents of any arrangement [..., L] to pixels, uint8 [..., H, W, C]."""
    images = model.decode(z.reshape(-1, model.latent_dim))
    return images.reshape(*z.shape[:-1], *model.image_shape)


def activity(model: Model, source: Source) -> Sequence[float] | None:
    """Look up the KL of each dimension in nats, [L].

    It is the mean over the validation split where the model was exported with it, otherwise that
    of a photo's posterior; None where there is neither.
    """
    from keras_vae.latent_space.arithmetic import kl_per_dimension

    known = model.kl_per_dimension
    if known is None and not isinstance(source, int | None):
        known = kl_per_dimension(*model.encode(source.pixels[None]))[0]
    return known


def active_dims(model: Model, kl: Sequence[float] | None, count: int) -> tuple[int, ...]:
    """Choose the dimensions of the largest KL.

    Raises:
        ValueError: If the KL is not known.
    """
    from keras_vae.latent_space.arithmetic import most_active

    if kl is None:
        raise ValueError(
            f"The KL of the dimensions of {model.name!r} is not known: a server does not tell it, "
            "and some exports lack it. Name dimensions, as in --dims 0,5; or give an image, whose "
            "own KL is then taken."
        )
    return most_active(kl, count)


def dim_label(dim: int, kl: Sequence[float] | None) -> str:
    """Name a dimension and its KL, such as "z 17 · 3.21 nats"."""
    return f"z {dim}" if kl is None else f"z {dim} · {kl[dim]:.2f} nats"


def directions_of(model: Model, file: Path | None) -> Attributes | Model:
    """Take what knows directions by name: a model's own attributes, or those of a file."""
    from keras_vae.latent_space.attributes import Attributes

    if file is None:
        if model.attributes is None:
            return model  # the server looks each one up
        if not model.attributes.names:
            raise ValueError(
                f"Model {model.name!r} has no attributes. `kvae attributes fit` fits some to "
                "labelled images; pass its file with --directions."
            )
        return model.attributes
    attributes = Attributes.load(file)
    if attributes.directions.shape[1] != model.latent_dim:
        raise ValueError(
            f"{file} was fitted to another model: its directions have "
            f"{attributes.directions.shape[1]} dimensions, {model.name!r} has {model.latent_dim}."
        )
    return attributes


def give_notice(names: Iterable[str], model_name: str) -> None:
    """Say on stderr what `Attractive` is, if it is among the attributes."""
    if "Attractive" in names:
        click.echo(NOTICE.format(name=model_name), err=True)


def write_picture(picture: Image, out: Path, overwrite: bool) -> None:
    """Write a picture and say where it is."""
    from keras_vae.files.pictures import save

    tell(save(picture, out, overwrite=overwrite))


def row_labels(sources: Sequence[Source]) -> list[str] | None:
    """Name the rows of a strip; a single row needs no name."""
    return [source_name(source) for source in sources] if len(sources) > 1 else None
