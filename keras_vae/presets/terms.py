"""Kinds of loss terms that are added to the bound, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .configuration import Configuration


class Term(Configuration):
    """A weighted term of the loss.

    Attributes:
        weight: Factor of the term.
        description: The term in words, for people: "Weight of the …".
        needs_teacher: Whether a classifier of the data set's labels or attributes has a part in it.
    """

    weight: float
    description: ClassVar[str]
    needs_teacher: ClassVar[bool] = False

    def build(self, **context: Any) -> Any:
        """Build the loss term; what else it needs of the model and its data is the context."""
        return self.implementation().from_configuration(self, **context)


@dataclass(frozen=True)
class Perceptual(Term, kind="perceptual", builds="keras_vae.losses.perceptual.Perceptual"):
    """Distance of a classifier's feature maps (Hou et al. 2017)."""

    weight: float
    description: ClassVar[str] = "perceptual loss"
    needs_teacher: ClassVar[bool] = True


@dataclass(frozen=True)
class Distillation(Term, kind="distillation", builds="keras_vae.losses.distillation.Distillation"):
    """Cross-entropy of a linear head on z_mean with a classifier's output (Hinton et al. 2015)."""

    weight: float
    description: ClassVar[str] = "distillation loss"
    needs_teacher: ClassVar[bool] = True


@dataclass(frozen=True)
class MMD(Term, kind="mmd", builds="keras_vae.losses.mmd.MMD"):
    """Squared MMD between the aggregate posterior and the prior (Zhao et al. 2019)."""

    weight: float
    description: ClassVar[str] = "squared MMD between the aggregate posterior and the prior"
