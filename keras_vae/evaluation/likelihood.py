"""How likely images are under a model: −ELBO, and −log p(x) by importance sampling.

Both use the endpoint `log_likelihood`, with the likelihood that the model was trained with.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files.progress import Progress
from .checkpoint import Checkpoint
from .means import mean_and_error

if TYPE_CHECKING:
    import tensorflow as tf

    from ..inference.saved_model import SavedModel
    from ..presets import Preset


LOG_TWO_PI = math.log(2.0 * math.pi)
BLOCK = 100  # samples of one image that share a seed: they do not depend on the batches
CHUNK = 2**20  # pixels decoded at once: enough for speed, and little memory

# The columns of `sample_weights`.
EVIDENCE, VARIANCE, RECONSTRUCTION, FITTED = range(4)


@dataclass(frozen=True)
class Likelihood:
    """Means over images, some with their standard error over images.

    Attributes:
        kind: "mass", "density" or "cross-entropy", in nats: see `presets.Likelihood.measure`; None
            for a weighted loss without a unit.
        importance_samples: Samples of z per image.
        elbo: −ELBO: reconstruction loss + KL divergence; without a unit, reconstruction loss + β ·
            KL divergence, without the other terms and the free bits of the trained loss.
        elbo_error: Its standard error.
        reconstruction: Reconstruction loss, −log p(x|z), with z sampled from q(z|x).
        kl: KL divergence, analytic.
        bits_per_dimension: −ELBO in bits per dimension; None without a unit, and for a
            cross-entropy.
        nll: Upper bound on −log p(x) by importance weights (Burda et al. 2015, eq. 8, k =
            importance_samples); it tightens with more samples. None without a unit.
        nll_error: Its standard error.
        nll_monte_carlo_error: The part of it that is due to sampling (delta method); the bias of
            the bound is not in it; few `effective_samples` indicate that bias.
        nll_bits_per_dimension: The bound on −log p(x) in bits per dimension, likewise.
        effective_samples: (Σw)² / Σw², median over the images.
        nll_fitted_prior: The bound on −log p(x) from the same samples where z comes from the prior
            that was fitted to the training latents; None for a model without one.
        nll_fitted_prior_error: Its standard error.
    """

    kind: str | None
    importance_samples: int
    elbo: float
    elbo_error: float
    reconstruction: float
    kl: float
    bits_per_dimension: float | None = None
    nll: float | None = None
    nll_error: float | None = None
    nll_monte_carlo_error: float | None = None
    nll_bits_per_dimension: float | None = None
    effective_samples: float | None = None
    nll_fitted_prior: float | None = None
    nll_fitted_prior_error: float | None = None


def summarize(weights: np.ndarray, kl: np.ndarray, samples: int, preset: Preset) -> Likelihood:
    """Average the measurements of the images.

    Args:
        weights: The result of `sample_weights`, [N, 4].
        kl: Analytic KL divergence, nats, [N].
        samples: S.
        preset: The model's preset, with the binarization of the images, which decide whether the
            loss has a unit.
    """
    kind, reconstruction = preset.likelihood_kind, weights[:, RECONSTRUCTION]
    beta = 1.0 if preset.likelihood_kind else preset.objective.bound.beta
    elbo, error = mean_and_error(reconstruction + beta * kl)
    found = Likelihood(kind, samples, elbo, error, float(reconstruction.mean()), float(kl.mean()))
    if kind is None:
        return found
    (nll, nll_error), variance = mean_and_error(-weights[:, EVIDENCE]), weights[:, VARIANCE]
    if not np.isnan(weights[:, FITTED]).any():
        fitted, error = mean_and_error(-weights[:, FITTED])
        found = replace(found, nll_fitted_prior=fitted, nll_fitted_prior_error=error)
    return replace(
        found,
        bits_per_dimension=preset.bits_per_dimension(elbo),
        nll=nll,
        nll_error=nll_error,
        nll_monte_carlo_error=float(np.sqrt(variance.sum()) / len(variance)),
        nll_bits_per_dimension=preset.bits_per_dimension(nll),
        effective_samples=float(np.median(samples / (1.0 + (samples - 1.0) * variance))),
    )


def sample_weights(
    model: SavedModel,
    images: np.ndarray,
    posterior: tuple[np.ndarray, np.ndarray],
    samples: int,
    *,
    seed: int = 0,
    keys: np.ndarray | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Sample z ~ q(z|x) for each image, and compute importance weights w = p(x|z) p(z) / q(z|x).

    The noise depends on the seed, the image's key and the number of the sample alone: neither the
    order of the images nor the size of the batches changes a result.

    Args:
        model: A model with the endpoint `log_likelihood`.
        images: uint8 [N, H, W, C].
        posterior: z_mean and z_log_var, float32 [N, L].
        samples: S, at least 1.
        seed: Seed of the noise.
        keys: Keys of the images' noise, below 2³¹, int [N]; None numbers them.
        checkpoint: Stores results, so that an interrupted evaluation resumes.
        progress: Called with the images done and their total.

    Returns:
        float64 [N, 4], in nats: `EVIDENCE`, log of the mean weight; `VARIANCE` of that over samples
        (delta method; NaN for one sample); `RECONSTRUCTION`, the mean of −log p(x|z); `FITTED`, the
        evidence with the fitted prior as p(z) (NaN for a model without one).
    """
    keys = np.arange(len(images)) if keys is None else np.asarray(keys)
    checkpoint = checkpoint or Checkpoint()
    sizes = _block_sizes(samples)  # [blocks]
    size, blocks = int(sizes.max()), len(sizes)
    statistics = _block_statistics(model, size)
    table = checkpoint.load((len(images) * blocks, 4))
    missing = np.flatnonzero(np.isnan(table[:, 0]))
    at_once = max(1, CHUNK // (size * math.prod(images.shape[1:])))
    for start in range(0, len(missing), at_once):
        part = missing[start : start + at_once]
        rows, block = np.divmod(part, blocks)
        seeds = np.stack([np.full_like(part, seed), (keys[rows].astype(np.int64) << 32) + block], 1)
        z_mean, z_log_var = (array[rows] for array in posterior)
        table[part] = statistics(images[rows], z_mean, z_log_var, seeds, sizes[block]).numpy()
        checkpoint.save(table)
        if progress:
            progress((len(table) - len(missing) + start + len(part)) // blocks, len(images))
    return _combine(table.reshape(len(images), blocks, 4), samples)


def _block_sizes(samples: int) -> np.ndarray:
    """Divide S samples into blocks of nearly one size, int32 [blocks]."""
    if samples < 1:
        raise ValueError(f"`samples` must be at least 1. Received: {samples}.")
    blocks = np.array_split(np.arange(samples), math.ceil(samples / BLOCK))
    return np.array([len(block) for block in blocks], np.int32)


def _block_statistics(model: SavedModel, size: int) -> Callable[..., tf.Tensor]:
    """Make a TensorFlow function that sums over blocks of samples, [G, …] → float64 [G, 4].

    It returns log Σw, log Σw² and Σ log p(x|z) of each block, and log Σw under the fitted prior.
    """
    import tensorflow as tf

    endpoint = model.endpoint("log_likelihood")
    log_prior = model.endpoint("log_prior_gmm") if model.has_prior("gmm") else None

    def normal(seed: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_normal([size, model.latent_dim], seed, alg="philox")

    latents = tf.TensorSpec((None, model.latent_dim), tf.float32)
    image = tf.TensorSpec((None, *model.image_shape), tf.uint8)
    seed, count = tf.TensorSpec((None, 2), tf.int64), tf.TensorSpec((None,), tf.int32)

    @tf.function(autograph=False, input_signature=[image, latents, latents, seed, count])
    def statistics(
        image: tf.Tensor, z_mean: tf.Tensor, z_log_var: tf.Tensor, seed: tf.Tensor, count: tf.Tensor
    ) -> tf.Tensor:
        noise = tf.map_fn(normal, seed, fn_output_signature=tf.float32)  # [G, D, L]
        log_var = z_log_var[:, tf.newaxis]
        z = z_mean[:, tf.newaxis] + tf.exp(0.5 * log_var) * noise
        log_likelihood = endpoint(image=image, z=z)["log_likelihood"]  # [G, D]
        # log p(z) − log q(z|x): both Gaussian, so that their normalizers cancel but for log σ.
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

    concrete = statistics.get_concrete_function()  # TensorFlow warns of functions called once
    return lambda *arrays: concrete(*map(tf.constant, arrays))


def _combine(table: np.ndarray, samples: int) -> np.ndarray:
    """Add up the blocks of each image, [N, blocks, 4] → [N, 4]."""
    with np.errstate(invalid="ignore"):  # one sample has no variance, some models no fitted prior
        log_sum, log_squares, fitted = np.logaddexp.reduce(table[..., [0, 1, 3]], axis=1).T
        spread = samples * np.exp(log_squares - 2.0 * log_sum) - 1.0
        variance = np.maximum(spread, 0.0) / np.float64(samples - 1)
    reconstruction = -table[..., 2].sum(axis=1) / samples
    log_samples = math.log(samples)
    return np.stack([log_sum - log_samples, variance, reconstruction, fitted - log_samples], axis=1)
