"""How likely a model holds images to be: −ELBO, and −log p(x) by importance sampling.

All of it goes through the endpoint `log_likelihood`, which knows what the model was trained on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..datasets.source import Progress
from .checkpoint import Checkpoint

if TYPE_CHECKING:
    import tensorflow as tf

    from ..inference.registry import SavedModel
    from ..presets import Preset


LOG_TWO_PI = math.log(2.0 * math.pi)
BLOCK = 100  # draws of one image that share a seed: whatever is decoded at once, they are the same
CHUNK = 2**20  # pixels decoded at once: large enough for speed, and little memory

# The columns of `sample_weights`.
EVIDENCE, VARIANCE, RECONSTRUCTION, FITTED = range(4)


@dataclass(frozen=True)
class Likelihood:
    """Means over images of what an image costs, with the standard error of the first.

    Attributes:
        kind: "mass" or "density" of a pixel, in nats; None for a cost without a unit ("weighted").
        draws: Draws of z for each image.
        elbo: −ELBO: reconstruction + KL divergence; without a unit, the trained loss.
        elbo_error: Its standard error over images.
        reconstruction: −log p(x|z), mean over the draws.
        kl: KL divergence, analytic.
        bits_per_dimension: Of −ELBO; None without a unit.
        nll: −log p(x) by importance weights (Burda et al. 2015, eq. 8, k = draws); None without a
            unit. An upper bound in expectation, that tightens with the draws.
        nll_error: Its standard error over images.
        nll_monte_carlo_error: The part of it that is due to the draws (delta method); it does not
            show the bias of the bound, which `effective_draws` hints at.
        nll_bits_per_dimension: Of −log p(x).
        effective_draws: (Σw)² / Σw², median over the images: few mean that few draws count.
        nll_fitted_prior: −log p(x) of the same draws where z comes from the prior that was fitted
            to the training latents; None where the model has none.
        nll_fitted_prior_error: Its standard error over images.
    """

    kind: str | None
    draws: int
    elbo: float
    elbo_error: float
    reconstruction: float
    kl: float
    bits_per_dimension: float | None = None
    nll: float | None = None
    nll_error: float | None = None
    nll_monte_carlo_error: float | None = None
    nll_bits_per_dimension: float | None = None
    effective_draws: float | None = None
    nll_fitted_prior: float | None = None
    nll_fitted_prior_error: float | None = None


def summarize(weights: np.ndarray, kl: np.ndarray, draws: int, preset: Preset) -> Likelihood:
    """Average what was measured of each image.

    Args:
        weights: What `sample_weights` returns, [N, 4].
        kl: Analytic KL divergence, nats, [N].
        draws: S.
        preset: What was trained: it says whether there is a unit.
    """
    reconstruction = weights[:, RECONSTRUCTION]
    beta = 1.0 if preset.likelihood_kind else preset.objective.bound.beta
    elbo = reconstruction + beta * kl
    common = {
        "kind": preset.likelihood_kind,
        "draws": draws,
        "elbo": float(elbo.mean()),
        "elbo_error": standard_error(elbo),
        "reconstruction": float(reconstruction.mean()),
        "kl": float(kl.mean()),
    }
    if preset.likelihood_kind is None:
        return Likelihood(**common)
    nll, variance, fitted = -weights[:, EVIDENCE], weights[:, VARIANCE], -weights[:, FITTED]
    has_fitted = not np.isnan(fitted).any()
    return Likelihood(
        **common,
        nll_fitted_prior=float(fitted.mean()) if has_fitted else None,
        nll_fitted_prior_error=standard_error(fitted) if has_fitted else None,
        bits_per_dimension=preset.bits_per_dimension(common["elbo"]),
        nll=float(nll.mean()),
        nll_error=standard_error(nll),
        nll_monte_carlo_error=float(np.sqrt(variance.sum()) / len(nll)),
        nll_bits_per_dimension=preset.bits_per_dimension(float(nll.mean())),
        effective_draws=float(np.median(draws / (1.0 + (draws - 1.0) * variance))),
    )


def standard_error(values: np.ndarray) -> float:
    """Standard error of a mean over images; NaN for one image."""
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan


def sample_weights(
    model: SavedModel,
    images: np.ndarray,
    posterior: tuple[np.ndarray, np.ndarray],
    draws: int,
    *,
    seed: int = 0,
    keys: np.ndarray | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Draw z ~ q(z|x) for each image, and weigh it: w = p(x|z) p(z) / q(z|x).

    The noise follows from the seed, the image's key and the number of the draw alone, so neither
    the order nor what is decoded at once changes a result.

    Args:
        model: A model with the endpoint `log_likelihood`.
        images: uint8 [N, H, W, C].
        posterior: z_mean and z_log_var, float32 [N, L].
        draws: S, at least 1.
        seed: Of the noise.
        keys: Of each image's noise, below 2³¹, int [N]; None numbers them.
        checkpoint: Where results are kept against a kill.
        progress: Called with the images done and their total.

    Returns:
        float64 [N, 4], in nats: `EVIDENCE`, log of the mean weight; `VARIANCE` of that over draws
        (delta method; NaN for one draw); `RECONSTRUCTION`, the mean of −log p(x|z); `FITTED`, the
        evidence with the fitted prior as p(z) (NaN for a model without).
    """
    keys = np.arange(len(images)) if keys is None else np.asarray(keys)
    blocks = _Blocks(draws)
    statistics = _block_statistics(model, blocks.size)
    at_once = max(1, CHUNK // (blocks.size * math.prod(images.shape[1:])))
    group = max(1, at_once // blocks.number)  # images
    checkpoint = checkpoint or Checkpoint(None, "")
    results = checkpoint.load(len(images), 4)
    missing = np.flatnonzero(np.isnan(results[:, EVIDENCE]))
    for start in range(0, len(missing), group):
        rows = missing[start : start + group]
        items = blocks.items(rows, keys[rows], seed)
        inputs = (images, *posterior)
        parts = []
        for first in range(0, len(items.rows), at_once):
            part = slice(first, first + at_once)
            gathered = (array[items.rows[part]] for array in inputs)
            parts.append(statistics(*gathered, items.seeds[part], items.counts[part]).numpy())
        table = np.concatenate(parts).reshape(len(rows), blocks.number, 4)
        results[rows] = _combine(table, draws)
        checkpoint.save(results)
        if progress:
            progress(len(images) - len(missing) + start + len(rows), len(images))
    return results


@dataclass(frozen=True)
class _Items:
    """Blocks of draws to work on: the image's row, its seed, and how many draws count."""

    rows: np.ndarray
    seeds: np.ndarray
    counts: np.ndarray


class _Blocks:
    """S draws in blocks of one size; the last may hold a few that do not count."""

    def __init__(self, draws: int) -> None:
        if draws < 1:
            raise ValueError(f"`draws` must be at least 1. Received: {draws}.")
        self.number = math.ceil(draws / BLOCK)
        self.size = math.ceil(draws / self.number)
        spare = self.number * self.size - draws
        self.counts = np.full(self.number, self.size, np.int32)
        self.counts[-spare:] -= 1 if spare else 0

    def items(self, rows: np.ndarray, keys: np.ndarray, seed: int) -> _Items:
        """Every block of some images."""
        number = np.tile(np.arange(self.number), len(rows))
        place = (np.repeat(keys.astype(np.int64), self.number) << 32) + number
        return _Items(
            rows=np.repeat(rows, self.number),
            seeds=np.stack([np.full_like(place, seed), place], axis=1),
            counts=np.tile(self.counts, len(rows)),
        )


def _block_statistics(model: SavedModel, size: int) -> Callable[..., tf.Tensor]:
    """Make a TensorFlow function that sums up blocks of draws, [G, …] → float64 [G, 4].

    It returns log Σw, log Σw² and Σ log p(x|z) of each block, and log Σw under the fitted prior.
    """
    import tensorflow as tf

    endpoint = model.endpoint("log_likelihood")
    log_prior = model.endpoint("log_prior_gmm") if model.has_prior("gmm") else None
    latent = tf.TensorSpec([None, model.latent_dim], tf.float32)

    def normal(seed: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_normal([size, model.latent_dim], seed, alg="philox")

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, *model.image_shape], tf.uint8),
            latent,
            latent,
            tf.TensorSpec([None, 2], tf.int64),
            tf.TensorSpec([None], tf.int32),
        ],
        autograph=False,
    )
    def statistics(
        image: tf.Tensor, z_mean: tf.Tensor, z_log_var: tf.Tensor, seed: tf.Tensor, count: tf.Tensor
    ) -> tf.Tensor:
        noise = tf.map_fn(normal, seed, fn_output_signature=tf.float32)  # [G, D, L]
        log_var = z_log_var[:, tf.newaxis]
        z = z_mean[:, tf.newaxis] + tf.exp(0.5 * log_var) * noise
        log_likelihood = endpoint(image=image, z=z)["log_likelihood"]  # [G, D]
        # log p(z) − log q(z|x): both Gaussian, so that their normalisers cancel but for log σ.
        log_ratio = 0.5 * tf.reduce_sum(tf.square(noise) + log_var - tf.square(z), axis=-1)
        log_likelihood = tf.cast(log_likelihood, tf.float64)
        counts = tf.sequence_mask(count, size)

        def log_sum(log_ratio: tf.Tensor, power: float = 1.0) -> tf.Tensor:
            log_weight = power * (log_likelihood + tf.cast(log_ratio, tf.float64))
            return tf.reduce_logsumexp(tf.where(counts, log_weight, -np.float64("inf")), axis=1)

        fitted = tf.fill(tf.shape(count), np.float64("nan"))
        if log_prior is not None:
            entropy = 0.5 * tf.reduce_sum(tf.square(noise) + log_var + LOG_TWO_PI, axis=-1)
            fitted = log_sum(log_prior(z=z)["log_prior"] + entropy)
        reconstruction = tf.reduce_sum(tf.where(counts, log_likelihood, 0.0), axis=1)
        sums: list[Any] = [log_sum(log_ratio), log_sum(log_ratio, 2.0), reconstruction, fitted]
        return tf.stack(sums, axis=1)

    return statistics


def _combine(table: np.ndarray, draws: int) -> np.ndarray:
    """Add up the blocks of each image, [N, blocks, 4] → [N, 4]."""
    with np.errstate(invalid="ignore"):  # one draw has no variance, some models no fitted prior
        log_sum, log_squares, fitted = (
            np.logaddexp.reduce(table[..., column], axis=1) for column in (0, 1, 3)
        )
        spread = draws * np.exp(log_squares - 2.0 * log_sum) - 1.0
        variance = np.maximum(spread, 0.0) / np.float64(draws - 1)
    reconstruction = -table[..., 2].sum(axis=1) / draws
    log_draws = math.log(draws)
    return np.stack([log_sum - log_draws, variance, reconstruction, fitted - log_draws], axis=1)
