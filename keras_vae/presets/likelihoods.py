"""Kinds of likelihoods p(x|z), as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .configuration import Configuration
from .ranges import NotNegative, Positive

_MODULE = "keras_vae.models.likelihoods"


class Likelihood(Configuration):
    """What the decoder's output means: p(x|z), or a reconstruction loss that is not normalized.

    Attributes:
        description: The reconstruction loss, in words.
        measure: Whether −log p(x|z) is one of a pixel's probability "mass" or "density", or a
            "cross-entropy" that reads gray levels as probabilities, and is a mass where they are
            black and white; None where it is not normalized, so that the sum with the KL divergence
            is not −ELBO.

    Example:
        >>> [kind for kind, each in Likelihood.kinds.items() if each.measure is None]
        ['squared_error', 'mean_squared_error']
    """

    description: ClassVar[str]
    measure: ClassVar[str | None] = None

    def check(self, output: str) -> None:
        """Refuse a decoder that ends otherwise than the likelihood needs.

        Args:
            output: See `Preset`.

        Raises:
            ValueError: If it does.
        """


@dataclass(frozen=True)
class Bernoulli(Likelihood, kind="bernoulli", builds=f"{_MODULE}.Bernoulli"):
    """Binary cross-entropy (Kingma and Welling 2013).

    Example:
        >>> Objective(Bernoulli()).likelihood.measure
        'cross-entropy'
    """

    description: ClassVar[str] = "binary cross-entropy"
    measure: ClassVar[str] = "cross-entropy"

    def check(self, output: str) -> None:
        """Refuse other outputs than a sigmoid: the mean is a probability.

        Raises:
            ValueError: If it is another.
        """
        if output != "sigmoid":
            raise ValueError(
                f"`output` must be 'sigmoid' for a Bernoulli likelihood. Received: {output!r}. "
                "For other outputs choose another `likelihood`, such as 'gaussian'."
            )


@dataclass(frozen=True)
class Gaussian(Likelihood, kind="gaussian", builds=f"{_MODULE}.Gaussian"):
    """Gaussian of a fixed variance.

    Attributes:
        variance: σ².

    Example:
        >>> Gaussian(variance=0.05).kind
        'gaussian'
    """

    variance: Positive = 1.0
    description: ClassVar[str] = "Gaussian, fixed variance"
    measure: ClassVar[str] = "density"


@dataclass(frozen=True)
class OptimalGaussian(Likelihood, kind="optimal_gaussian", builds=f"{_MODULE}.OptimalGaussian"):
    """Gaussian whose variance is the batch's mean squared error (Rybkin et al. 2021, eq. 8).

    Example:
        >>> get_preset("celeba").objective.likelihood
        OptimalGaussian()
    """

    description: ClassVar[str] = "Gaussian, variance at its optimum (Rybkin et al. 2021)"
    measure: ClassVar[str] = "density"


@dataclass(frozen=True)
class PositionalGaussian(
    Likelihood, kind="positional_gaussian", builds=f"{_MODULE}.PositionalGaussian"
):
    """Gaussian with a variance for each position, the batch's mean squared error there.

    Example:
        >>> get_preset("celeba").override(likelihood="positional_gaussian").likelihood_kind
        'density'
    """

    description: ClassVar[str] = "Gaussian, variance of each position at its optimum"
    measure: ClassVar[str] = "density"


@dataclass(frozen=True)
class LearnedGaussian(Likelihood, kind="learned_gaussian", builds=f"{_MODULE}.LearnedGaussian"):
    """Gaussian whose one variance is learned by gradient (Rybkin et al. 2021, eq. 5).

    Example:
        >>> get_preset("mnist").override(likelihood="learned_gaussian").loss_unit
        'nats'
    """

    description: ClassVar[str] = "Gaussian, learned variance (Rybkin et al. 2021)"
    measure: ClassVar[str] = "density"


@dataclass(frozen=True)
class DiscretizedLogistic(
    Likelihood, kind="discretized_logistic", builds=f"{_MODULE}.DiscretizedLogistic"
):
    """Logistic of one learned scale, integrated over each gray level's bin (Kingma et al. 2016).

    Example:
        >>> get_preset("celeba").override(likelihood="discretized_logistic").likelihood_kind
        'mass'
    """

    description: ClassVar[str] = "discretized logistic, learned scale (Kingma et al. 2016)"
    measure: ClassVar[str] = "mass"


@dataclass(frozen=True)
class SquaredError(Likelihood, kind="squared_error", builds=f"{_MODULE}.SquaredError"):
    """Squared error / (2c) (Zhao 2023): not normalized.

    Attributes:
        variance: c; at 1/2 the plain sum of squared errors.

    Example:
        >>> get_preset("mnist").override(likelihood="squared_error", variance=0.05).loss_unit
        'weighted'
    """

    variance: Positive = 1.0
    description: ClassVar[str] = "squared error / (2 × variance)"


@dataclass(frozen=True)
class MeanSquaredError(Likelihood, kind="mean_squared_error", builds=f"{_MODULE}.MeanSquaredError"):
    """Weight × the mean squared error of a pixel (Foster 2023): not normalized.

    Attributes:
        weight: Factor of the mean squared error.

    Example:
        >>> get_preset("celeba-foster").objective.likelihood
        MeanSquaredError(weight=2000.0)
    """

    weight: NotNegative = 1.0
    description: ClassVar[str] = "weight × mean squared error of a pixel"
