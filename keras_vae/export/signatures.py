"""The signatures of a SavedModel, derived from the specifications of latent and condition.

Images travel as encoded bytes or as uint8 pixels; everything runs in float32, and noise comes from
the caller's seeds alone.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from ..latent_space.attributes import Attributes
from ..latent_space.priors import GaussianMixturePrior
from ..models.composite import in_float32, is_functional
from ..models.sampling import seeded
from ..models.vae import VAE
from .graph_ops import (
    at_least_one,
    finite,
    one_batch,
    printable,
    read_photos,
    require,
    to_uint8,
    traced,
)
from .mixture import Mixture

Tensors = dict[str, tf.Tensor]
Signatures = dict[str, tuple[Callable[..., Tensors], list[tf.TensorSpec]]]

SEED = tf.TensorSpec([None], tf.int64, "seed")
TEMPERATURE = tf.TensorSpec([None], tf.float32, "temperature")
ATTRIBUTE = tf.TensorSpec([None], tf.string, "attribute")
STRENGTH = tf.TensorSpec([None], tf.float32, "strength")


class Endpoints:
    """The functions behind the signatures, for one model.

    A function's arguments are those of its signature, in order: what it is about, then the latents
    by name, then the condition of a conditional model. Networks are copied: plain float32
    variables, in any precision and under any strategy that trained them.

    Args:
        vae: The model.
        attributes: Directions for `morph`, or None.
        prior: The fitted prior, which `generate_gmm` samples from; None leaves that out.
        resampling: How photos are scaled: see `photos.prepare`.

    Raises:
        ValueError: If the directions or the prior have another length than the latent.
    """

    def __init__(
        self,
        vae: VAE,
        attributes: Attributes | None = None,
        prior: GaussianMixturePrior | None = None,
        resampling: str = "bilinear",
    ) -> None:
        self.image_shape = tuple(vae.image_shape)
        self.latent_spec = vae.latent_spec
        self.latents: list[tf.TensorSpec] = keras.tree.flatten(vae.latent_spec)
        self.condition = [] if vae.condition_spec is None else [vae.condition_spec]
        self._check(attributes, prior)
        self.attributes = attributes
        self.mixture = None if prior is None else Mixture(prior)
        self.posterior, self.likelihood = in_float32(vae.posterior), in_float32(vae.likelihood)
        self.prior = vae.prior
        photo = tf.TensorSpec([None], tf.string, "image_bytes")
        pixels = tf.TensorSpec([None, *self.image_shape], tf.uint8, "image")
        self._photo, self._pixels = [photo], [pixels]
        self._noise = [SEED, TEMPERATURE]
        # Traced once and called by every endpoint: the graph holds each network once.
        self._read = traced(lambda data: read_photos(data, self.image_shape, resampling), photo)
        self._encode = traced(self._run_encoder, pixels, *self.condition)
        self._decode = traced(self._run_decoder, *self.latents, *self.condition)
        self._sample = traced(self._sample_prior, *self._noise, *self.condition)
        self._sample_gmm = traced(self._sample_mixture, *self._noise)

    @property
    def latent_dim(self) -> int | None:
        """L of a flat latent [B, L]; None where z is another nest of tensors."""
        (first, *others) = self.latents
        return None if others or first.shape.rank != 2 else first.shape[1]

    def signatures(self) -> Signatures:
        """Every signature's function and inputs; the first is also `serving_default`."""
        condition, latents = self.condition, self.latents
        signatures = {
            "reconstruct": (self.reconstruct, [*self._photo, *condition]),
            "encode": (self.encode, [*self._photo, *condition]),
            "decode": (self.decode, [*latents, *condition]),
            "generate": (self.generate, [*self._noise, *condition]),
            "encode_pixels": (self.encode_pixels, [*self._pixels, *condition]),
            "decode_pixels": (self.decode_pixels, [*latents, *condition]),
            "generate_pixels": (self.generate_pixels, [*self._noise, *condition]),
        }
        if self.latent_dim is not None and not condition:
            signatures |= self._of_flat_latents()
        return {
            name: (one_batch(function, inputs), inputs)
            for name, (function, inputs) in signatures.items()
        }

    def _of_flat_latents(self) -> Signatures:
        """The signatures of a model without condition whose latent is a vector."""
        samples = tf.TensorSpec([None, None, self.latent_dim], tf.float32, "z")
        signatures = {
            "morph": (self.morph, [*self._photo, ATTRIBUTE, STRENGTH]),
            "directions": (self.directions, [ATTRIBUTE]),
            "log_likelihood": (self.log_likelihood, [*self._pixels, samples]),
        }
        if self._convolutions():
            signatures["feature_maps"] = (self.feature_maps, self._pixels)
        if self.mixture is not None:
            signatures["generate_gmm"] = (self.generate_gmm, self._noise)
            signatures["generate_gmm_pixels"] = (self.generate_gmm_pixels, self._noise)
            signatures["log_prior_gmm"] = (self.log_prior_gmm, [samples])
        return signatures

    def reconstruct(self, image_bytes: tf.Tensor, *condition: tf.Tensor) -> Tensors:
        """Encode and decode photos."""
        encoded = self.encode(image_bytes, *condition)
        return self.decode(*self._latents_of(encoded), *condition)

    def encode(self, image_bytes: tf.Tensor, *condition: tf.Tensor) -> Tensors:
        """Encode photos of any size."""
        return self.encode_pixels(self._read(image_bytes), *condition)

    def decode(self, *inputs: tf.Tensor) -> Tensors:
        """Decode latents to PNG."""
        # Stored, not deflated: half as large again, encoded and read in half the time.
        return {"image_bytes": tf.io.encode_png(self._decode(*inputs), compression=0)}

    def generate(self, seed: tf.Tensor, temperature: tf.Tensor, *condition: tf.Tensor) -> Tensors:
        """Sample z from the prior, each from its own seed alone, and decode it.

        The temperature scales the standard deviation of normal noise.
        """
        z = self._sample(seed, temperature, *condition)
        return {**self.decode(*z, *condition), **self._named(z)}

    def generate_gmm(self, seed: tf.Tensor, temperature: tf.Tensor) -> Tensors:
        """Sample z = μ + temperature · S ε from the fitted prior, each from its own seed; decode.

        The seed chooses a component of mean μ and covariance S Sᵀ; its ε is that of `generate`.
        """
        z = self._sample_gmm(seed, temperature)
        return {**self.decode(z), "z": z}

    def log_prior_gmm(self, z: tf.Tensor) -> Tensors:
        """Measure the log density of latents [B, S, L] under the fitted prior, nats [B, S]."""
        flat = self.mixture.log_prob(tf.reshape(finite("z", z), (-1, self.latent_dim)))
        return {"log_prior": tf.reshape(flat, tf.shape(z)[:2])}

    def morph(self, image_bytes: tf.Tensor, attribute: tf.Tensor, strength: tf.Tensor) -> Tensors:
        """Encode photos, add strength · Δ(attribute), and decode (Foster 2023; Jiang 2024, 5.3)."""
        direction = self.directions(attribute)["direction"]  # [B, L]
        (z,) = self._latents_of(self.encode(image_bytes))
        return self.decode(z + finite("strength", strength)[:, tf.newaxis] * direction)

    def directions(self, attribute: tf.Tensor) -> Tensors:
        """Look Δ of attributes up, [B] → [B, L]; an unknown name is an InvalidArgument.

        A model without attributes has this endpoint, and `morph`, too: both refuse every name.
        """
        return {"direction": self._directions(attribute)}

    def encode_pixels(self, image: tf.Tensor, *condition: tf.Tensor) -> Tensors:
        """Encode uint8 pixels of the network's size.

        Returns:
            The posterior's parameters, such as z_mean and z_log_var; of a posterior that has none
            its mode, by the names of the latents.
        """
        return self._encode(image, *condition)

    def decode_pixels(self, *inputs: tf.Tensor) -> Tensors:
        """Decode latents to uint8 pixels; a latent that is not finite is an InvalidArgument."""
        return {"image": self._decode(*inputs)}

    def generate_pixels(
        self, seed: tf.Tensor, temperature: tf.Tensor, *condition: tf.Tensor
    ) -> Tensors:
        """Sample as `generate`, and decode to uint8 pixels."""
        z = self._sample(seed, temperature, *condition)
        return {**self.decode_pixels(*z, *condition), **self._named(z)}

    def generate_gmm_pixels(self, seed: tf.Tensor, temperature: tf.Tensor) -> Tensors:
        """Sample as `generate_gmm`, and decode to uint8 pixels."""
        z = self._sample_gmm(seed, temperature)
        return {**self.decode_pixels(z), "z": z}

    def log_likelihood(self, image: tf.Tensor, z: tf.Tensor) -> Tensors:
        """Measure log p(x|z) of each image under S latents, z [B, S, L] → [B, S].

        In nats; where the likelihood is not normalized, minus the reconstruction loss.
        """
        count, samples = tf.shape(z)[0], tf.shape(z)[1]
        _, z = at_least_one(tf.reshape(finite("z", z), (-1, self.latent_dim)))
        _, x = at_least_one(tf.repeat(self.likelihood.scale(image), samples, axis=0))
        nats = self.likelihood(z, training=False).log_prob(x)[: count * samples]
        return {"log_likelihood": tf.reshape(nats, (count, samples))}

    def feature_maps(self, image: tf.Tensor) -> Tensors:
        """What each convolution returns, by the layer's name, on the way to z_mean and back."""
        encoder, decoder = self.posterior.encoder, self.likelihood.decoder
        down, up = _convolutions(encoder), _convolutions(decoder)
        encoder = keras.Model(
            encoder.inputs, [encoder.outputs[0], *(layer.output for layer in down)]
        )
        decoder = keras.Model(decoder.inputs, [*decoder.outputs, *(layer.output for layer in up)])
        count, image = at_least_one(image)
        z_mean, *maps = encoder(self.likelihood.scale(image), training=False)
        maps += keras.tree.flatten(decoder(z_mean, training=False))[1:]
        named = zip(down + up, maps, strict=True)
        return {layer.name: features[:count] for layer, features in named}

    def _run_encoder(self, image: tf.Tensor, *condition: tf.Tensor) -> Tensors:
        count, image = at_least_one(image)
        condition = [at_least_one(each)[1] for each in condition]
        posterior = self.posterior(self.likelihood.scale(image), *condition, training=False)
        if hasattr(posterior, "parameters"):
            encoded = posterior.parameters()
        else:
            encoded = self._named(keras.tree.flatten(posterior.mode()))
        return {name: value[:count] for name, value in encoded.items()}

    def _run_decoder(self, *inputs: tf.Tensor) -> tf.Tensor:
        count = tf.shape(inputs[0])[0]
        z, condition = inputs[: len(self.latents)], inputs[len(self.latents) :]
        z = [finite("z", each) for each in z]
        z, condition = ([at_least_one(each)[1] for each in part] for part in (z, condition))
        z = keras.tree.pack_sequence_as(self.latent_spec, z)
        mean = self.likelihood(z, *condition, training=False).mode()
        pixels = self.likelihood.unscale(mean)
        pixels = tf.debugging.check_numerics(pixels, "`z` is too large for the decoder.")
        return to_uint8(pixels)[:count]

    def _sample_prior(
        self, seed: tf.Tensor, temperature: tf.Tensor, *condition: tf.Tensor
    ) -> list[tf.Tensor]:
        """Sample from the prior, each from its own seed alone: the latents, each [B, …]."""
        with seeded(seed, finite("temperature", temperature)):
            return keras.tree.flatten(self.prior(tf.size(seed), *condition).sample())

    def _sample_mixture(self, seed: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
        """Sample from the fitted prior, each from its own seed alone, [B] → [B, L]."""
        with seeded(seed, finite("temperature", temperature)):
            return self.mixture.sample(tf.size(seed))

    def _named(self, z: list[tf.Tensor]) -> Tensors:
        """Latents by their names."""
        return {spec.name: each for spec, each in zip(self.latents, z, strict=True)}

    def _latents_of(self, encoded: Tensors) -> list[tf.Tensor]:
        """The latents to decode, from what `encode` returns."""
        if "z_mean" in encoded:
            return [encoded["z_mean"]]
        return [encoded[spec.name] for spec in self.latents]

    def _convolutions(self) -> list[keras.layers.Layer]:
        """The convolutions of encoder and decoder, where these are functional models."""
        networks = (
            getattr(self.posterior, "encoder", None),
            getattr(self.likelihood, "decoder", None),
        )
        if not all(is_functional(network) for network in networks):
            return []
        return [layer for network in networks for layer in _convolutions(network)]

    def _check(self, attributes: Attributes | None, prior: GaussianMixturePrior | None) -> None:
        if attributes is not None and attributes.directions.shape[1] != self.latent_dim:
            raise ValueError(
                f"`attributes` must have directions of length {self.latent_dim}. "
                f"Received: {attributes.directions.shape}."
            )
        if prior is not None and prior.latent_dim != self.latent_dim:
            raise ValueError(
                f"`prior` must be over {self.latent_dim} dimensions. Received: {prior.latent_dim}."
            )

    def _directions(self, attribute: tf.Tensor) -> tf.Tensor:
        """Look directions up by name, [B] → [B, L]; an unknown name is an InvalidArgument."""
        if self.attributes is None or not self.attributes.names:
            with tf.control_dependencies(
                [require(tf.constant(False), "This model has no attributes to morph by.")]
            ):
                return tf.zeros([tf.size(attribute), self.latent_dim])
        names = tf.constant(self.attributes.names)
        match = tf.equal(attribute[:, tf.newaxis], names)  # [B, A]
        unknown = tf.boolean_mask(attribute, ~tf.reduce_any(match, axis=1))
        message = tf.strings.join(
            [
                f"`attribute` must be one of {', '.join(self.attributes.names)}. Received: ",
                tf.strings.reduce_join(printable(unknown[:3]), separator=", "),
                ".",
            ]
        )
        with tf.control_dependencies([require(tf.equal(tf.size(unknown), 0), message)]):
            index = tf.argmax(tf.cast(match, tf.int32), axis=1)
        return tf.gather(tf.constant(self.attributes.directions, tf.float32), index)


def describe(model_json: str) -> tuple[Callable[[tf.Tensor], Tensors], list[tf.TensorSpec]]:
    """Make the signature `describe`: its function and inputs.

    It returns `model.json` once for each row [B], whatever number the row holds. It has an input
    because TensorFlow Serving, where it batches requests, refuses those that have none.
    """

    def function(row: tf.Tensor) -> Tensors:
        return {"model_json": tf.fill(tf.shape(row), model_json)}

    return function, [tf.TensorSpec([None], tf.int64, "row")]


def _convolutions(model: keras.Model) -> list[keras.layers.Layer]:
    kinds = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    return [layer for layer in model.layers if isinstance(layer, kinds)]
