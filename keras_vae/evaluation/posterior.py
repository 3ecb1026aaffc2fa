"""The posteriors of a split: active units, KL by dimension, MMD of the aggregate from the prior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..latent_space.arithmetic import kl_per_dimension

if TYPE_CHECKING:
    from ..presets import Preset

ACTIVE = 0.01  # variance of E[z|x] over images above which a dimension counts as active
MMD_SAMPLES = 3_000  # at most: the kernel matrix has its square of values


@dataclass(frozen=True)
class Posterior:
    """Measurements of q(z|x) over a split.

    Attributes:
        latent_dim: L.
        active_units: Dimensions whose E[z|x] varies by more than 0.01 over the images.
        kl_per_dimension: KL divergence from the prior, nats, L of them.
        mmd: MMD² between samples of the aggregate posterior and N(0, I): see `squared_mmd`.
        mmd_error: Its standard error.
        mmd_samples: Number of these samples.
        warning: See `collapse_warning`.
    """

    latent_dim: int
    active_units: int
    kl_per_dimension: tuple[float, ...]
    mmd: float
    mmd_error: float
    mmd_samples: int
    warning: str | None = None


def measure_posterior(
    z_mean: np.ndarray, z_log_var: np.ndarray, preset: Preset, *, seed: int = 0
) -> Posterior:
    """Measure the posteriors of N images.

    Args:
        z_mean: float32 [N, L].
        z_log_var: float32 [N, L].
        preset: The model's preset, which decides what the warning recommends.
        seed: Seed of the samples for the MMD.
    """
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(z_mean))[:MMD_SAMPLES]
    noise = rng.standard_normal((len(rows), z_mean.shape[1]))
    mmd, error = squared_mmd(z_mean[rows] + np.exp(0.5 * z_log_var[rows]) * noise)
    active = active_units(z_mean)
    return Posterior(
        latent_dim=z_mean.shape[1],
        active_units=active,
        kl_per_dimension=tuple(kl_per_dimension(z_mean, z_log_var).mean(axis=0).tolist()),
        mmd=mmd,
        mmd_error=error,
        mmd_samples=len(rows),
        warning=collapse_warning(active, z_mean.shape[1], preset),
    )


def active_units(z_mean: np.ndarray) -> int:
    """Count the dimensions in which E[z|x] varies by more than 0.01 (Burda et al. 2015, 5.2).

    Args:
        z_mean: [N, L].
    """
    return int((np.var(z_mean, axis=0, dtype=np.float64) > ACTIVE).sum())


def squared_mmd(z: np.ndarray) -> tuple[float, float]:
    """Unbiased MMD² between samples and N(0, I) (Gretton et al. 2012, lemma 6), and its error.

    The kernel is exp(−‖z − z'‖² / 2L), whose bandwidth is the scale of the prior: two samples from
    it are √(2L) apart. Its means under N(0, I) are known, so the prior needs no samples
    (Baringhaus and Henze 1988). Of samples from the prior it is 0 up to its error.

    Args:
        z: Samples, [N, L], N ≥ 2.

    Returns:
        MMD², and its standard error from the variance of a U-statistic (Hoeffding 1948).
    """
    from sklearn.metrics.pairwise import rbf_kernel

    z = np.asarray(z, np.float64)
    count, dim = z.shape
    if count < 2:
        return math.nan, math.nan
    square = np.square(z).sum(axis=1)
    kernel = rbf_kernel(z, gamma=0.5 / dim)  # [N, N]
    to_prior = (dim / (dim + 1)) ** (dim / 2) * np.exp(-square / (2.0 * (dim + 1)))  # [N]
    in_prior = (dim / (dim + 2)) ** (dim / 2)
    core = kernel - to_prior[:, None] - to_prior[None] + in_prior
    np.fill_diagonal(core, 0.0)
    pairs = count * (count - 1)
    mmd = core.sum() / pairs
    by_sample = np.var(core.sum(axis=1) / (count - 1), ddof=1)
    by_pair = np.square(core).sum() / pairs - mmd**2
    return float(mmd), float(math.sqrt(4.0 * by_sample / count + 2.0 * by_pair / pairs))


def collapse_warning(active: int, latent_dim: int, preset: Preset) -> str | None:
    """Recommend settings where more than half of the dimensions are inactive.

    Args:
        active: Active units.
        latent_dim: L.
        preset: The model's preset.
    """
    if 2 * active >= latent_dim:
        return None
    named = [
        " and ".join(f"`{name}={value!r}`" for name, value in changes.items())
        for changes in remedies(preset)
    ]
    return (
        f"Posterior collapse: {latent_dim - active} of {latent_dim} dimensions are inactive "
        f"(the variance of E[z|x] over images is at most {ACTIVE})."
        + (f" Train with {', or '.join(named)}." if named else "")
    )


def remedies(preset: Preset) -> list[dict[str, Any]]:
    """Changes of a preset that keep more dimensions active, each as `Preset.override` takes it.

    What the preset has already is not among them, nor what its kinds do not have: the
    importance-weighted bound has neither β nor free bits.

    Args:
        preset: The model's preset.
    """
    bound, likelihood = preset.objective.bound, preset.objective.likelihood
    numbers = {**likelihood.values(), **bound.values()}
    found: list[dict[str, Any]] = []
    if numbers.get("free_bits") == 0.0:
        found.append({"free_bits": 0.1})
    if not bound.is_annealed:
        found.append({"annealing": "linear", "annealing_steps": 2_000})
    found += [{"beta": numbers["beta"] / 2}] if numbers.get("beta") else []
    found += [{"weight": numbers["weight"] * 2}] if numbers.get("weight") else []
    return found
