"""The fitted prior as graph operations: draws and densities of a mixture of Gaussians."""

from __future__ import annotations

import tensorflow as tf

from ..latent_space.priors import GaussianMixturePrior
from ..models.distributions import LOG_TWO_PI


class Mixture(tf.Module):
    """A mixture of K Gaussians over z, held in variables that every endpoint shares.

    Args:
        prior: The fitted mixture.
    """

    def __init__(self, prior: GaussianMixturePrior) -> None:
        super().__init__(name="mixture")
        self.latent_dim = prior.latent_dim
        self.weights, self.means, self.scales = (
            tf.Variable(part, trainable=False)
            for part in (prior.weights, prior.means, prior.scale_tril)
        )

    def draw(self, uniform: tf.Tensor, epsilon: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
        """Turn noise into latents, z = μ + temperature · S ε.

        Args:
            uniform: In [0, 1): chooses the component, of mean μ and covariance S Sᵀ, [B].
            epsilon: Standard normal, [B, L].
            temperature: Factor of the deviation, [B].

        Returns:
            z, [B, L].
        """
        ends = tf.cumsum(self.weights)[:-1]
        component = tf.searchsorted(ends, uniform, side="right")
        # Through every S and one kept: to gather [B, L, L] takes longer than the product.
        moves = tf.einsum("kij,bj->bki", self.scales, epsilon)
        move = tf.gather(moves, component, batch_dims=1)
        return tf.gather(self.means, component) + temperature[:, tf.newaxis] * move

    def log_prob(self, z: tf.Tensor) -> tf.Tensor:
        """Measure the log density of latents [N, L], in nats, [N]."""
        moves = z - self.means[:, tf.newaxis]  # [K, N, L]
        epsilon = tf.linalg.triangular_solve(self.scales, tf.linalg.matrix_transpose(moves))
        log_det = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(self.scales)), axis=-1)
        constant = tf.math.log(self.weights) - log_det
        constant -= 0.5 * self.latent_dim * LOG_TWO_PI
        squares = tf.reduce_sum(tf.square(epsilon), axis=1)  # [K, N]
        return tf.reduce_logsumexp(constant[:, tf.newaxis] - 0.5 * squares, axis=0)
