"""A preset: which network, which objective, which training, after which report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any

from ..choices import BINARIZATIONS, LAST_RATES, RESAMPLINGS
from .configuration import Ranged, plain, rebuild
from .latents import GaussianPosterior, Posterior, Prior, StandardNormal
from .legacy import is_legacy, upgraded
from .networks import Network
from .objective import Objective
from .ranges import Count, OneOf, Positive, Share, Whole, check_range

# Overrides that choose a kind of which others are the numbers: see `_turn`.
KIND_CHOICES = ("filters", "likelihood", "stochastic", "annealing", "importance_samples")

# Overrides that are no fields.
NO_FIELDS = {"conditional": bool, "stochastic": bool, "image_size": tuple[Count, Count]}

# output → lowest and highest pixel
OUTPUT_RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "linear": (0.0, 1.0)}
Output = Annotated[str, OneOf(tuple(OUTPUT_RANGES))]


@dataclass(frozen=True)
class Preset(Ranged):
    """A model and the training that its source gives it.

    Attributes:
        name: What `--preset` takes.
        source: The report or book.
        dataset: The data set that it is made for.
        image_shape: Height, width, channels.
        latent_dim: Dimensions of z.
        network: Encoder and decoder.
        objective: The loss.
        posterior: q(z|x).
        prior: p(z).
        output: "sigmoid", for pixels in [0, 1], "tanh", for pixels in [-1, 1] (Perriu), or
            "linear", for pixels in [0, 1] that the decoder returns itself: one of `OUTPUT_RANGES`.
        batch_size: Images in a batch, over all devices.
        epochs: Epochs of the training.
        passes: Passes over the training split in an epoch. Small sets get several (`fitted_to`):
            validation and checkpoints then take a small share of the time.
        least_steps: Steps of the training at least, however few images there are.
        learning_rate: Adam's, at the start.
        decay: "constant", or "cosine" down to 0 at the last epoch (Loshchilov and Hutter 2017).
        warmup_steps: Steps over which the learning rate grows to that from 0 (Goyal et al. 2017).
        ema_momentum: Momentum of an exponential moving average of the weights, which is validated,
            kept as the best and exported in place of the weights; 0: there is none.
        resampling: How images are scaled to this shape: "bilinear", or "bicubic", which keeps more
            detail of a larger image: see `files.photos.prepare`.
        random_flip: Whether training images are mirrored left to right at random.
        adaptive: Whether the image size, the squares of pixels of the network and the variance of
            the likelihood shall follow the images (`own_images`, `training.pca_baseline`); false in
            the preset of a run, where they do.
        binarization: "none", or how gray levels become black and white:
            `datasets.binarization.binarize`.
        classes: Number of labels of a conditional model, whose networks also take the label of an
            image (Sohn et al. 2015); 0: as many as the data set has (`training.conditioned`); None:
            the model is not conditional.

    Example:
        >>> preset = get_preset("mnist").override(latent_dim=2, beta=4.0)
        >>> preset.loss_description
        'binary cross-entropy + 4 × KL (weighted)'
    """

    name: str
    source: str
    dataset: str
    image_shape: tuple[Count, Count, Count]
    latent_dim: Count
    network: Network
    objective: Objective
    posterior: Posterior = field(default_factory=GaussianPosterior)
    prior: Prior = field(default_factory=StandardNormal)
    output: Output = "sigmoid"
    batch_size: Count = 128
    epochs: Count = 10
    passes: Count = 1
    least_steps: Whole = 0
    learning_rate: Positive = 1e-3
    decay: Annotated[str, OneOf(tuple(LAST_RATES))] = "constant"
    warmup_steps: Whole = 0
    ema_momentum: Share = 0.0
    resampling: Annotated[str, OneOf(RESAMPLINGS)] = "bilinear"
    random_flip: bool = False
    binarization: Annotated[str, OneOf(BINARIZATIONS)] = "none"
    adaptive: bool = False
    classes: Whole | None = None

    @property
    def stochastic(self) -> bool:
        """Whether z is sampled; a plain autoencoder decodes z_mean."""
        return self.posterior.stochastic

    @property
    def in_nats(self) -> bool:
        """Whether the loss bounds −log p(x), in nats; else it is a weighted sum without a unit.

        The bound is −ELBO, or with several importance samples a tighter one: see `loss_name`.
        """
        objective = self.objective
        bound = objective.bound
        exact = bound.beta == 1.0 and bound.free_bits == 0.0 and not objective.terms
        return exact and self.likelihood_kind is not None

    @property
    def likelihood_kind(self) -> str | None:
        """What −ELBO is one of: see `Likelihood.measure`; None where there is none.

        There is none without a normalized likelihood, nor in a plain autoencoder. A cross-entropy
        of binarized images is a "mass".
        """
        kind = self.objective.likelihood.measure if self.stochastic else None
        return "mass" if kind == "cross-entropy" and self.binarization != "none" else kind

    def bits_per_dimension(self, nats: float) -> float | None:
        """Bits for a value, that of a channel of a pixel; None where no level of it has a mass.

        A density is first multiplied by the distance of two of 256 levels, which gives a level's
        mass. A cross-entropy of gray levels is no mass of one of them.

        Args:
            nats: −log likelihood of an image, or −ELBO.
        """
        kind = self.likelihood_kind
        if kind in (None, "cross-entropy"):
            return None
        low, high = OUTPUT_RANGES[self.output]
        bin_width = (high - low) / 255.0 if kind == "density" else 1.0
        return (nats / math.prod(self.image_shape) - math.log(bin_width)) / math.log(2.0)

    @property
    def loss_name(self) -> str:
        """What the loss is called: "−ELBO", "IWAE bound, k = 50" (Burda et al. 2015) or "loss"."""
        if not self.in_nats:
            return "loss"
        samples = self.objective.bound.samples
        return "−ELBO" if samples == 1 else f"IWAE bound, k = {samples}"

    @property
    def loss_unit(self) -> str:
        """What a printed loss is measured in: "nats" or "weighted"."""
        return "nats" if self.in_nats else "weighted"

    @property
    def loss_description(self) -> str:
        """Write the loss, for people: its terms and their weights."""
        objective, bound = self.objective, self.objective.bound
        terms = [objective.likelihood.description]
        terms += [f"{term.weight:g} × {term.description}" for term in objective.terms]
        if self.stochastic:
            least = f" of at least {bound.free_bits:g} nats a dimension" if bound.free_bits else ""
            terms.append(f"{bound.beta:g} × KL{least}")
        samples = bound.samples
        weighted = "" if samples == 1 else f", importance-weighted over k = {samples} samples"
        return f"{' + '.join(terms)} ({self.loss_unit}){weighted}"

    def fitted_to(self, images: int, replicas: int = 1) -> Preset:
        """Return the preset with a batch, and passes in an epoch, that fit a training split.

        A batch larger than the split is reduced. Where `epochs` passes have fewer than
        `least_steps` steps, an epoch gets several passes.

        Args:
            images: Images in the training split.
            replicas: Devices that share a batch; its size stays a multiple of them.
        """
        batch_size = self.batch_size
        if 0 < images < batch_size:
            batch_size = max(images // replicas, 1) * replicas
        steps = self.epochs * max(1, images // batch_size)
        passes = max(self.passes, math.ceil(self.least_steps / steps))
        return replace(self, batch_size=batch_size, passes=passes)

    def override(self, **changes: Any) -> Preset:
        """Return the preset with other numbers or kinds, wherever in it they are.

        Args:
            **changes: Fields of the preset, its network, posterior or objective, by name; kinds by
                `likelihood`, `annealing`, `importance_samples` (more than 1: the
                importance-weighted bound) and `stochastic` (false: a plain autoencoder); weights of
                terms by `KIND_weight`, which adds the term or, at 0, removes it, and their other
                numbers by `KIND_NUMBER`, such as `adversarial_start`; `filters`, `kernels` and
                `strides` of an encoder's convolutions, which the decoder mirrors; `image_size`
                (height, width); `conditional`. None leaves a value as it is. Without `output` a
                Bernoulli likelihood makes of a linear one a sigmoid.

        Raises:
            ValueError: If the kinds at hand have no value of that name; see also `check`.
        """
        changes = {name: value for name, value in changes.items() if value is not None}
        preset, refused = self, []
        for name in sorted(changes, key=lambda name: _turn(name, changes[name])):
            value = changes[name]
            changed = preset._overridden(name, tuple(value) if isinstance(value, list) else value)
            if changed is None:
                refused.append(name)
            preset = changed or preset
        if refused:
            raise ValueError(preset._refusal(refused))
        bernoulli = preset.objective.likelihood.kind == "bernoulli"
        if bernoulli and preset.output == "linear" and "output" not in changes:
            preset = replace(preset, output="sigmoid")  # its mean is a probability
        preset.check()
        return preset

    def check(self) -> None:
        """Refuse what cannot be trained.

        Raises:
            ValueError: If the objective contradicts itself (see `Objective.check`), or the
                likelihood the output.
        """
        self.objective.check(self.stochastic)
        self.objective.likelihood.check(self.output)

    def _overridden(self, name: str, value: Any) -> Preset | None:
        """Return a copy with another value; None if nothing has that name."""
        if name in NO_FIELDS:
            check_range(name, value, NO_FIELDS[name])
        if name == "image_size":
            return replace(self, image_shape=(*value, self.image_shape[2]))
        if name == "conditional":
            return replace(self, classes=(self.classes or 0) if value else None)
        if name == "stochastic":
            kind = "gaussian" if value else "deterministic"
            return replace(self, posterior=self.posterior.switched(kind, name))
        if name == "posterior_scale":
            return replace(self, posterior=replace(self.posterior, scale=value))
        if name in {each.name for each in fields(self)}:
            return replace(self, **{name: value})
        for part in ("objective", "network"):
            changed = getattr(self, part).overridden(name, value)
            if changed is not None:
                return replace(self, **{part: changed})
        return None

    def _refusal(self, names: list[str]) -> str:
        listed = ", ".join(f"`{name}`" for name in names)
        objective = self.objective
        needs = [(name, objective.needed_for(name)) for name in names]
        return (
            f"{listed} cannot be changed in preset {self.name!r}: its network is "
            f"{self.network.kind}, its likelihood {objective.likelihood.kind}, its bound "
            f"{objective.bound.kind}, its annealing {objective.bound.annealing.kind}, and none of "
            f"them has {'such a value' if len(names) == 1 else 'such values'}."
            + "".join(f" `{name}` needs {need}." for name, need in needs if need)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the preset as JSON-ready values, each part with its kind."""
        return plain(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preset:
        """Rebuild a preset from `to_dict`, also after a trip through JSON, or of version 0.1.

        Raises:
            ValueError: If a kind or a field is unknown.
        """
        return rebuild(cls, upgraded(values) if is_legacy(values) else values)

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any], model: str) -> Preset:
        """Rebuild the preset that an exported model was trained with.

        Args:
            metadata: The contents of its `model.json`.
            model: Its name, for the error.

        Raises:
            ValueError: If there is no preset, as of a model with networks of one's own, or one that
                this version does not support.
        """
        if "preset" not in metadata:
            raise ValueError(
                f"The model.json of {model!r} does not hold the preset that it was trained with. "
                "Export the model again: `kvae export RUN`."
            )
        try:
            return cls.from_dict(metadata["preset"])
        except (TypeError, ValueError) as error:  # of a field too many or too few
            raise ValueError(
                f"The model.json of {model!r} holds a preset that this keras_vae does not support. "
                f"Upgrade, or export the model again: `kvae export RUN`. {error}"
            ) from error


def _turn(name: str, value: Any) -> int:
    """When an override is applied: numbers after the kinds and the terms that have them.

    The importance-weighted bound comes last: it has no β and no free bits, and is refused where
    these, as they then are, would be lost.
    """
    if name == "importance_samples" and value != 1:
        return 2
    return int(name not in KIND_CHOICES and not name.endswith("_weight"))
