"""Kinds of loss terms that are added to the bound, as data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from .configuration import Configuration
from .ranges import Count, Counts, NotNegative, Positive, Share, Whole

CLASSIFIER = "classifier"  # the classifier of the data set's labels or attributes
DLIB = "dlib"  # dlib's network for face recognition
EMBEDDERS = {  # in words, with origin and terms
    CLASSIFIER: "a classifier of the training labels",
    DLIB: "dlib's network for face recognition (King 2017, in the public domain; trained on about "
    "three million faces, half of them from VGG Face and FaceScrub, the others from the internet)",
}


class Term(Configuration):
    """A weighted term of the loss.

    Attributes:
        weight: Factor of the term.
        description: The term in words, for people: "Weight of the …".
        needs_teacher: Whether a classifier of the data set's labels or attributes has a part in it.
        invents: Whether it asks for plausible details, also where they are not the image's.
        start: Optimizer steps of the model before the term takes part.

    Example:
        >>> sorted(Term.kinds)
        ['adversarial', 'distillation', 'identity', 'mmd', 'perceptual', 'texture']
    """

    weight: NotNegative
    description: ClassVar[str]
    needs_teacher: ClassVar[bool] = False
    invents: ClassVar[bool] = False
    start: ClassVar[int] = 0

    @property
    def losses_compare(self) -> bool:
        """Whether the losses of different epochs do: not if the term starts late."""
        return not self.start

    def argument(self, name: str) -> str:
        """Name of a field, with that of the term before it."""
        return f"{self.kind}_{name}"

    def build(self, **context: Any) -> Any:
        """Build the loss term; what else it needs of the model and its data is the context."""
        return self.implementation().from_configuration(self, **context)


@dataclass(frozen=True)
class Perceptual(Term, kind="perceptual", builds="keras_vae.losses.perceptual.Perceptual"):
    """Distance of a classifier's feature maps (Hou et al. 2017).

    Attributes:
        weight: Factor of the distance.
        features: Weight of the distance of the classifier's last features beside that of its maps.

    Example:
        >>> Perceptual(3000.0).needs_teacher
        True
    """

    weight: NotNegative
    features: NotNegative = 0.0
    description: ClassVar[str] = "perceptual loss"
    needs_teacher: ClassVar[bool] = True


@dataclass(frozen=True)
class Distillation(Term, kind="distillation", builds="keras_vae.losses.distillation.Distillation"):
    """Cross-entropy of a linear head on z_mean with a classifier's output (Hinton et al. 2015).

    Attributes:
        weight: Factor of the cross-entropy, in nats.

    Example:
        >>> get_preset("celeba64").objective.term("distillation")
        Distillation(weight=300.0)
    """

    weight: NotNegative
    description: ClassVar[str] = "distillation loss"
    needs_teacher: ClassVar[bool] = True


@dataclass(frozen=True)
class MMD(Term, kind="mmd", builds="keras_vae.losses.mmd.MMD"):
    """Squared MMD between the aggregate posterior and the prior (Zhao et al. 2019).

    Attributes:
        weight: Factor of MMD².

    Example:
        >>> get_preset("mnist").override(mmd_weight=2.0).objective.terms
        (MMD(weight=2.0),)
    """

    weight: NotNegative
    description: ClassVar[str] = "squared MMD between the aggregate posterior and the prior"


@dataclass(frozen=True)
class Identity(Term, kind="identity", builds="keras_vae.losses.identity.Identity"):
    """1 − cosine of a network's embeddings of image and reconstruction.

    Attributes:
        weight: Factor of the term.
        embedder: The network: "classifier", for the features of a classifier of the data set's
            labels or attributes; "dlib", for dlib's face recognition of CelebA's aligned squares;
            or the file of a Keras model: see `losses.Identity`.
        shift: Both images are moved by at most this share of their sides, at random.
        scale: Likewise enlarged or reduced.
        features: Weight of the distance of the network's feature maps beside 1 − cosine.
        latents: Weight, beside it, of 1 − cosine of a linear head on z_mean with the image's
            embedding.
        start: Optimizer steps of the model before the term is computed.

    Example:
        >>> preset = get_preset("mnist").override(identity_weight=10.0)
        >>> preset.objective.term("identity").needs_teacher
        True
    """

    weight: NotNegative
    embedder: str = CLASSIFIER
    shift: Share = 0.04
    scale: Share = 0.04
    features: NotNegative = 0.0
    latents: NotNegative = 0.0
    start: Whole = 0
    description: ClassVar[str] = "identity loss"

    @property
    def origin(self) -> str:
        """The network in words; of a file its name alone, since cards are published."""
        return EMBEDDERS.get(
            self.embedder, f"a network of the trainer's: {Path(self.embedder).name}"
        )

    @property
    def needs_teacher(self) -> bool:
        """Whether the network is the classifier."""
        return self.embedder == CLASSIFIER


@dataclass(frozen=True)
class Adversarial(Term, kind="adversarial", builds="keras_vae.losses.adversarial.Adversarial"):
    """Relativistic adversarial loss of reconstructions, with R1 and R2 (Huang et al. 2024).

    Attributes:
        weight: Factor of the term.
        start: Optimizer steps of the model before the adversary takes part.
        filters: Channels of the critic at each size, the largest first, each size half of the one
            before.
        patch: Side of the squares of pixels that the largest maps hold as channels.
        gamma: Weight γ of the gradient penalties.
        interval: Steps from one penalty to the next (Karras et al. 2020, section 3.1).
        learning_rate: Of the critic's Adam.
        features: Weight of the distance of the critic's feature maps beside the model's loss.
        detail: Of the Gaussian that the critic judges only finer things than, in pixels; 0: all.

    Example:
        >>> preset = get_preset("mnist").override(adversarial_weight=0.1)
        >>> preset.objective.term("adversarial").interval
        4
    """

    weight: NotNegative
    start: Whole = 0
    filters: Counts = (32, 64, 128)
    patch: Count = 2
    gamma: NotNegative = 1.0
    interval: Count = 4
    learning_rate: NotNegative = 2e-4
    features: NotNegative = 0.0
    detail: NotNegative = 0.0
    description: ClassVar[str] = "adversarial loss"
    invents: ClassVar[bool] = True

    @property
    def losses_compare(self) -> bool:
        """Not: the adversary changes what a loss means."""
        return False


@dataclass(frozen=True)
class Texture(Term, kind="texture", builds="keras_vae.losses.texture.Texture"):
    """Divergence of the local energies of detail (after Portilla and Simoncelli 2000).

    Attributes:
        weight: Factor of the difference, in squared grey levels.
        start: Optimizer steps of the model before the term is computed.
        sigma: Of the Gaussian that detail is finer than, in pixels.
        window: Of the Gaussian windows of the energies, in pixels.

    Example:
        >>> get_preset("mnist").override(texture_weight=0.1).objective.terms
        (Texture(weight=0.1, start=0, sigma=1.0, window=3.0),)
    """

    weight: NotNegative
    start: Whole = 0
    sigma: Positive = 1.0
    window: Positive = 3.0
    description: ClassVar[str] = "texture loss"
    invents: ClassVar[bool] = True
