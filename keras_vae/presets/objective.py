"""What is minimised, as data."""

from __future__ import annotations

from dataclasses import dataclass

# name → (what is summed, what of a pixel it is the logarithm of: "mass" or "density"; None where it
# is not normalised, so that the sum with the KL divergence is not −ELBO)
LIKELIHOODS = {
    "bernoulli": ("binary cross-entropy", "mass"),
    "gaussian": ("Gaussian, fixed variance", "density"),
    "optimal_gaussian": ("Gaussian, variance at its optimum (Rybkin et al. 2021)", "density"),
    "learned_gaussian": ("Gaussian, learned variance (Rybkin et al. 2021)", "density"),
    "discretized_logistic": ("discretised logistic, learned scale (Kingma et al. 2016)", "mass"),
    "squared_error": ("squared error / (2 × variance)", None),
    "mean_squared_error": ("weight × mean squared error of a pixel", None),
}

# terms that an objective may have beside likelihood and KL divergence, and their names for people
EXTRAS = {"perceptual": "perceptual distance", "distillation": "distillation", "mmd": "MMD²"}


@dataclass(frozen=True)
class Objective:
    """What is minimised: a reconstruction term and a weighted KL divergence, per image.

    Attributes:
        likelihood: One of `LIKELIHOODS`.
        variance: c of "gaussian" and "squared_error".
        weight: Factor of "mean_squared_error".
        beta: Final weight of the KL divergence: β (Higgins et al. 2017) or Perriu's λ.
        annealing: "constant", "linear" (Bowman et al. 2016) or "cyclical" (Fu et al. 2019).
        annealing_steps: Optimizer steps until the weight first reaches β; for "cyclical" the length
            of one cycle, of which the weight grows over the first half.
        free_bits: Nats of KL in each latent dimension that are not penalised (Kingma et al. 2016).
        importance_samples: k of the importance-weighted bound (Burda et al. 2015); 1 is the ELBO.
        perceptual_weight: Factor of the distance of a classifier's feature maps (Hou et al. 2017);
            at 0 there is none.
        distillation_weight: Factor of the cross-entropy of a linear reading of z_mean with the same
            classifier's answers (Hinton et al. 2015); at 0 there is none.
        mmd_weight: Factor of the aggregate posterior's distance from the prior
            (`objectives.aggregate_mmd`); at 0 there is none.
    """

    likelihood: str
    variance: float = 1.0
    weight: float = 1.0
    beta: float = 1.0
    annealing: str = "constant"
    annealing_steps: int = 0
    free_bits: float = 0.0
    importance_samples: int = 1
    perceptual_weight: float = 0.0
    distillation_weight: float = 0.0
    mmd_weight: float = 0.0

    @property
    def guided(self) -> bool:
        """Whether a classifier of the data set's labels or attributes has a say in the loss."""
        return bool(self.perceptual_weight or self.distillation_weight)

    @property
    def extras(self) -> dict[str, float]:
        """Weights of the terms beside likelihood and KL divergence, by what a log calls them."""
        weights = {name: getattr(self, f"{name}_weight") for name in EXTRAS}
        return {f"{name}_loss": weight for name, weight in weights.items() if weight}
