"""p(x|z): what the decoder's logits mean, and what a reconstruction costs.

Each likelihood is a layer, since some learn a scale; the arithmetic is in `objectives`.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from ..losses import objectives
from ..ops.registration import package
from ..presets import LIKELIHOODS, OUTPUT_RANGES, Objective

# output → activation, and its inverse
ACTIVATIONS = {"sigmoid": ops.sigmoid, "tanh": ops.tanh}
INVERSES = {"sigmoid": lambda mean: ops.log(mean) - ops.log1p(-mean), "tanh": ops.arctanh}


class Likelihood(keras.layers.Layer):
    """The base: scaling of pixels, the mean image, and the cost of a reconstruction.

    Args:
        output: "sigmoid" for pixels in [0, 1], "tanh" for pixels in [-1, 1].

    Call arguments:
        image: Scaled pixels, [B, H, W, C].
        logits: The decoder's output, [B, H, W, C].
        training: Whether a scale may be updated.

    Returns:
        The cost of each image, [B].

    Raises:
        ValueError: If `output` is unknown.
    """

    def __init__(self, output: str = "sigmoid", **kwargs: Any) -> None:
        super().__init__(dtype="float32", **{k: v for k, v in kwargs.items() if k != "dtype"})
        if output not in ACTIVATIONS:
            raise ValueError(f"`output` must be one of {tuple(ACTIVATIONS)}. Received: {output!r}.")
        self.output_range = output
        self.activation = ACTIVATIONS[output]
        self.low, self.high = OUTPUT_RANGES[output]

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

    def mean_squared_error(self, image: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Squared error of a pixel in [0, 1], averaged over the image, [B]: for any likelihood."""
        error = tf.math.squared_difference(image, self.mean(logits))
        return tf.reduce_mean(error, axis=[1, 2, 3]) / (self.high - self.low) ** 2

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "output": self.output_range}


@package
class Bernoulli(Likelihood):
    """Binary cross-entropy, in nats (Kingma and Welling 2013).

    Raises:
        ValueError: If the pixels are not in [0, 1].
    """

    def __init__(self, output: str = "sigmoid", **kwargs: Any) -> None:
        super().__init__(output, **kwargs)
        if output != "sigmoid":
            raise ValueError(
                f"A Bernoulli likelihood needs `output='sigmoid'`. Received: {output!r}."
            )

    def call(self, image: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return nats, [B]."""
        return objectives.bernoulli_nll(image, logits)


@package
class SquaredError(Likelihood):
    """Squared error / (2c) (Zhao 2023): a Gaussian of variance c without its normaliser.

    Args:
        variance: c; at 1/2 the plain sum of squared errors.
        output: See `Likelihood`.
    """

    def __init__(self, variance: float = 0.5, output: str = "sigmoid", **kwargs: Any) -> None:
        super().__init__(output, **kwargs)
        self.variance = variance

    def call(self, image: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return the weighted sum, [B]."""
        return objectives.squared_error(image, self.mean(logits)) / (2.0 * self.variance)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "variance": self.variance}


@package
class Gaussian(SquaredError):
    """Gaussian of a fixed variance c, in nats."""

    def call(self, image: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return nats, [B]."""
        return objectives.gaussian_nll(image, self.mean(logits), self.variance)


@package
class MeanSquaredError(Likelihood):
    """Weight × the mean squared error of a pixel (Foster 2023: 2000; Perriu and Amadi: 1).

    Args:
        weight: The factor.
        output: See `Likelihood`; the error is taken in that range, as the reports do.
    """

    def __init__(self, weight: float = 1.0, output: str = "sigmoid", **kwargs: Any) -> None:
        super().__init__(output, **kwargs)
        self.weight = weight

    def call(self, image: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return the weighted mean, [B]."""
        error = tf.math.squared_difference(image, self.mean(logits))
        return self.weight * tf.reduce_mean(error, axis=[1, 2, 3])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "weight": self.weight}


@package
class OptimalGaussian(Likelihood):
    """Gaussian whose variance is the training batch's own mean squared error, in nats.

    Rybkin et al. 2021 (σ-VAE, eq. 8): the variance at which the likelihood is highest, so no weight
    is left to tune. The gradient in the mean is that of D/2 · log MSE. Validation takes the moving
    average of the training batches' variances: an image must not choose its own.
    """

    momentum = 0.9

    def build(self, input_shape: Any) -> None:
        """Create the moving average."""
        self.variance = self.add_weight(
            name="variance", shape=(), initializer="ones", trainable=False
        )

    def call(self, image: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return nats, [B]."""
        mean = self.mean(logits)
        variance = self._update(image, mean) if training else self.variance
        return objectives.gaussian_nll(image, mean, variance)

    def _update(self, image: tf.Tensor, mean: tf.Tensor) -> tf.Tensor:
        errors = tf.reshape(tf.math.squared_difference(image, mean), [-1])
        batch = tf.maximum(objectives.cross_replica_mean(errors), 1e-8)
        self.variance.assign(self.momentum * self.variance + (1.0 - self.momentum) * batch)
        return batch


@package
class LearnedGaussian(Likelihood):
    """Gaussian whose one variance is learned by gradient, in nats (Rybkin et al. 2021, eq. 5)."""

    def build(self, input_shape: Any) -> None:
        """Create log σ²."""
        self.log_variance = self.add_weight(name="log_variance", shape=(), initializer="zeros")

    def call(self, image: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return nats, [B]."""
        variance = ops.exp(self.log_variance)
        return objectives.gaussian_nll(image, self.mean(logits), variance)


@package
class DiscretizedLogistic(Likelihood):
    """Logistic of one learned scale, integrated over each grey level's bin, in nats."""

    def build(self, input_shape: Any) -> None:
        """Create the logarithm of the scale."""
        start = keras.initializers.Constant(-2.0)
        self.log_scale = self.add_weight(name="log_scale", shape=(), initializer=start)

    def call(self, image: tf.Tensor, logits: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return nats, [B]."""
        unit, mean = self.unscale(image) / 255.0, self.unscale(self.mean(logits)) / 255.0
        log_scale = tf.convert_to_tensor(self.log_scale)
        return objectives.discretized_logistic_nll(unit, mean, log_scale)


def build_likelihood(objective: Objective, output: str = "sigmoid") -> Likelihood:
    """Build the likelihood that an objective names.

    Raises:
        ValueError: If there is none of that name.
    """
    builders = {
        "bernoulli": lambda: Bernoulli(output),
        "gaussian": lambda: Gaussian(objective.variance, output),
        "optimal_gaussian": lambda: OptimalGaussian(output),
        "learned_gaussian": lambda: LearnedGaussian(output),
        "discretized_logistic": lambda: DiscretizedLogistic(output),
        "squared_error": lambda: SquaredError(objective.variance, output),
        "mean_squared_error": lambda: MeanSquaredError(objective.weight, output),
    }
    if objective.likelihood not in builders:
        raise ValueError(
            f"`objective` must be one of {', '.join(LIKELIHOODS)}. "
            f"Received: {objective.likelihood!r}."
        )
    return builders[objective.likelihood]()
