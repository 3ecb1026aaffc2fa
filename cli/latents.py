"""Latents of any arrangement decoded, and dimensions of z chosen by their KL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .sources import Photo, Source

if TYPE_CHECKING:
    import numpy as np

    from keras_vae.inference.model import Model


def decode(model: Model, z: np.ndarray) -> np.ndarray:
    """Decode latents of any arrangement [..., L] to pixels, uint8 [..., H, W, C]."""
    images = model.decode(z.reshape(-1, model.latent_dim))
    return images.reshape(*z.shape[:-1], *model.image_shape)


def kl_of(model: Model, source: Source) -> Sequence[float] | None:
    """Return the KL of each dimension in nats, [L].

    It is the mean over the validation split if the model stores that, otherwise the KL of a photo's
    posterior; None if there is neither.
    """
    from keras_vae.latent_space.arithmetic import kl_per_dimension

    stored = model.kl_per_dimension
    if stored is None and isinstance(source, Photo):
        return kl_per_dimension(*model.encode(source.pixels[None]))[0]
    return stored


def active_dims(model: Model, kl: Sequence[float] | None, count: int) -> tuple[int, ...]:
    """Return the dimensions of the largest KL.

    Raises:
        ValueError: If the KL is not known.
    """
    from keras_vae.latent_space.arithmetic import most_active

    if kl is None:
        raise ValueError(
            f"The KL of the dimensions of {model.name!r} is not known: a server does not report "
            "it, and some exports lack it. Name dimensions, as in --dims 0,5, or give an image, "
            "whose own KL is then used."
        )
    return most_active(kl, count)
