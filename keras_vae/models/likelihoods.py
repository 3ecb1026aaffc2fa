"""p(x|z, y): what the decoder's output means, and the reconstruction loss.

Each likelihood is a layer around the decoder, since some learn a scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from ..ops.registration import package
from ..ops.replicas import cross_replica_mean
from ..presets import likelihoods as kinds
from ..presets.preset import OUTPUT_RANGES, Output
from ..presets.ranges import NotNegative, Positive, in_range
from . import reconstruction
from .composite import Composite, apply_network, condition_of, output_shape_of

# output → activation, and its inverse
ACTIVATIONS = {"sigmoid": ops.sigmoid, "tanh": ops.tanh, "linear": lambda logits: logits}
INVERSES = {
    "sigmoid": lambda mean: ops.log(mean) - ops.log1p(-mean),
    "tanh": ops.arctanh,
    "linear": lambda mean: mean,
}


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """p(x|z, y) of a batch.

    Attributes:
        layer: The likelihood.
        logits: The decoder's output, [B, H, W, C].
        training: Whether a scale may be updated.
    """

    layer: Likelihood
    logits: tf.Tensor
    training: bool

    def mode(self) -> tf.Tensor:
        """The mean image, [B, H, W, C], in the network's range."""
        return self.layer.mean(self.logits)

    def pixels(self) -> tf.Tensor:
        """The mean image, float32 [B, H, W, C] in 0 … 255, not rounded."""
        return self.layer.unscale(self.mode())

    def log_prob(self, x: tf.Tensor) -> tf.Tensor:
        """Log p(x|z, y), or minus the reconstruction loss in its place, [B]."""
        return self.layer.log_prob(x, self.logits, training=self.training)


