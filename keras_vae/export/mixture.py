"""The fitted prior as graph operations: samples and densities of a mixture of Gaussians."""

from __future__ import annotations

import tensorflow as tf

from ..latent_space.priors import GaussianMixturePrior
from ..models.distributions import LOG_TWO_PI
from ..models.sampling import Sampling


class Mixture(tf.Module):
    """A mixture of K Gaussians over z, held in variables that every endpoint shares.

    Args:
        prior: The fitted mixture.
    """

    def __init__(self, prior: GaussianMixturePrior) -> None:
        super().__init__(name="mixture")
        self.latent_dim = prior.latent_dim
        self.sampling = Sampling()
        self.weights, self.means, self.scales = (
            tf.Variable(part, trainable=False)
            for part in (prior.weights, prior.means, prior.stored_scale_tril)
        )

    def sample(self, count: tf.Tensor) -> tf.Tensor:
        """Sample z = μ + S ε, [count, L]: of a component with mean μ and covariance S Sᵀ."""
        epsilon = self.sampling.normal(count, self.latent_dim)
        ends = tf.cumsum(self.weights)[:-1]
        component = tf.searchsorted(ends, self.sampling.uniform(count), side="right")
        # Through every S and one kept: to gather [B, L, L] takes longer than the product.
        moves = tf.einsum("kij,bj->bki", self._scales(), epsilon)
        return tf.gather(self.means, component) + tf.gather(moves, component, batch_dims=1)

    def log_prob(self, z: tf.Tensor) -> tf.Tensor:
        """Measure the log density of latents [N, L], in nats, [N]."""
        moves, scales = z - self.means[:, tf.newaxis], self._scales()  # [K, N, L], [K, L, L]
        epsilon = tf.linalg.triangular_solve(scales, tf.linalg.matrix_transpose(moves))
        log_det = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(scales)), axis=-1)
        constant = tf.math.log(self.weights) - log_det
        constant -= 0.5 * self.latent_dim * LOG_TWO_PI
        squares = tf.reduce_sum(tf.square(epsilon), axis=1)  # [K, N]
        return tf.reduce_logsumexp(constant[:, tf.newaxis] - 0.5 * squares, axis=0)

    def _scales(self) -> tf.Tensor:
        return tf.cast(self.scales, tf.float32)
