"""The adversarial loss: a critic learns to distinguish images from their reconstructions.

A likelihood averages what the latent does not determine, which is a blur; a critic rejects blur.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from ..models.composite import Composite
from ..models.loss_terms import LossTerm
from ..models.protocols import ForwardPass
from ..ops.convolutions import SpaceToDepth
from ..ops.registration import package
from ..ops.replicas import replica_count
from ..ops.smoothing import smoothed
from ..presets import Adversarial as Configuration
from ..presets.ranges import Count, NotNegative, Whole, in_range
from .perceptual import MAPS, feature_distance, with_maps
from .start import once_started

MOMENTS = {"beta_1": 0.0, "beta_2": 0.99}  # of Adam, as Huang et al. 2024 train a critic


@package
class Adversarial(Composite, LossTerm):
    """Relativistic adversarial loss (Jolicoeur-Martineau 2019), regularized as Huang et al. 2024.

    With D the critic, x an image and y its reconstruction, the model's loss is
    softplus(D(x) − D(y)); the critic's is softplus(D(y) − D(x)) + γ/2 · (‖∇D(x)‖² + ‖∇D(y)‖²).
    The penalties R1 and R2 are computed once in `interval` steps, with as many times the weight
    (Karras et al. 2020). Logged are both losses, the critic's without penalties: log 2 where it
    cannot distinguish images from reconstructions.

    Args:
        critic: Model from pixels in 0 … 255, [B, H, W, C], to a number, float32 [B, 1].
        weight: Factor of the model's loss.
        start: Optimizer steps of the model before the critic is trained and its loss is added.
        gamma: γ, for pixels in −1 … 1.
        interval: Steps from one penalty to the next.
        learning_rate: Of the critic's Adam.
        features: Weight, beside the model's loss, of the distance of the critic's feature maps of
            image and reconstruction (Larsen et al. 2016): it is small where both have the same
            texture, and pulls a reconstruction to its own image, not to any.
        detail: Standard deviation of a Gaussian, in pixels: the critic judges only what is finer,
            image and reconstruction being shown with the reconstruction's coarse part; 0: it judges
            all. Most of what an image is sharp by is fine, and little of its variance.

    Raises:
        ValueError: If a number is out of its range, or there are no feature maps for `features`;
            when it is called, if the critic does not return one number for each image.

    Example:
        >>> critic = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()])
        >>> critic.add(keras.layers.Dense(1))
        >>> terms = [*elbo_terms(), Adversarial(critic, weight=0.1)]
        >>> vae = VAE.from_networks(encoder, decoder, terms=terms)
    """

    PARTS = ("critic",)

    @in_range
    def __init__(
        self,
        critic: keras.Model,
        weight: float = 1.0,
        *,
        start: Whole = 0,
        gamma: NotNegative = 1.0,
        interval: Count = 4,
        learning_rate: NotNegative = 2e-4,
        features: NotNegative = 0.0,
        detail: NotNegative = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, **kwargs)
        self.critic, self.features, self.detail = critic, features, detail
        # A method, so that Keras does not save the critic's weights twice.
        self.maps = with_maps(critic).__call__ if features else None
        self.start, self.gamma, self.interval = start, gamma, interval
        self.learning_rate = learning_rate
        self.optimizer = keras.optimizers.Adam(learning_rate, **MOMENTS)
        self.optimizer.build(critic.trainable_variables)

    @classmethod
    def from_configuration(
        cls,
        configuration: Configuration,
        *,
        image_shape: tuple[int, int, int],
        dtype: Any = None,
        **_: Any,
    ) -> Adversarial:
        """Build critic and loss.

        Args:
            configuration: The critic and the numbers.
            image_shape: Height, width, channels.
            dtype: Keras dtype policy of the critic; float16, whose gradients would need a scale of
                their own, is replaced by float32.
        """
        values = configuration.values()
        filters, patch = values.pop("filters"), values.pop("patch")
        half = dtype is not None and keras.dtype_policies.get(dtype).compute_dtype == "float16"
        critic = build_critic(image_shape, filters, patch, dtype="float32" if half else dtype)
        return cls(critic, **values)

    @property
    def logged(self) -> tuple[str, ...]:
        """The model's loss and the critic's."""
        return f"{self.name}_loss", f"{self.name}_critic_loss"

    @property
    def adversary_variables(self) -> list[keras.Variable]:
        """The critic's."""
        return self.critic.trainable_variables

    def __call__(self, forward: ForwardPass) -> tf.Tensor:
        """Return the weighted loss, [B], and log it and the critic's."""
        images, reconstructions = self._shown(forward.images, forward.likelihood.pixels())

        def losses() -> tuple[tf.Tensor, tf.Tensor]:
            margin, distance = self._compared(tf.stop_gradient(images), reconstructions)
            return tf.nn.softplus(margin) + self.features * distance, tf.nn.softplus(-margin)

        none = tf.zeros_like(images[:, 0, 0, 0])
        both = once_started(forward.step, self.start, losses, lambda: (none, none))
        for name, values in zip(self.logged, both, strict=True):
            forward.log(name, values)
        return self.weight * both[0]

    def train_adversary(self, forward: ForwardPass) -> None:
        """Take a step of the critic."""
        pairs = self._shown(forward.images, tf.stop_gradient(forward.likelihood.pixels()))
        variables, steps = self.adversary_variables, self.optimizer.iterations

        def nothing() -> list[tf.Tensor]:
            return [tf.zeros(variable.shape) for variable in variables]

        def penalties() -> list[tf.Tensor]:
            due = tf.equal(tf.math.floormod(tf.convert_to_tensor(steps), self.interval), 0)
            return tf.cond(due, lambda: self._gradients(self._penalty, *pairs), nothing)

        def gradients() -> list[tf.Tensor]:
            both = zip(self._gradients(self._loss, *pairs), penalties(), strict=True)
            return [tf.add_n(pair) for pair in both]

        found = once_started(forward.step, self.start, gradients, nothing)
        self.optimizer.apply_gradients(zip(found, variables, strict=True))
        if self.start:  # Adam corrects its moments by the number of steps, so waiting is no step
            counts = (lambda: tf.identity(steps), lambda: 0 * steps)
            steps.assign(once_started(forward.step, self.start, *counts))

    def _shown(self, images: tf.Tensor, others: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What the critic sees of images and reconstructions."""
        if not self.detail:
            return images, others
        coarse, own = (smoothed(each, self.detail) for each in (others, images))
        shared = tf.stop_gradient(coarse)
        return images - own + shared, others - coarse + shared

    def _compared(self, images: tf.Tensor, others: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """D(x) − D(y) and the distance of the feature maps, which is 0 without a weight, [B]."""
        if self.maps is None:
            margin = self._margin(images, others)
            return margin, tf.zeros_like(margin)
        *maps, real = self.maps(images)
        *other_maps, fake = self.maps(others)
        return _scores(real) - _scores(fake), feature_distance(maps, other_maps)

    def _margin(self, images: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        """D(x) − D(y), [B]."""
        return _scores(self.critic(images)) - _scores(self.critic(reconstructions))

    def _loss(self, images: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        """The critic's loss, [B]."""
        return tf.nn.softplus(-self._margin(images, reconstructions))

    def _penalty(self, images: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        """R1 and R2 with their weight, [B]."""
        norms = [squared_gradient(self.critic, pixels) for pixels in (images, reconstructions)]
        return (0.5 * self.gamma * self.interval) * tf.add_n(norms)

    def _gradients(self, loss: Callable[..., tf.Tensor], *images: tf.Tensor) -> list[tf.Tensor]:
        """Gradients of a replica's share of the batch's mean, in the critic's variables."""
        with tf.GradientTape() as tape:
            mean = tf.reduce_mean(loss(*images)) / replica_count()
        found = tape.gradient(mean, self.adversary_variables)
        # A penalty does not depend on biases.
        pairs = zip(found, self.adversary_variables, strict=True)
        return [tf.zeros(each.shape) if gradient is None else gradient for gradient, each in pairs]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        names = ("start", "gamma", "interval", "learning_rate", "features", "detail")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _scores(outputs: Any) -> tf.Tensor:
    """What a critic returns, [B, 1], as [B]."""
    shapes = [tuple(each.shape) for each in keras.tree.flatten(outputs)]
    if len(shapes) != 1 or shapes[0][1:] != (1,):
        raise ValueError(
            "`critic` must return one number for each image, [B, 1]. Received: outputs of shape "
            f"{', '.join(map(str, shapes))}."
        )
    return outputs[:, 0]


def squared_gradient(critic: keras.Model, pixels: tf.Tensor) -> tf.Tensor:
    """‖∇D‖² in pixels of −1 … 1, [B].

    Args:
        critic: D.
        pixels: In 0 … 255, [B, H, W, C].
    """
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        total = tf.reduce_sum(critic(pixels))
    gradient = 127.5 * tape.gradient(total, pixels)
    return tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3])


