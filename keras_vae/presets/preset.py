"""A preset: which network, which objective, which training, after which report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .network import STACK_PARTS, ConvNetwork, Network, network_of, retuple
from .objective import EXTRAS, LIKELIHOODS, Objective

# output → lowest and highest pixel
OUTPUT_RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}


@dataclass(frozen=True)
class Preset:
    """A model and the training that its source gives it.

    Attributes:
        name: What `--preset` takes.
        source: The report or book.
        dataset: The data set that it is made for.
        image_shape: Height, width, channels.
        latent_dim: Dimensions of z.
        network: Encoder and decoder.
        objective: The loss.
        posterior_scale: What the encoder's second head returns: "log_variance", "log_sigma" (σ =
            exp, Astorga) or "softplus" (σ² = softplus + 1e-8, Zhao).
        output: "sigmoid", for pixels in [0, 1], or "tanh", for pixels in [-1, 1] (Perriu): one of
            `OUTPUT_RANGES`.
        stochastic: Whether z is drawn; a plain autoencoder passes z_mean on.
        batch_size: Images in a batch, over all devices.
        epochs: Passes over the training split.
        learning_rate: Adam's, at the start.
        decay: "constant", or "cosine" down to 0 at the last epoch (Loshchilov and Hutter 2017).
        warmup_steps: Steps over which the learning rate grows to that from 0 (Goyal et al. 2017).
        random_flip: Whether training images are mirrored left to right at random.
        binarization: "none", or how grey levels become black and white:
            `datasets.binarization.binarize`.
    """

    name: str
    source: str
    dataset: str
    image_shape: tuple[int, int, int]
    latent_dim: int
    network: Network
    objective: Objective
    posterior_scale: str = "log_variance"
    output: str = "sigmoid"
    stochastic: bool = True
    batch_size: int = 128
    epochs: int = 10
    learning_rate: float = 1e-3
    decay: str = "constant"
    warmup_steps: int = 0
    random_flip: bool = False
    binarization: str = "none"

    @property
    def in_nats(self) -> bool:
        """Whether the loss bounds −log p(x), in nats; else it is a weighted sum without a unit.

        The bound is −ELBO, or with several importance samples a tighter one: see `loss_name`.
        """
        objective = self.objective
        exact = objective.beta == 1.0 and objective.free_bits == 0.0 and not objective.extras
        return exact and self.likelihood_kind is not None

    @property
    def likelihood_kind(self) -> str | None:
        """Whether −ELBO is one of a pixel's "mass" or of its "density"; None where there is none.

        There is none without a normalised likelihood, nor in a plain autoencoder.
        """
        return LIKELIHOODS[self.objective.likelihood][1] if self.stochastic else None

    def bits_per_dimension(self, nats: float) -> float | None:
        """Bits that a pixel of 256 levels costs; None where there is no −ELBO.

        A density is first multiplied by the distance of two levels, which gives a level's mass.

        Args:
            nats: −log likelihood of an image, or −ELBO.
        """
        kind = self.likelihood_kind
        if kind is None:
            return None
        low, high = OUTPUT_RANGES[self.output]
        bin_width = (high - low) / 255.0 if kind == "density" else 1.0
        return (nats / math.prod(self.image_shape) - math.log(bin_width)) / math.log(2.0)

    @property
    def loss_name(self) -> str:
        """What the loss is called: "−ELBO", "IWAE bound, k = 50" (Burda et al. 2015) or "loss"."""
        if not self.in_nats:
            return "loss"
        draws = self.objective.importance_samples
        return "−ELBO" if draws == 1 else f"IWAE bound, k = {draws}"

    @property
    def loss_unit(self) -> str:
        """What a printed loss is measured in: "nats" or "weighted"."""
        return "nats" if self.in_nats else "weighted"

    @property
    def loss_description(self) -> str:
        """Write the loss, for people: its terms and their weights."""
        objective = self.objective
        terms = [LIKELIHOODS[objective.likelihood][0]]
        for name, weight in objective.extras.items():
            terms.append(f"{weight:g} × {EXTRAS[name.removesuffix('_loss')]}")
        terms.append(f"{objective.beta:g} × KL ({self.loss_unit})")
        draws = objective.importance_samples
        weighted = "" if draws == 1 else f", importance-weighted over k = {draws} draws"
        return " + ".join(terms) + weighted

    def override(self, **changes: Any) -> Preset:
        """Return the preset with some numbers changed, wherever in it they stand.

        Args:
            **changes: Fields of the preset, its network or its objective, by name; also `filters`,
                `kernels` and `strides` of an encoder's convolutions, which the decoder mirrors, and
                `image_size` (height, width). None leaves a field as it is.

        Raises:
            ValueError: If a name is no field of this preset.
        """
        preset = self
        for name, value in sorted(changes.items(), key=lambda item: item[0] != "filters"):
            if value is not None:
                preset = _override(preset, name, value)
        return preset

    def to_dict(self) -> dict[str, Any]:
        """Return the preset as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preset:
        """Rebuild a preset from `to_dict`, also after a trip through JSON."""
        values = dict(values)
        values["network"] = network_of(values["network"])
        values["objective"] = Objective(**values["objective"])
        values["image_shape"] = tuple(values["image_shape"])
        return cls(**values)


def _override(preset: Preset, name: str, value: Any) -> Preset:
    value = retuple(value)
    if name == "image_size":
        return replace(preset, image_shape=(*value, preset.image_shape[2]))
    if name in STACK_PARTS and isinstance(preset.network, ConvNetwork):
        return replace(preset, network=preset.network.restacked(name, value))
    if name in _field_names(preset):
        return replace(preset, **{name: value})
    for part_name in ("objective", "network"):
        part = getattr(preset, part_name)
        if name in _field_names(part):
            return replace(preset, **{part_name: replace(part, **{name: value})})
    kind = type(preset.network).__name__
    raise ValueError(f"Preset {preset.name!r} (a {kind}) has nothing called {name!r} to override.")


def _field_names(instance: Any) -> set[str]:
    return {item.name for item in fields(instance)}
