"""The same network in plain Keras: layers, `train_step` and `fit` as in a notebook."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import layers

from .task import BATCH, Task


class Sampling(layers.Layer):
    """z = μ + σε."""

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Sample z."""
        mean, log_var = inputs
        return mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean))


class NotebookVAE(keras.Model):
    """Encoder, decoder, three running means."""

    def __init__(self, encoder: keras.Model, decoder: keras.Model, bernoulli: bool) -> None:
        super().__init__()
        self.encoder, self.decoder, self.bernoulli = encoder, decoder, bernoulli
        self.means = [keras.metrics.Mean(name) for name in ("loss", "reconstruction", "kl")]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """Metrics that `fit` resets."""
        return self.means

    def train_step(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """One step."""
        with tf.GradientTape() as tape:
            mean, log_var, z = self.encoder(images, training=True)
            decoded = self.decoder(z, training=True)
            if self.bernoulli:
                pixels = keras.losses.binary_crossentropy(images, decoded)
                reconstruction = tf.reduce_mean(tf.reduce_sum(pixels, axis=(1, 2)))
            else:
                reconstruction = 2000.0 * tf.reduce_mean(tf.square(images - decoded))
            kl = -0.5 * (1 + log_var - tf.square(mean) - tf.exp(log_var))
            kl = tf.reduce_mean(tf.reduce_sum(kl, axis=1))
            loss = reconstruction + kl
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        for metric, value in zip(self.means, (loss, reconstruction, kl), strict=True):
            metric.update_state(value)
        return {metric.name: metric.result() for metric in self.means}


def prepare(task: Task, variant: str) -> Callable[[], int]:
    """Build the model, and a data set of scaled images."""
    encoder, decoder = (_convolutional if task.convolutional else _dense)(task)
    model = NotebookVAE(encoder, decoder, bernoulli=not task.convolutional)
    model.compile(optimizer=keras.optimizers.Adam(task.preset.learning_rate))
    data = tf.data.Dataset.from_tensor_slices(task.images).shuffle(len(task.images)).batch(BATCH)
    data = data.map(lambda images: tf.cast(images, tf.float32) / 255.0).prefetch(2)
    # Otherwise short `fit`s often end seconds late (docs/decisions/0003).
    options = tf.data.Options()
    options.autotune.enabled = False
    data = data.with_options(options)

    def train() -> int:
        model.fit(data, epochs=1, shuffle=False, verbose=0)
        return len(task.images)

    return train


def _convolutional(task: Task) -> tuple[keras.Model, keras.Model]:
    x = image = keras.Input(task.preset.image_shape)
    for _ in range(4):
        x = layers.Conv2D(128, 3, strides=2, padding="same")(x)
        x = layers.LeakyReLU()(layers.BatchNormalization()(x))
    shape = x.shape[1:]
    encoder = _encoder(image, layers.Flatten()(x), task.preset.latent_dim)
    x = z = keras.Input((task.preset.latent_dim,))
    x = layers.Dense(shape[0] * shape[1] * shape[2])(x)
    x = layers.Reshape(shape)(layers.LeakyReLU()(layers.BatchNormalization()(x)))
    for _ in range(4):
        x = layers.Conv2DTranspose(128, 3, strides=2, padding="same")(x)
        x = layers.LeakyReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(3, 3, padding="same", activation="sigmoid")(x)
    return encoder, keras.Model(z, x)


def _dense(task: Task) -> tuple[keras.Model, keras.Model]:
    (width,) = task.preset.network.hidden
    image = keras.Input(task.preset.image_shape)
    x = layers.Dense(width, activation="relu")(layers.Flatten()(image))
    encoder = _encoder(image, x, task.preset.latent_dim)
    z = keras.Input((task.preset.latent_dim,))
    x = layers.Dense(width, activation="relu")(z)
    x = layers.Dense(28 * 28, activation="sigmoid")(x)
    return encoder, keras.Model(z, layers.Reshape(task.preset.image_shape)(x))


def _encoder(image: tf.Tensor, features: tf.Tensor, latent_dim: int) -> keras.Model:
    mean, log_var = layers.Dense(latent_dim)(features), layers.Dense(latent_dim)(features)
    return keras.Model(image, [mean, log_var, Sampling()((mean, log_var))])
