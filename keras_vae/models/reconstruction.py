"""Reconstruction losses: pure functions, one value for each image.

They are summed over pixels and channels. Those named `…_nll` are normalized negative
log-likelihoods, in nats: with the KL divergence they make −ELBO. A squared error has no unit.
"""

from __future__ import annotations

import tensorflow as tf

from .distributions import LOG_TWO_PI


def bernoulli_nll(image: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy from logits, summed over pixels.

    A normalized likelihood for pixels in {0, 1}; for gray pixels in [0, 1] it is the bound that the
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


def positional_gaussian_nll(image: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
    """−log N(x; μ, diag(σ²)), a variance for each position.

    Args:
        image: Pixels, [B, H, W, C].
        mean: The decoder's mean in the same range, [B, H, W, C].
        variance: σ², [H, W, 1].

    Returns:
        Nats, [B].
    """
    squares = tf.math.squared_difference(image, mean) / variance
    return 0.5 * sum_pixels(squares + tf.math.log(variance) + LOG_TWO_PI)


def discretized_logistic_nll(
    image: tf.Tensor, mean: tf.Tensor, log_scale: tf.Tensor, levels: int = 256
) -> tf.Tensor:
    """−log of the logistic mass in each pixel's own bin (Kingma et al. 2016, appendix C.3).

    Args:
        image: Pixels k / (levels − 1), in [0, 1], [B, H, W, C].
        mean: Means in [0, 1], [B, H, W, C].
        log_scale: Logarithm of the logistic's scale, a scalar.
        levels: Number of gray levels; the first and the last bin reach to −∞ and ∞.

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


def sum_pixels(values: tf.Tensor) -> tf.Tensor:
    """Sum [B, H, W, C] to [B]."""
    return tf.reduce_sum(values, axis=[1, 2, 3])
