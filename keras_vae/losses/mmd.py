"""MMD between the aggregate posterior and the prior."""

from __future__ import annotations

import tensorflow as tf

from ..models.loss_terms import LossTerm
from ..models.protocols import ForwardPass
from ..ops.registration import package
from ..ops.replicas import cross_replica_batch


@package
class MMD(LossTerm):
    """Squared MMD of z, a flat latent, from N(0, I): see `aggregate_mmd`.

    Args:
        weight: Factor of MMD².

    Example:
        >>> vae = VAE.from_networks(encoder, decoder, terms=[*elbo_terms(), MMD(weight=2.0)])
    """

    def value(self, forward: ForwardPass) -> tf.Tensor:
        """Return each sample's part of it, [B]."""
        return aggregate_mmd(forward.z)


def aggregate_mmd(z: tf.Tensor) -> tf.Tensor:
    """MMD² of the aggregate posterior from N(0, I), as InfoVAE weighs it (Zhao et al. 2019, eq. 6).

    With the kernel (1 + z·z')² it is 2‖m‖² + ‖M − I‖², m and M being the first and second moments
    of the samples: the KL divergence of single posteriors pulls at them but little. Estimated
    without bias, from the pairs of a batch (Gretton et al. 2012, eq. 3), here over that of all
    replicas; the prior's part is exact.

    Args:
        z: One sample for each image, [B, L].

    Returns:
        Each sample's part of it, [B], which may be negative; 0 where one image is the whole batch,
        which has no pair.

    Example:
        >>> aggregate_mmd(tf.random.stateless_normal((100, 2), [0, 0])).shape
        TensorShape([100])
    """
    batch, fixed = cross_replica_batch(z), tf.stop_gradient(z)
    kernel = tf.square(1.0 + tf.matmul(z, batch, transpose_b=True))
    own = tf.square(1.0 + tf.reduce_sum(z * fixed, axis=-1))
    pairs = tf.reduce_sum(kernel, axis=-1) - own
    # Only the first of a pair passes the gradient on, wherever the second is: so it counts twice.
    pairs = 2.0 * pairs - tf.stop_gradient(pairs)
    others = tf.cast(tf.shape(batch)[0] - 1, z.dtype)
    with_prior = 1.0 + tf.reduce_sum(tf.square(z), axis=-1)
    of_prior = 1.0 + tf.cast(tf.shape(z)[1], z.dtype)
    value = pairs / tf.maximum(others, 1.0) - 2.0 * with_prior + of_prior
    return tf.where(others > 0.0, value, 0.0)  # what is left without a pair has no lowest value
