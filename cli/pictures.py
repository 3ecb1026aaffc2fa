"""Photos and seeds in, pictures out: what the commands that show images share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from keras_vae.attributes import Attributes
    from keras_vae.runtime import ServedModel

Source = Path | int | None  # a photo, the seed of a generated image, or the prior's mean z = 0

NOTICE = (
    "Note: `Attractive` is the raters' taste and the data set's bias, not a fact about a person; "
    "the model card says more: kvae models show {name} --card"
)


def read_photos(paths: Sequence[Path], model: ServedModel) -> np.ndarray:
    """Read images of any size and mode as the model's pixels, uint8 [B, H, W, C]."""
    import numpy as np

    from keras_vae.photos import open_photo, prepare

    height, width, channels = model.image_shape
    photos = [prepare(open_photo(path), (height, width), channels) for path in paths]
    return np.reshape(np.array(photos, np.uint8), (-1, height, width, channels))


def one_source(photo: Path | None, seed: int | None) -> Source:
    """Take an image or a --seed; neither is the prior's mean, both are refused."""
    if photo is not None and seed is not None:
        raise click.UsageError("Give an image or --seed, not both.")
    return seed if photo is None else photo


def source_name(source: Source) -> str:
    """Name a source in a label."""
    if source is None:
        return "z = 0"
    return source.name if isinstance(source, Path) else f"seed {source}"


def latents_of(
    sources: Sequence[Source], model: ServedModel, prior: str, temperature: float
) -> np.ndarray:
    """Look up z of sources, float32 [B, L]: a photo's z_mean, a seed's draw from a prior."""
    import numpy as np

    z = np.zeros((len(sources), model.latent_dim), np.float32)
    photos = [place for place, source in enumerate(sources) if isinstance(source, Path)]
    seeds = [place for place, source in enumerate(sources) if isinstance(source, int)]
    if photos:
        z[photos], _ = model.encode(read_photos([sources[place] for place in photos], model))
    if seeds:
        _, z[seeds] = model.generate([sources[place] for place in seeds], temperature, prior)
    return z


def decode(model: ServedModel, z: np.ndarray) -> np.ndarray:
    """Decode latents of any arrangement [..., L] to pixels, uint8 [..., H, W, C]."""
    images = model.decode(z.reshape(-1, model.latent_dim))
    return images.reshape(*z.shape[:-1], *model.image_shape)


def activity(model: ServedModel, source: Source) -> Sequence[float] | None:
    """Look up the KL of each dimension in nats, [L].

    It is the mean over the validation split where the model was exported with it, otherwise that
    of a photo's posterior; None where there is neither.
    """
    from keras_vae.latents import kl_per_dimension

    known = model.metadata.get("kl_per_dimension")
    if known is None and isinstance(source, Path):
        known = kl_per_dimension(*model.encode(read_photos([source], model)))[0]
    return known


def active_dims(model: ServedModel, kl: Sequence[float] | None, count: int) -> tuple[int, ...]:
    """Choose the dimensions of the largest KL.

    Raises:
        ValueError: If the KL is not known.
    """
    from keras_vae.latents import most_active

    if kl is None:
        raise ValueError(
            f"Model {model.name!r} was exported without the KL of its dimensions. Name some, as in "
            "--dims 0,5; or give an image, whose own KL is then taken; or export the model again."
        )
    return most_active(kl, count)


def dim_label(dim: int, kl: Sequence[float] | None) -> str:
    """Name a dimension and its KL, such as "z 17 · 3.21 nats"."""
    return f"z {dim}" if kl is None else f"z {dim} · {kl[dim]:.2f} nats"


def directions_of(model: ServedModel, file: Path | None) -> Attributes:
    """Take a model's own attribute directions, or those of a file."""
    from keras_vae.attributes import Attributes

    if file is None:
        if not model.attribute_names:
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
    from keras_vae.plotting import save

    click.echo(save(picture, out, overwrite=overwrite))


def row_labels(paths: Sequence[Path]) -> list[str] | None:
    """Name the rows of a strip; a single row needs no name."""
    return [path.name for path in paths] if len(paths) > 1 else None