def build_critic(
    image_shape: tuple[int, int, int], filters: tuple[int, ...], patch: int, *, dtype: Any = None
) -> keras.Model:
    """Build a critic: a convolution and a residual block at each size, the mean of the last maps.

    It has no normalization: a penalty of gradients is one for each image.

    Args:
        image_shape: Height, width, channels.
        filters: Channels at each size, the largest first, each size half of the one before.
        patch: Side of the squares of pixels that the largest maps hold as channels.
        dtype: Keras dtype policy; the output is float32.

    Raises:
        ValueError: If `patch` does not divide height and width.
    """
    if image_shape[0] % patch or image_shape[1] % patch:
        raise ValueError(
            f"`patch` must divide the image's height and width, {image_shape[:2]}. "
            f"Received: {patch}."
        )
    image = keras.Input(image_shape)
    features = keras.layers.Rescaling(1 / 127.5, -1.0, dtype=dtype)(image)
    features = SpaceToDepth(patch, dtype=dtype)(features)
    for number, count in enumerate(filters):
        features = _conv(count, 2 if number else 1, dtype)(features)
        branch = _conv(count, 1, dtype)(_activation(dtype)(features))
        branch = _conv(count, 1, dtype, "zeros")(_activation(dtype)(branch))
        name = f"{MAPS}{number + 1}"
        features = keras.layers.Add(name=name, dtype=dtype)([features, branch])
    features = keras.layers.GlobalAveragePooling2D(dtype="float32")(_activation(dtype)(features))
    number = keras.layers.Dense(1, use_bias=False, dtype="float32")  # losses are of differences
    return keras.Model(image, number(features), name="critic")


def _conv(
    filters: int, stride: int, dtype: Any, initializer: str = "he_normal"
) -> keras.layers.Layer:
    return keras.layers.Conv2D(
        filters, 3, stride, "same", kernel_initializer=initializer, dtype=dtype
    )


def _activation(dtype: Any) -> keras.layers.Layer:
    return keras.layers.LeakyReLU(negative_slope=0.2, dtype=dtype)
