"""The loss, as data: a likelihood, a bound, and further terms."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from .bounds import ELBO, Annealing, Bound, ImportanceWeighted
from .configuration import Configuration
from .likelihoods import Likelihood
from .terms import Term


@dataclass(frozen=True)
class Objective:
    """What is minimized, per image.

    Attributes:
        likelihood: p(x|z), whose negative logarithm is the reconstruction loss.
        bound: What is made of reconstruction loss and KL divergence.
        terms: Further weighted terms.

    Example:
        >>> objective = Objective(OptimalGaussian(), bound=ELBO(beta=8.0), terms=(MMD(2.0),))
        >>> [type(term).__name__ for term in objective.build()]
        ['Reconstruction', 'KL', 'MMD']
    """

    likelihood: Likelihood
    bound: Bound = field(default_factory=ELBO)
    terms: tuple[Term, ...] = ()

    @property
    def needs_teacher(self) -> bool:
        """Whether a classifier of the data set's labels or attributes takes part."""
        return any(term.needs_teacher for term in self.terms)

    def losses_compare(self, validated: bool) -> bool:
        """Whether the losses of different epochs do: a term may start late or be an adversary's.

        Args:
            validated: Whether they are those of a validation split, which count the KL divergence
                in full. A training loss counts it as far as it is annealed.
        """
        counted = validated or not self.bound.is_annealed
        return counted and all(term.losses_compare for term in self.terms)

    def without_teacher(self) -> Objective:
        """Return a copy without the terms that need a teacher."""
        return replace(self, terms=tuple(each for each in self.terms if not each.needs_teacher))

    def term(self, kind: str) -> Term | None:
        """The term of a kind, if there is one."""
        return next((term for term in self.terms if term.kind == kind), None)

    def build(self, **context: Any) -> list[Any]:
        """Build the loss terms, those of the bound first.

        Args:
            **context: What further terms may need: see `Term.build`.

        Raises:
            ValueError: If a term needs a `teacher` and none is given.
        """
        taught = [term.kind for term in self.terms if term.needs_teacher]
        if taught and context.get("teacher") is None:
            raise ValueError(f"`teacher` must be given for {' and '.join(taught)}. Received: None.")
        return [*self.bound.build(), *(term.build(**context) for term in self.terms)]

    def overridden(self, name: str, value: Any) -> Objective | None:
        """Return a copy with another kind or number; None if it has nothing of that name."""
        if name == "likelihood":
            return replace(self, likelihood=self.likelihood.switched(value, name))
        if name == "importance_samples":
            return replace(self, bound=self._bound_of(value))
        kind, _, number = name.partition("_")
        if kind in Term.kinds and number == "weight":
            return replace(self, terms=self._weighted(kind, value))
        if kind in Term.kinds:
            return self._with_number(kind, number, value)
        for part in ("likelihood", "bound"):
            changed = getattr(self, part).overridden(name, value)
            if changed is not None:
                return replace(self, **{part: changed})
        return None

    def needed_for(self, name: str) -> str | None:
        """The arguments of `overridden` of which one adds a number; None: it is of no kind."""
        kind, _, number = name.partition("_")
        if kind in _kinds_with(Term, number) and self.term(kind) is None:
            return f"`{kind}_weight`"
        if kind == "annealing":
            choices = [f"`annealing={each}`" for each in _kinds_with(Annealing, number)]
        else:
            choices = [f"`likelihood={each}`" for each in _kinds_with(Likelihood, name)]
        return " or ".join(choices) or None

    def check(self, stochastic: bool = True) -> None:
        """Refuse what would be left out of the importance-weighted bound in silence.

        Args:
            stochastic: Whether z is sampled.

        Raises:
            ValueError: If the bound is importance-weighted and there is more than the bound, or an
                annealing has no steps.
        """
        self.bound.annealing.check()
        if self.bound.samples == 1:
            return
        others = [f"{term.kind}_weight={term.weight:g}" for term in self.terms]
        if not stochastic:
            others.append("stochastic=False")
        if others:
            raise _not_a_bound(self.bound.samples, others)

    def _bound_of(self, samples: int) -> Bound:
        """The ELBO, or the importance-weighted bound of several samples."""
        bound = self.bound
        if samples == 1:
            return ELBO(bound.beta, bound.annealing, bound.free_bits)
        numbers = {"beta": (bound.beta, 1.0), "free_bits": (bound.free_bits, 0.0)}
        others = [f"{name}={value:g}" for name, (value, none) in numbers.items() if value != none]
        if others:
            raise _not_a_bound(samples, others)
        return ImportanceWeighted(samples, bound.annealing)

    def _with_number(self, kind: str, name: str, value: Any) -> Objective | None:
        """Return a copy with another value of a term; None if it has no such term or value."""
        term = self.term(kind)
        changed = None if term is None else term.overridden(name, value)
        if changed is None:
            return None
        terms = tuple(changed if each is term else each for each in self.terms)
        return replace(self, terms=terms)

    def _weighted(self, kind: str, weight: float) -> tuple[Term, ...]:
        """The terms with another weight of one, which is left out at 0."""
        terms = {term.kind: term for term in self.terms}
        known = terms.get(kind)
        terms[kind] = Term.kinds[kind](weight) if known is None else replace(known, weight=weight)
        return tuple(terms[each] for each in Term.kinds if each in terms and terms[each].weight)


def _kinds_with(family: type[Configuration], name: str) -> list[str]:
    """The kinds of a family that have a field."""
    return [
        kind
        for kind, each in family.kinds.items()
        if name in {field.name for field in fields(each)}
    ]


def _not_a_bound(samples: int, others: list[str]) -> ValueError:
    return ValueError(
        "`importance_samples` must be 1 where the loss is more than the importance-weighted bound, "
        "which has a beta of 1, no free bits, sampled z and no other terms. Leave one or the other "
        f"out. Received: {samples} with {', '.join(others)}."
    )