class Likelihood(Composite, keras.layers.Layer):
    """The base: the range of pixels, the mean image, and the decoder.

    A subclass defines `log_prob`.

    Args:
        decoder: Model from z [B, L], or a nest of latents (and y, if it has one more input), to
            logits [B, H, W, C].
        output: "sigmoid" for pixels in [0, 1], "tanh" for pixels in [-1, 1]; "linear" for pixels in
            [0, 1] that the decoder returns itself, which may leave that range by a little.

    Raises:
        ValueError: If `output` is unknown.

    Example:
        >>> class Laplace(Likelihood):
        ...     def log_prob(self, x, logits, training=False):  # nats, [B]
        ...         error = tf.abs(x - self.mean(logits)) + tf.math.log(2.0)
        ...         return -tf.reduce_sum(error, axis=[1, 2, 3])
        >>> Laplace(decoder)(tf.zeros((4, 2))).log_prob(tf.zeros((4, 28, 28, 1))).shape
        TensorShape([4])
    """

    PARTS = ("decoder",)

    @in_range
    def __init__(self, decoder: keras.Model, output: Output = "sigmoid", **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.decoder = decoder
        self.output_range = output
        self.activation = ACTIVATIONS[output]
        self.low, self.high = OUTPUT_RANGES[output]
        self.built = decoder.built

    def condition_spec(self, latents: int) -> tf.TensorSpec | None:
        """y, or None, where z is a nest of so many latents."""
        return condition_of(self.decoder, latents)

    def call(self, z: Any, y: Any = None, training: bool = False) -> Reconstruction:
        """Return p(x|z, y)."""
        logits = tf.cast(apply_network(self.decoder, z, y, training), tf.float32)
        return Reconstruction(self, logits, training)

    def log_prob(self, x: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return log p(x|z), or minus the reconstruction loss in its place, [B]."""
        raise NotImplementedError

    def scale(self, pixels: tf.Tensor) -> tf.Tensor:
        """Map pixels from 0 … 255, of any dtype, to the network's range, float32."""
        unit = tf.cast(pixels, tf.float32) / 255.0
        return self.low + (self.high - self.low) * unit

    def unscale(self, image: tf.Tensor) -> tf.Tensor:
        """Map an image from the network's range to 0 … 255, float32, not rounded."""
        return (image - self.low) * (255.0 / (self.high - self.low))

    def mean(self, logits: tf.Tensor) -> tf.Tensor:
        """The mean image, in the network's range."""
        return self.activation(logits)

    def logits(self, mean: tf.Tensor) -> tf.Tensor:
        """The logits of a mean image strictly inside the network's range."""
        return INVERSES[self.output_range](mean)

    def mean_squared_error(self, x: tf.Tensor, mean: tf.Tensor) -> tf.Tensor:
        """Squared error of a pixel in [0, 1], averaged over the image, [B]: for any likelihood."""
        error = tf.math.squared_difference(x, mean)
        return tf.reduce_mean(error, axis=[1, 2, 3]) / (self.high - self.low) ** 2

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "output": self.output_range}


@package
class Bernoulli(Likelihood):
    """Binary cross-entropy, in nats (Kingma and Welling 2013).

    Raises:
        ValueError: If the pixels are not in [0, 1].

    Args:
        decoder: See `Likelihood`.
        output: "sigmoid", the only one that pixels in [0, 1] allow.

    Example:
        >>> likelihood = Bernoulli(decoder)
        >>> likelihood(tf.zeros((4, 2))).log_prob(tf.zeros((4, 28, 28, 1))).shape
        TensorShape([4])
    """

    def __init__(self, decoder: keras.Model, output: str = "sigmoid", **kwargs: Any) -> None:
        super().__init__(decoder, output, **kwargs)
        kinds.Bernoulli().check(output)

    def log_prob(self, x: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return nats, [B]."""
        return -reconstruction.bernoulli_nll(x, logits)


@package
class SquaredError(Likelihood):
    """Squared error / (2c) (Zhao 2023): a Gaussian of variance c without its normalizer.

    Args:
        decoder: See `Likelihood`.
        variance: c; at 1/2 the plain sum of squared errors.
        output: See `Likelihood`.

    Example:
        >>> likelihood = SquaredError(decoder, variance=0.05)
        >>> likelihood(tf.zeros((4, 2))).log_prob(tf.zeros((4, 28, 28, 1))).shape
        TensorShape([4])
    """

    @in_range
    def __init__(
        self, decoder: keras.Model, variance: Positive = 1.0, output: str = "sigmoid", **kwargs: Any
    ) -> None:
        super().__init__(decoder, output, **kwargs)
        self.variance = variance

    def log_prob(self, x: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return minus the weighted sum, [B]."""
        return -reconstruction.squared_error(x, self.mean(logits)) / (2.0 * self.variance)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "variance": self.variance}


@package
class Gaussian(SquaredError):
    """Gaussian of a fixed variance c, in nats.

    Args:
        decoder: See `Likelihood`.
        variance: c.
        output: See `Likelihood`.

    Example:
        >>> likelihood = Gaussian(decoder, variance=0.05)
        >>> likelihood(tf.zeros((4, 2))).log_prob(tf.zeros((4, 28, 28, 1))).shape
        TensorShape([4])
    """

    def log_prob(self, x: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return nats, [B]."""
        return -reconstruction.gaussian_nll(x, self.mean(logits), self.variance)


@package
class MeanSquaredError(Likelihood):
    """Weight × the mean squared error of a pixel (Foster 2023: 2000; Perriu and Amadi: 1).

    Args:
        decoder: See `Likelihood`.
        weight: The factor.
        output: See `Likelihood`; the error is taken in that range, as the reports do.

    Example:
        >>> likelihood = MeanSquaredError(decoder, weight=2000.0)
        >>> likelihood(tf.zeros((4, 2))).log_prob(tf.zeros((4, 28, 28, 1))).shape
        TensorShape([4])
    """

    @in_range
    def __init__(
        self,
        decoder: keras.Model,
        weight: NotNegative = 1.0,
        output: str = "sigmoid",
        **kwargs: Any,
    ) -> None:
        super().__init__(decoder, output, **kwargs)
        self.weight = weight

    def log_prob(self, x: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return minus the weighted mean, [B]."""
        error = tf.math.squared_difference(x, self.mean(logits))
        return -self.weight * tf.reduce_mean(error, axis=[1, 2, 3])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "weight": self.weight}


@package
class OptimalGaussian(Likelihood):
    """Gaussian whose variance is the training batch's own mean squared error, in nats.

    Rybkin et al. 2021 (σ-VAE, eq. 8): the variance at which the likelihood is highest, so no weight
    is left to tune. The gradient in the mean is that of D/2 · log MSE. Validation takes the moving
    average of the training batches' variances: an image must not choose its own.

    Args:
        decoder: See `Likelihood`.
        output: See `Likelihood`.

    Example:
        >>> likelihood = OptimalGaussian(decoder)
        >>> likelihood(tf.zeros((4, 2))).log_prob(tf.zeros((4, 28, 28, 1))).shape
        TensorShape([4])
    """

    momentum = 0.9

    def __init__(self, decoder: keras.Model, output: str = "sigmoid", **kwargs: Any) -> None:
        super().__init__(decoder, output, **kwargs)
        self.variance = self.add_weight(
            name="variance", shape=self._shape(), initializer="ones", trainable=False
        )

    def log_prob(self, x: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return nats, [B]."""
        mean = self.mean(logits)
        variance = self._update(x, mean) if training else self.variance
        return -self._nll(x, mean, variance)

    def _update(self, x: tf.Tensor, mean: tf.Tensor) -> tf.Tensor:
        batch = tf.maximum(self._optimum(tf.math.squared_difference(x, mean)), 1e-8)
        self.variance.assign(self.momentum * self.variance + (1.0 - self.momentum) * batch)
        return batch

    def _shape(self) -> tuple[int, ...]:
        """Shape of the variance."""
        return ()

    def _optimum(self, errors: tf.Tensor) -> tf.Tensor:
        """The variance that makes squared errors, [B, H, W, C], most likely."""
        return cross_replica_mean(tf.reshape(errors, [-1]))

    def _nll(self, x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
        return reconstruction.gaussian_nll(x, mean, variance)


@package
class PositionalGaussian(OptimalGaussian):
    """Gaussian with a variance for each position, the training batch's own there, in nats.

    Where images are alike, as aligned faces in the middle, errors are small and so is the variance:
    these positions weigh more than the background, without a number to tune.

    Args:
        decoder: See `Likelihood`.
        output: See `Likelihood`.

    Example:
        >>> likelihood = PositionalGaussian(decoder)
        >>> likelihood(tf.zeros((4, 2))).log_prob(tf.zeros((4, 28, 28, 1))).shape
        TensorShape([4])
    """

    def _shape(self) -> tuple[int, ...]:
        return (*output_shape_of(self.decoder)[1:3], 1)

    def _optimum(self, errors: tf.Tensor) -> tf.Tensor:
        return cross_replica_mean(tf.reduce_mean(errors, axis=-1, keepdims=True))

    def _nll(self, x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
        return reconstruction.positional_gaussian_nll(x, mean, variance)


@package
class LearnedGaussian(Likelihood):
    """Gaussian whose one variance is learned by gradient, in nats (Rybkin et al. 2021, eq. 5).

    Args:
        decoder: See `Likelihood`.
        output: See `Likelihood`.

    Example:
        >>> likelihood = LearnedGaussian(decoder)
        >>> likelihood(tf.zeros((4, 2))).log_prob(tf.zeros((4, 28, 28, 1))).shape
        TensorShape([4])
    """

    def __init__(self, decoder: keras.Model, output: str = "sigmoid", **kwargs: Any) -> None:
        super().__init__(decoder, output, **kwargs)
        self.log_variance = self.add_weight(name="log_variance", shape=(), initializer="zeros")

    def log_prob(self, x: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return nats, [B]."""
        variance = ops.exp(self.log_variance)
        return -reconstruction.gaussian_nll(x, self.mean(logits), variance)


@package
class DiscretizedLogistic(Likelihood):
    """Logistic of one learned scale, integrated over each gray level's bin, in nats.

    Args:
        decoder: See `Likelihood`.
        output: See `Likelihood`.

    Example:
        >>> likelihood = DiscretizedLogistic(decoder)
        >>> likelihood(tf.zeros((4, 2))).log_prob(tf.zeros((4, 28, 28, 1))).shape
        TensorShape([4])
    """

    def __init__(self, decoder: keras.Model, output: str = "sigmoid", **kwargs: Any) -> None:
        super().__init__(decoder, output, **kwargs)
        start = keras.initializers.Constant(-2.0)
        self.log_scale = self.add_weight(name="log_scale", shape=(), initializer=start)

    def log_prob(self, x: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return nats, [B]."""
        unit, mean = self.unscale(x) / 255.0, self.unscale(self.mean(logits)) / 255.0
        log_scale = tf.convert_to_tensor(self.log_scale)
        return -reconstruction.discretized_logistic_nll(unit, mean, log_scale)
