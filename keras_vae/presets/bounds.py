"""Kinds of bounds on log p(x), as data: what is summed of likelihood, posterior and prior."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from .configuration import Configuration
from .ranges import Count, NotNegative, Whole


class Annealing(Configuration):
    """How the weight of the KL divergence grows during training.

    Attributes:
        needs_steps: Whether it has a number of steps.

    Example:
        >>> sorted(Annealing.kinds)
        ['constant', 'cyclical', 'linear']
    """

    needs_steps: ClassVar[bool] = True

    def argument(self, name: str) -> str:
        """Name of a field, after `annealing`."""
        return f"annealing_{name}"

    def check(self) -> None:
        """Refuse an annealing without its steps.

        Raises:
            ValueError: If the number of steps is not positive.
        """
        if self.needs_steps and self.steps <= 0:
            raise ValueError(f"`annealing_steps` must be positive. Received: {self.steps}.")


@dataclass(frozen=True)
class Constant(Annealing, kind="constant"):
    """The final weight from the first step on.

    Example:
        >>> ELBO(annealing=Constant()) == ELBO()
        True
    """

    needs_steps: ClassVar[bool] = False


@dataclass(frozen=True)
class Linear(Annealing, kind="linear"):
    """From 0 to the final weight (Bowman et al. 2016).

    Attributes:
        steps: Optimizer steps until the final weight is reached.

    Example:
        >>> ELBO(beta=4.0, annealing=Linear(steps=2_000)).annealing.steps
        2000
    """

    steps: Whole = 0


@dataclass(frozen=True)
class Cyclical(Annealing, kind="cyclical"):
    """In each cycle from 0 to the final weight over the first half (Fu et al. 2019).

    Attributes:
        steps: Optimizer steps of a cycle.

    Example:
        >>> ELBO(annealing=Cyclical(steps=5_000)).annealing.kind
        'cyclical'
    """

    steps: Whole = 0


class Bound(Configuration):
    """A bound on log p(x), negative, per image.

    Attributes:
        samples: Samples of z for each image.
        beta: Final weight of the KL divergence.
        free_bits: KL per dimension (nats) that is not penalized.
        annealing: How the weight of the KL divergence grows.

    Example:
        >>> sorted(Bound.kinds)
        ['elbo', 'importance_weighted']
    """

    samples: int
    beta: float
    free_bits: float
    annealing: Annealing

    @property
    def is_annealed(self) -> bool:
        """Whether the weight of the KL divergence grows."""
        return not isinstance(self.annealing, Constant)

    def overridden(self, name: str, value: Any) -> Bound | None:
        """Return a copy with another value of a field; None if this kind has no such field."""
        if name == "annealing":
            return replace(self, annealing=self.annealing.switched(value, name))
        if name == "annealing_steps":
            annealing = self.annealing.overridden("steps", value)
            return None if annealing is None else replace(self, annealing=annealing)
        return super().overridden(name, value)


@dataclass(frozen=True)
class ELBO(Bound, kind="elbo", builds="keras_vae.losses.elbo.elbo_terms"):
    """Reconstruction loss + β · KL divergence (Kingma and Welling 2013; β: Higgins et al. 2017).

    Attributes:
        beta: Final weight of the KL divergence: β, or Perriu's λ.
        annealing: How the weight grows.
        free_bits: KL per dimension (nats) that is not penalized (Kingma et al. 2016).

    Example:
        >>> Objective(Bernoulli(), bound=ELBO(beta=4.0)).bound.beta
        4.0
    """

    beta: NotNegative = 1.0
    annealing: Annealing = Constant()
    free_bits: NotNegative = 0.0
    samples: ClassVar[int] = 1


@dataclass(frozen=True)
class ImportanceWeighted(
    Bound, kind="importance_weighted", builds="keras_vae.losses.importance_weighted.bound_terms"
):
    """The importance-weighted bound (Burda et al. 2015); it has neither β nor free bits.

    Attributes:
        samples: k, samples of z for each image.
        annealing: How the weight of log q(z|x) − log p(z) grows to 1.

    Example:
        >>> Objective(Bernoulli(), bound=ImportanceWeighted(samples=50)).bound.samples
        50
    """

    samples: Count
    annealing: Annealing = Constant()
    beta: ClassVar[float] = 1.0
    free_bits: ClassVar[float] = 0.0

    def argument(self, name: str) -> str:
        """Name of a field, after `importance`."""
        return f"importance_{name}"
