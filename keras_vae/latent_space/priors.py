"""A prior fitted to the latents after training: a mixture of Gaussians. Arrays only."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from ..files.arrays import read_arrays
from ..files.atomic import write_atomically
from ..files.naming import first_line
from ..files.progress import Progress
from . import philox

COMPONENTS = (1, 5, 10, 20, 50)  # numbers of components that are tried
MOST_NUMBERS = 500_000  # in all covariances: limits the size of a model to 1 MB, and the time
MOST_DIMENSIONS = math.isqrt(MOST_NUMBERS)
MOST_LATENTS = 60_000  # limits the time
HELD_OUT = 0.1  # share of the latents by which the number of components is chosen

# EM stops when an iteration gains less, in nats per dimension, or after so many iterations:
# held-out latents gain little from the rest.
TOLERANCE = 2.5e-4
ITERATIONS = 50
FLOOR = 1e-4  # added to every variance
SMALL = 100_000  # numbers of all latents; fewer are fitted by one thread


@dataclass(frozen=True, eq=False)
class GaussianMixturePrior:
    """A mixture of K Gaussians over the latent space.

    Attributes:
        weights: Probability of each component, float32 [K].
        means: float32 [K, L].
        scale_tril: Lower triangular S of each covariance S Sᵀ, float32 [K, L, L].

    Raises:
        ValueError: If the shapes do not fit one another, or a number is not finite.

    Example:
        >>> z = np.random.default_rng(0).normal(size=(500, 2))
        >>> prior = GaussianMixturePrior.fit(z, components=3)
        >>> prior.sample(seeds=[0, 1, 2, 3]).shape
        (4, 2)
    """

    weights: np.ndarray
    means: np.ndarray
    scale_tril: np.ndarray

    def __post_init__(self) -> None:
        shapes = [np.shape(part) for part in (self.weights, self.means, self.scale_tril)]
        count, latent_dim = shapes[1] if len(shapes[1]) == 2 else (0, 0)
        if shapes != [(count,), (count, latent_dim), (count, latent_dim, latent_dim)]:
            raise ValueError(
                "`weights`, `means` and `scale_tril` must have shapes [K], [K, L] and [K, L, L]. "
                f"Received: {', '.join(str(list(shape)) for shape in shapes)}."
            )
        limit = np.finfo(np.float32).max
        ranges = {"weights": (0, 1.001), "means": (-limit, limit), "scale_tril": (-limit, limit)}
        for name, (least, most) in ranges.items():
            values = np.asarray(getattr(self, name))
            if not ((least <= values) & (values <= most)).all():  # also NaN
                raise ValueError(f"`{name}` must be numbers of {least:.3g} … {most:.3g}.")

    @classmethod
    def fit(cls, z: np.ndarray, components: int) -> GaussianMixturePrior:
        """Fit a mixture with full covariances by expectation maximization.

        Args:
            z: Latents, float [N, L].
            components: K.

        Raises:
            ValueError: If there are fewer latents than components.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture
        from threadpoolctl import threadpool_limits

        mixture = GaussianMixture(
            components,
            tol=TOLERANCE * np.shape(z)[1],
            max_iter=ITERATIONS,
            reg_covar=FLOOR,
            random_state=0,  # of the start, by k-means
        )
        # The threads of a small product wait for each other longer than they multiply.
        threads = 1 if np.size(z) < SMALL else None
        with warnings.catch_warnings(), threadpool_limits(threads, user_api="blas"):
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(np.asarray(z, np.float32))
        scale = _in_halves(np.linalg.cholesky(mixture.covariances_.astype(np.float64)))
        parts = (mixture.weights_, mixture.means_, scale)
        return cls(*(part.astype(np.float32) for part in parts))

    @property
    def stored_scale_tril(self) -> np.ndarray:
        """`scale_tril` as files hold it: float16 [K, L, L] where that has all of its numbers."""
        halves = _in_halves(self.scale_tril)
        return halves if np.array_equal(halves, self.scale_tril) else self.scale_tril

    @property
    def components(self) -> int:
        """K."""
        return len(self.weights)

    @property
    def latent_dim(self) -> int:
        """L."""
        return self.means.shape[1]

    def sample(self, seeds: Sequence[int], temperature: Any = 1.0) -> np.ndarray:
        """Sample z = μ + temperature · S ε, as the signature `generate_gmm` does.

        Args:
            seeds: One for each latent, B integers of 64 bits.
            temperature: One number, or one for each seed.

        Returns:
            float32 [B, L].

        Raises:
            ValueError: If a temperature is not finite.
        """
        ends = np.cumsum(self.weights, dtype=np.float32)[:-1]
        component = np.searchsorted(ends, philox.uniform(seeds), side="right")
        z = sample_normal(seeds, self.latent_dim, temperature)
        with np.errstate(over="ignore", invalid="ignore"):  # no decoder takes what is not finite
            for k in np.unique(component):
                rows = component == k
                z[rows] = self.means[k] + z[rows] @ self.scale_tril[k].T
        return z

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write an .npz file atomically, compressed: half of each S is zeros.

        Raises:
            FileExistsError: If the file exists and `overwrite` is False.
        """
        arrays = {**vars(self), "scale_tril": self.stored_scale_tril}
        write_atomically(
            path, lambda draft: np.savez_compressed(draft, **arrays), overwrite=overwrite
        )

    @classmethod
    def load(cls, path: str | Path) -> GaussianMixturePrior:
        """Read a file of `save`.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it holds no fitted prior.
        """
        try:
            return cls.from_stored(**read_arrays(path))
        except FileNotFoundError:
            raise
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path} holds no fitted prior: {first_line(error)}") from error

    @classmethod
    def from_stored(
        cls, weights: np.ndarray, means: np.ndarray, scale_tril: np.ndarray
    ) -> GaussianMixturePrior:
        """Make a prior of arrays that a file holds, `stored_scale_tril` among them."""
        halves = np.asarray(scale_tril).dtype == np.float16
        return cls(weights, means, scale_tril.astype(np.float32) if halves else scale_tril)

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """Measure the log density of latents [N, L], in nats, float64 [N]."""
        from scipy.special import logsumexp
        from scipy.stats import Covariance, multivariate_normal

        z = np.asarray(z, np.float64)
        covariances = map(Covariance.from_cholesky, self.scale_tril.astype(np.float64))
        components = map(multivariate_normal, self.means, covariances)
        densities = np.reshape([each.logpdf(z) for each in components], (self.components, len(z)))
        return logsumexp(densities, axis=0, b=self.weights[:, np.newaxis])


@dataclass(frozen=True, eq=False)
class PriorFit:
    """A prior, and how well it fits latents that it was not fitted to.

    Attributes:
        prior: The mixture.
        latents: Number of latents that it was fitted to.
        held_out: Number of latents that it was chosen by.
        log_prob: Their mean log density under the mixture, in nats.
        normal_log_prob: The same under N(0, I).

    Example:
        >>> fit = fit_prior(np.random.default_rng(0).normal(size=(100, 2)))
        >>> fit.facts()["kind"]
        'Gaussian mixture, full covariances'
    """

    prior: GaussianMixturePrior
    latents: int
    held_out: int
    log_prob: float
    normal_log_prob: float

    def facts(self) -> dict[str, Any]:
        """Return JSON-ready numbers."""
        numbers = {name: value for name, value in vars(self).items() if name != "prior"}
        return {
            "kind": "Gaussian mixture, full covariances",
            "components": self.prior.components,
            **{name: round(value, 3) for name, value in numbers.items()},
        }


def _in_halves(scale: np.ndarray) -> np.ndarray:
    """Round to float16, unless numbers are too large for it.

    The error of one part in two thousand is far below that of fitting a covariance.
    """
    with np.errstate(over="ignore"):
        halves = scale.astype(np.float16)
    return halves if np.isfinite(halves).all() else scale


def sample_normal(seeds: Sequence[int], latent_dim: int, temperature: Any = 1.0) -> np.ndarray:
    """Sample z from N(0, temperature² I), as the signature `generate` does.

    Args:
        seeds: One for each latent, B integers of 64 bits.
        latent_dim: L.
        temperature: One number, or one for each seed.

    Returns:
        float32 [B, L].

    Raises:
        ValueError: If a temperature is not finite, or there is another number of them.
    """
    scale = finite_temperature(temperature)
    if scale.shape not in ((), (len(seeds),)):
        raise ValueError(
            "`temperature` must be one number, or one for each seed. "
            f"Received: shape {list(scale.shape)} for {len(seeds)} seeds."
        )
    return scale.reshape(-1, 1) * philox.normal(seeds, latent_dim)


def finite_temperature(temperature: Any) -> np.ndarray:
    """Return temperatures as float32.

    Raises:
        ValueError: If one is not finite.
    """
    with np.errstate(over="ignore"):  # what is too large is infinite
        values = np.asarray(temperature, np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"`temperature` must be finite. Received: {temperature}.")
    return values


def fewest_latents(latent_dim: int) -> int:
    """Return how many latents a component is fitted to at least: fewer span no covariance."""
    return max(20, latent_dim)


def fewest_images(latent_dim: int) -> int:
    """Return how many latents `fit_prior` takes at least, with those that it holds out.

    Example:
        >>> fewest_images(200)
        222
    """
    fewest = fewest_latents(latent_dim)
    return next(n for n in count(fewest) if n - int(HELD_OUT * n) >= fewest)


def fit_prior(z: np.ndarray, progress: Progress | None = None) -> PriorFit | None:
    """Fit mixtures of several sizes, and keep the one under which held-out latents are likeliest.

    The ex-post density estimation of Ghosh et al. 2020, "From variational to deterministic
    autoencoders". The aggregate posterior does not fill N(0, I); a fitted prior covers it better.

    Args:
        z: Latents of the training split, one sample from q(z|x) per image, float [N, L].
        progress: Called with (done, total) components.

    Returns:
        The best fit; None where there are too few latents for a single covariance, or one would be
        too large.

    Example:
        >>> fit = fit_prior(np.random.default_rng(0).normal(3.0, 1.0, size=(100, 2)))
        >>> fit.log_prob > fit.normal_log_prob
        True
    """
    order = np.random.default_rng(0).permutation(len(z))[:MOST_LATENTS]
    held_out, rest = np.split(np.asarray(z)[order], [int(HELD_OUT * len(order))])
    latent_dim = rest.shape[1]
    most = min(len(rest) // fewest_latents(latent_dim), MOST_NUMBERS // latent_dim**2)
    counts = [components for components in COMPONENTS if components <= most]
    if not counts:
        return None
    fits = []
    for number, components in enumerate(counts):
        if progress:
            progress(sum(counts[:number]), sum(counts))
        prior = GaussianMixturePrior.fit(rest, components)
        fits.append((float(prior.log_prob(held_out).mean()), prior))
    log_prob, prior = max(fits, key=lambda fit: fit[0])
    normal = -0.5 * (np.square(held_out).sum(axis=1) + latent_dim * np.log(2.0 * np.pi))
    return PriorFit(prior, len(rest), len(held_out), log_prob, float(normal.mean()))
