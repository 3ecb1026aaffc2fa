"""The terms of the objective: pure functions, one value for each image.

Likelihood terms are summed over pixels and channels, the KL divergence is kept by latent dimension.
Terms named `…_nll` are normalised negative log-likelihoods, in nats: with the KL divergence they
make −ELBO. A squared error is not: it has no unit.
"""

from __future__ import annotations

import math

import tensorflow as tf

LOG_TWO_PI = math.log(2.0 * math.pi)


def bernoulli_nll(image: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy from logits, summed over pixels.

    A normalised likelihood for pixels in {0, 1}; for grey pixels in [0, 1] it is the bound that the
    VAE literature reports all the same (Kingma and Welling 2013, appendix C.1).

    Args:
        image: Pixels in [0, 1], [B, H, W, C].
        logits: The decoder's output, [B, H, W, C].

    Returns:
        Nats, [B].
    """
    # TensorFlow's own sigmoid_cross_entropy_with_logits takes twice the passes over memory.
    return sum_pixels(tf.nn.softplus(logits) - image * logits)


def gaussian_nll(image: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor | float) -> tf.Tensor:
    """−log N(x; μ, σ²I), the variance shared by all pixels.

    Args:
        image: Pixels, [B, H, W, C].
        mean: The decoder's mean in the same range, [B, H, W, C].
        variance: σ², a scalar.

    Returns:
        Nats, [B].
    """
    pixels = tf.cast(tf.reduce_prod(tf.shape(image)[1:]), mean.dtype)
    normaliser = 0.5 * pixels * (LOG_TWO_PI + tf.math.log(variance))
    return squared_error(image, mean) / (2.0 * variance) + normaliser


def discretized_logistic_nll(
    image: tf.Tensor, mean: tf.Tensor, log_scale: tf.Tensor, levels: int = 256
) -> tf.Tensor:
    """−log of the logistic mass in each pixel's own bin (Kingma et al. 2016, appendix C.3).

    Args:
        image: Pixels k / (levels − 1), in [0, 1], [B, H, W, C].
        mean: Means in [0, 1], [B, H, W, C].
        log_scale: Logarithm of the logistic's scale, a scalar.
        levels: Number of grey levels; the first and the last bin reach to −∞ and ∞.

    Returns:
        Nats, [B]: the likelihood of the integers themselves, so that bits per dimension compare.
    """
    half_bin = 0.5 / (levels - 1)
    scaled = (image - mean) * tf.exp(-log_scale)
    width = half_bin * tf.exp(-log_scale)
    # log(σ(b) − σ(a)) = log σ(b) + log σ(−a) + log(1 − exp(a − b)): no difference of near values.
    inner = (
        tf.math.log_sigmoid(scaled + width)
        + tf.math.log_sigmoid(-(scaled - width))
        + tf.math.log(-tf.math.expm1(-2.0 * width))
    )
    first = tf.math.log_sigmoid(scaled + width)
    last = tf.math.log_sigmoid(-(scaled - width))
    log_mass = tf.where(image < half_bin, first, tf.where(image > 1.0 - half_bin, last, inner))
    return -sum_pixels(log_mass)


def squared_error(image: tf.Tensor, mean: tf.Tensor) -> tf.Tensor:
    """Squared error summed over pixels (SSE), [B]; no unit."""
    return sum_pixels(tf.math.squared_difference(image, mean))


def kl_divergence(z_mean: tf.Tensor, z_log_var: tf.Tensor) -> tf.Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) by latent dimension (Kingma and Welling 2013, appendix B).

    Args:
        z_mean: μ, [B, L].
        z_log_var: log σ², [B, L].

    Returns:
        Nats, [B, L], at least 0.
    """
    return 0.5 * (tf.square(z_mean) + tf.exp(z_log_var) - 1.0 - z_log_var)


def log_normal(z: tf.Tensor, mean: tf.Tensor | float, log_var: tf.Tensor | float) -> tf.Tensor:
    """Log density of a diagonal Gaussian, summed over the last axis, in nats."""
    scaled = tf.square(z - mean) * tf.exp(-log_var)
    return -0.5 * tf.reduce_sum(LOG_TWO_PI + log_var + scaled, axis=-1)


def free_bits_kl(kl: tf.Tensor, free_bits: float) -> tf.Tensor:
    """KL divergence that costs `free_bits` nats in each dimension, however little it is.

    Kingma et al. 2016, eq. 15: the minimum holds for the mean over the batch, here over that of all
    replicas, so a dimension below it feels no pull towards the prior.

    Args:
        kl: Nats by dimension, [B, L].
        free_bits: λ, in nats.

    Returns:
        Nats, [B].
    """
    if free_bits == 0.0:
        return tf.reduce_sum(kl, axis=-1)
    enough = cross_replica_mean(kl) > free_bits  # [L]
    return tf.reduce_sum(tf.where(enough, kl, free_bits), axis=-1)


def aggregate_mmd(z: tf.Tensor) -> tf.Tensor:
    """MMD² of the aggregate posterior from N(0, I), as InfoVAE weighs it (Zhao et al. 2019, eq. 6).

    With the kernel (1 + z·z')² it is 2‖m‖² + ‖M − I‖², m and M being the first and second moments
    of the draws: the KL divergence of single posteriors pulls at them but little. Estimated
    without bias, from the pairs of a batch (Gretton et al. 2012, eq. 3), here over that of all
    replicas; the prior's part is exact.

    Args:
        z: One draw for each image, [B, L].

    Returns:
        Each draw's part of it, [B], which may be negative.
    """
    batch, fixed = cross_replica_batch(z), tf.stop_gradient(z)
    kernel = tf.square(1.0 + tf.matmul(z, batch, transpose_b=True))
    own = tf.square(1.0 + tf.reduce_sum(z * fixed, axis=-1))
    pairs = tf.reduce_sum(kernel, axis=-1) - own
    # Only the first of a pair passes the gradient on, wherever the second is: so it counts twice.
    pairs = 2.0 * pairs - tf.stop_gradient(pairs)
    others = tf.cast(tf.maximum(tf.shape(batch)[0] - 1, 1), z.dtype)
    with_prior = 1.0 + tf.reduce_sum(tf.square(z), axis=-1)
    of_prior = 1.0 + tf.cast(tf.shape(z)[1], z.dtype)
    return pairs / others - 2.0 * with_prior + of_prior


def importance_weighted_bound(log_weights: tf.Tensor) -> tf.Tensor:
    """−log of the mean importance weight (Burda et al. 2015, eq. 8).

    Args:
        log_weights: log p(x, z) − log q(z|x) of k draws, [k, B].

    Returns:
        Nats, [B]; −ELBO at k = 1, and less the more draws there are.
    """
    draws = tf.cast(tf.shape(log_weights)[0], log_weights.dtype)
    return tf.math.log(draws) - tf.reduce_logsumexp(log_weights, axis=0)


def annealed_weight(
    step: tf.Tensor, beta: float, annealing: str = "constant", steps: int = 0
) -> tf.Tensor:
    """Weight of the KL divergence at an optimizer step.

    Args:
        step: Steps taken so far.
        beta: The final weight.
        annealing: "constant"; "linear", from 0 to β over `steps` (Bowman et al. 2016); "cyclical",
            in each cycle of `steps` from 0 to β over the first half (Fu et al. 2019).
        steps: See `annealing`.

    Raises:
        ValueError: If `annealing` is unknown, or `steps` is no positive number where it is needed.
    """
    if annealing == "constant":
        return tf.constant(beta, tf.float32)
    if annealing not in ("linear", "cyclical"):
        raise ValueError(
            f"`annealing` must be 'constant', 'linear' or 'cyclical'. Received: {annealing!r}."
        )
    if steps <= 0:
        raise ValueError(f"`annealing_steps` must be positive. Received: {steps}.")
    step = tf.cast(step, tf.float32)
    if annealing == "linear":
        return beta * tf.minimum(step / steps, 1.0)
    return beta * tf.minimum(tf.math.floormod(step, float(steps)) / (0.5 * steps), 1.0)


def sum_pixels(values: tf.Tensor) -> tf.Tensor:
    """Sum [B, H, W, C] to [B]."""
    return tf.reduce_sum(values, axis=[1, 2, 3])


def cross_replica_batch(values: tf.Tensor) -> tf.Tensor:
    """The values [B, …] of all replicas of a distribution strategy, without gradient."""
    context = tf.distribute.get_replica_context()
    values = tf.stop_gradient(values)
    if context is None or context.num_replicas_in_sync == 1:
        return values
    return context.all_gather(values, axis=0)


def cross_replica_mean(values: tf.Tensor) -> tf.Tensor:
    """Mean of the values [B, …] of all replicas over their first axis, [...], without gradient.

    Every value counts alike, however many of them a replica has: of a last batch it may be none.
    """
    context = tf.distribute.get_replica_context()
    values = tf.stop_gradient(values)
    if context is None or context.num_replicas_in_sync == 1:
        return tf.reduce_mean(values, axis=0)
    count = tf.cast(tf.shape(values)[0], values.dtype)
    total, count = context.all_reduce("SUM", [tf.reduce_sum(values, axis=0), count])
    return total / count
