"""The endpoints of a SavedModel: encoder and decoder wrapped in graph operations.

Images travel as encoded bytes. Decoding, cropping, scaling and clipping follow `photos.prepare`;
everything runs in float32, and draws noise from the caller's seeds alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from ..files.photos import ALIGNED_CROP, ALIGNED_SIZE
from ..latent_space.attributes import Attributes
from ..latent_space.priors import GaussianMixturePrior
from ..models.vae import VAE
from ..ops.recast import recast
from .mixture import Mixture

# ITU-R 601 in 65,536ths, as Pillow's "L": whole numbers that float32 adds without error.
LUMINANCE = (19595.0, 38470.0, 7471.0)
# By name: left to itself, TensorFlow chooses by device, and seed 7 another face.
PHILOX = tf.random.Algorithm.PHILOX.value

Tensors = dict[str, tf.Tensor]
Signatures = dict[str, tuple[Callable[..., Tensors], list[tf.TensorSpec]]]


class Endpoints:
    """The functions behind the signatures, for one model.

    The networks are copied: plain float32 variables, whatever precision or strategy trained them.
    The likelihood, which may have learned a scale, is the model's own: always in float32, and read
    from the first replica.

    Args:
        vae: The model.
        attributes: Directions for `morph`, or None.
        prior: What `generate_gmm` draws from; None leaves that out.

    Raises:
        ValueError: If the directions or the prior have another length than the latent.
    """

    def __init__(
        self,
        vae: VAE,
        attributes: Attributes | None = None,
        prior: GaussianMixturePrior | None = None,
    ) -> None:
        self.image_shape = tuple(vae.image_shape)
        self.latent_dim = vae.latent_dim
        if attributes is not None and attributes.directions.shape[1] != self.latent_dim:
            raise ValueError(
                f"`attributes` must have directions of length {self.latent_dim}. "
                f"Received: {attributes.directions.shape}."
            )
        if prior is not None and prior.latent_dim != self.latent_dim:
            raise ValueError(
                f"`prior` must be over {self.latent_dim} dimensions. Received: {prior.latent_dim}."
            )
        self.attributes = attributes
        self.mixture = None if prior is None else Mixture(prior)
        self.likelihood = vae.likelihood
        self.encoder = recast(vae.encoder, "float32")
        self.decoder = recast(vae.decoder, "float32")
        self._photo = tf.TensorSpec([None], tf.string, "image_bytes")
        self._pixels = tf.TensorSpec([None, *self.image_shape], tf.uint8, "image")
        self._z = tf.TensorSpec([None, self.latent_dim], tf.float32, "z")
        self._latent = tf.TensorSpec([self.latent_dim], tf.float32)
        # Traced once and called by every endpoint: the graph holds each network once.
        self._read = traced(lambda data: read_photos(data, self.image_shape), self._photo)
        self._encode = traced(self._run_encoder, self._pixels)
        self._decode = traced(self._run_decoder, self._z)
        self._noise = (
            tf.TensorSpec([None], tf.int64, "seed"),
            tf.TensorSpec([None], tf.float32, "temperature"),
        )
        self._draw = traced(self._draw_normal, *self._noise)
        self._draw_gmm = traced(self._draw_mixture, *self._noise)

    def signatures(self) -> Signatures:
        """Every signature's function and inputs; the first is also `serving_default`."""
        attribute = tf.TensorSpec([None], tf.string, "attribute")
        strength = tf.TensorSpec([None], tf.float32, "strength")
        draws = tf.TensorSpec([None, None, self.latent_dim], tf.float32, "z")
        signatures = {
            "reconstruct": (self.reconstruct, [self._photo]),
            "encode": (self.encode, [self._photo]),
            "decode": (self.decode, [self._z]),
            "generate": (self.generate, [*self._noise]),
            "morph": (self.morph, [self._photo, attribute, strength]),
            "encode_pixels": (self.encode_pixels, [self._pixels]),
            "decode_pixels": (self.decode_pixels, [self._z]),
            "generate_pixels": (self.generate_pixels, [*self._noise]),
            "directions": (self.directions, [attribute]),
            "log_likelihood": (self.log_likelihood, [self._pixels, draws]),
        }
        if _convolutions(self.encoder) + _convolutions(self.decoder):
            signatures["feature_maps"] = (self.feature_maps, [self._pixels])
        if self.mixture is not None:
            signatures["generate_gmm"] = (self.generate_gmm, [*self._noise])
            signatures["generate_gmm_pixels"] = (self.generate_gmm_pixels, [*self._noise])
            signatures["log_prior_gmm"] = (self.log_prior_gmm, [draws])
        return signatures

    def reconstruct(self, image_bytes: tf.Tensor) -> Tensors:
        """Encode and decode photos."""
        return self.decode(self.encode(image_bytes)["z_mean"])

    def encode(self, image_bytes: tf.Tensor) -> Tensors:
        """Encode photos of any size."""
        return self.encode_pixels(self._read(image_bytes))

    def decode(self, z: tf.Tensor) -> Tensors:
        """Decode latents to PNG."""
        # Stored, not deflated: half as large again, encoded and read in half the time.
        return {"image_bytes": tf.io.encode_png(self._decode(z), compression=0)}

    def generate(self, seed: tf.Tensor, temperature: tf.Tensor) -> Tensors:
        """Draw z = temperature · ε, ε ~ N(0, I), each from its own seed alone, and decode it."""
        z = self._draw(seed, temperature)
        return {**self.decode(z), "z": z}

    def generate_gmm(self, seed: tf.Tensor, temperature: tf.Tensor) -> Tensors:
        """Draw z = μ + temperature · S ε from the fitted prior, each from its own seed, and decode.

        The seed chooses a component of mean μ and covariance S Sᵀ; its ε is that of `generate`.
        """
        z = self._draw_gmm(seed, temperature)
        return {**self.decode(z), "z": z}

    def log_prior_gmm(self, z: tf.Tensor) -> Tensors:
        """Measure the log density of latents [B, S, L] under the fitted prior, nats [B, S]."""
        flat = self.mixture.log_prob(tf.reshape(z, (-1, self.latent_dim)))
        return {"log_prior": tf.reshape(flat, tf.shape(z)[:2])}

    def morph(self, image_bytes: tf.Tensor, attribute: tf.Tensor, strength: tf.Tensor) -> Tensors:
        """Encode photos, add strength · Δ(attribute), and decode (Foster 2023; Jiang 2024, 5.3)."""
        direction = self.directions(attribute)["direction"]  # [B, L]
        z_mean = self.encode(image_bytes)["z_mean"]
        return self.decode(z_mean + strength[:, tf.newaxis] * direction)

    def directions(self, attribute: tf.Tensor) -> Tensors:
        """Look Δ of attributes up, [B] → [B, L]; an unknown name is an InvalidArgument.

        A model without attributes has this endpoint, and `morph`, too: both refuse every name.
        """
        return {"direction": self._directions(attribute)}

    def encode_pixels(self, image: tf.Tensor) -> Tensors:
        """Encode uint8 pixels of the network's size."""
        z_mean, z_log_var = self._encode(image)
        return {"z_mean": z_mean, "z_log_var": z_log_var}

    def decode_pixels(self, z: tf.Tensor) -> Tensors:
        """Decode latents to uint8 pixels; a latent that is not finite is an InvalidArgument."""
        return {"image": self._decode(z)}

    def generate_pixels(self, seed: tf.Tensor, temperature: tf.Tensor) -> Tensors:
        """Draw as `generate`, and decode to uint8 pixels."""
        z = self._draw(seed, temperature)
        return {**self.decode_pixels(z), "z": z}

    def generate_gmm_pixels(self, seed: tf.Tensor, temperature: tf.Tensor) -> Tensors:
        """Draw as `generate_gmm`, and decode to uint8 pixels."""
        z = self._draw_gmm(seed, temperature)
        return {**self.decode_pixels(z), "z": z}

    def log_likelihood(self, image: tf.Tensor, z: tf.Tensor) -> Tensors:
        """Measure log p(x|z) of each image under S latents of its own, z [B, S, L] → [B, S].

        In nats; where the likelihood is not normalised, the negative cost that was trained on.
        """
        count, draws = tf.shape(z)[0], tf.shape(z)[1]
        flat = tf.reshape(z, (-1, self.latent_dim))
        logits = self.decoder(at_least_one(flat)[1], training=False)[: count * draws]
        image = tf.repeat(self.likelihood.scale(image), draws, axis=0)
        nats = self.likelihood.log_prob(image, logits)
        return {"log_likelihood": tf.reshape(nats, (count, draws))}

    def feature_maps(self, image: tf.Tensor) -> Tensors:
        """What each convolution returns, by the layer's name, on the way to z_mean and back."""
        down, up = _convolutions(self.encoder), _convolutions(self.decoder)
        encoder = keras.Model(
            self.encoder.inputs, [self.encoder.outputs[0], *(layer.output for layer in down)]
        )
        decoder = keras.Model(self.decoder.inputs, [layer.output for layer in up])
        count, image = at_least_one(image)
        z_mean, *maps = encoder(self.likelihood.scale(image), training=False)
        maps += keras.tree.flatten(decoder(z_mean, training=False))
        named = zip(down + up, maps, strict=True)
        return {layer.name: features[:count] for layer, features in named}

    def _run_encoder(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        count, image = at_least_one(image)
        z_mean, z_log_var = self.encoder(self.likelihood.scale(image), training=False)
        return z_mean[:count], z_log_var[:count]

    def _run_decoder(self, z: tf.Tensor) -> tf.Tensor:
        count, z = at_least_one(tf.debugging.check_numerics(z, "`z` must be finite."))
        mean = self.likelihood.mean(self.decoder(z, training=False))
        pixels = self.likelihood.unscale(mean)
        pixels = tf.debugging.check_numerics(pixels, "`z` is too large for the decoder.")
        return to_uint8(pixels)[:count]

    def _draw_normal(self, seed: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
        """Draw from N(0, temperature²), each from its own seed alone, [B] → [B, L]."""
        epsilon = tf.map_fn(self._epsilon, seed, fn_output_signature=self._latent)
        return temperature[:, tf.newaxis] * epsilon

    def _draw_mixture(self, seed: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
        """Draw from the fitted prior, each from its own seed alone, [B] → [B, L]."""

        def draw(seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            key, counter = _stream(seed, 1)
            uniform = tf.raw_ops.StatelessRandomUniformV2(
                shape=[], key=key, counter=counter, alg=PHILOX
            )
            return uniform, self._epsilon(seed)

        signature = (tf.TensorSpec([], tf.float32), self._latent)
        uniform, epsilon = tf.map_fn(draw, seed, fn_output_signature=signature)
        return self.mixture.draw(uniform, epsilon, temperature)

    def _epsilon(self, seed: tf.Tensor) -> tf.Tensor:
        """ε ~ N(0, I) of one seed, [L]."""
        key, counter = _stream(seed, 0)
        return tf.raw_ops.StatelessRandomNormalV2(
            shape=[self.latent_dim], key=key, counter=counter, alg=PHILOX
        )

    def _directions(self, attribute: tf.Tensor) -> tf.Tensor:
        """Look directions up by name, [B] → [B, L]; an unknown name is an InvalidArgument."""
        if self.attributes is None or not self.attributes.names:
            with tf.control_dependencies([_refuse("This model has no attributes to morph by.")]):
                return tf.zeros([tf.size(attribute), self.latent_dim])
        names = tf.constant(self.attributes.names)
        match = tf.equal(attribute[:, tf.newaxis], names)  # [B, A]
        unknown = tf.boolean_mask(attribute, ~tf.reduce_any(match, axis=1))
        message = tf.strings.join(
            [
                f"`attribute` must be one of {', '.join(self.attributes.names)}. Received: ",
                tf.strings.reduce_join(_printable(unknown[:3]), separator=", "),
                ".",
            ]
        )
        with tf.control_dependencies([require(tf.equal(tf.size(unknown), 0), message)]):
            index = tf.argmax(tf.cast(match, tf.int32), axis=1)
        return tf.gather(tf.constant(self.attributes.directions, tf.float32), index)


def _stream(seed: tf.Tensor, number: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Where Philox starts for one of a seed's streams of noise: key and counter.

    `tf.random.stateless_normal` and its like draw the same in twice the operations, which count
    where every seed is drawn for by itself.
    """
    return tf.raw_ops.StatelessRandomGetKeyCounter(seed=tf.stack([seed, number]))


def describe(model_json: str) -> tuple[Callable[[tf.Tensor], Tensors], list[tf.TensorSpec]]:
    """Make the signature `describe`: its function and inputs.

    It returns `model.json` once for each row [B], whatever number the row holds. It has an input
    because TensorFlow Serving, where it batches requests, refuses those that have none.
    """

    def function(row: tf.Tensor) -> Tensors:
        return {"model_json": tf.fill(tf.shape(row), model_json)}

    return function, [tf.TensorSpec([None], tf.int64, "row")]


def read_photos(image_bytes: tf.Tensor, image_shape: tuple[int, int, int]) -> tf.Tensor:
    """Decode, crop and scale photos as `photos.open_photo` and `photos.prepare` do.

    Only the EXIF orientation is not applied: TensorFlow does not read it.

    Args:
        image_bytes: JPEG, PNG, GIF or BMP files of any sizes, string [B].
        image_shape: Height, width, channels of the network's input.

    Returns:
        Pixels, uint8 [B, height, width, channels].
    """

    def read(data: tf.Tensor) -> tf.Tensor:
        pixels = _crop_and_scale(decode_photo(data), image_shape[:2])
        if image_shape[2] == 1:
            pixels = luminance(_round(pixels))
        return tf.ensure_shape(to_uint8(pixels), image_shape)

    return tf.map_fn(read, image_bytes, fn_output_signature=tf.TensorSpec(image_shape, tf.uint8))


def luminance(images: tf.Tensor) -> tf.Tensor:
    """Weigh RGB [..., 3] to the luminance of ITU-R 601, [..., 1], with Pillow's numbers."""
    return tf.reduce_sum(images * LUMINANCE, -1, keepdims=True) / 65536.0


def crop_box(
    height: tf.Tensor, width: tf.Tensor, aspect: float
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Say which part of an image is shown to a network, by the rule of `photos.crop_box`.

    Args:
        height: Pixels down, int scalar.
        width: Pixels across, int scalar.
        aspect: Width over height of the network's input.

    Returns:
        upper, left, height, width of the part, in pixels, float32 scalars.
    """
    aligned = tf.logical_and(tf.equal(width, ALIGNED_SIZE[0]), tf.equal(height, ALIGNED_SIZE[1]))
    height, width = tf.cast(height, tf.float32), tf.cast(width, tf.float32)
    inner_height = tf.where(aligned, float(ALIGNED_CROP), height)
    inner_width = tf.where(aligned, float(ALIGNED_CROP), width)
    crop_height = tf.minimum(inner_height, inner_width / aspect)
    crop_width = tf.minimum(inner_width, inner_height * aspect)
    return (height - crop_height) / 2, (width - crop_width) / 2, crop_height, crop_width


def decode_photo(data: tf.Tensor) -> tf.Tensor:
    """Decode one file to RGB, uint8 [h, w, 3], with transparent parts laid on white."""
    return _on_white(_decode_file(data))


def _decode_file(data: tf.Tensor) -> tf.Tensor:
    """Decode one file to uint8 [h, w, 1 … 4]; bytes of no image are an InvalidArgument."""

    def jpeg() -> tf.Tensor:
        # Pillow's transform; TensorFlow's default one is up to four levels off.
        return tf.io.decode_jpeg(data, channels=0, dct_method="INTEGER_ACCURATE")

    def other() -> tf.Tensor:
        return tf.io.decode_image(data, channels=0, expand_animations=False)

    return tf.cond(tf.io.is_jpeg(data), jpeg, other)


def _on_white(image: tf.Tensor) -> tf.Tensor:
    """Turn a decoded image [h, w, 1 … 4] into RGB, with transparent parts laid on white."""
    channels = tf.shape(image)[-1]
    transparent = tf.equal(channels % 2, 0)
    colours = channels - tf.cast(transparent, tf.int32)

    def blend(row: tf.Tensor) -> tf.Tensor:
        values = tf.cast(row, tf.float32)
        alpha = values[:, colours:] / 255.0
        return to_uint8(values[:, :colours] * alpha + 255.0 * (1.0 - alpha))

    def blended() -> tf.Tensor:
        # Row by row: the whole of 100 megapixels, in float32, would take gigabytes.
        return tf.map_fn(blend, image, fn_output_signature=tf.TensorSpec([None, None], tf.uint8))

    rgb = tf.cond(transparent, blended, lambda: image)
    return tf.ensure_shape(tf.tile(rgb, [1, 1, 3 // colours]), [None, None, 3])


def _crop_and_scale(image: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Crop and scale uint8 [h, w, 3] to float32 [H, W, 3]: bilinear, antialiased, as Pillow's box.

    ScaleAndTranslate, unlike crop-then-resize, takes boxes that begin between pixels.
    """
    shape = tf.shape(image)
    upper, left, height, width = crop_box(shape[0], shape[1], aspect=size[1] / size[0])
    scale = tf.stack([size[0] / height, size[1] / width])
    return tf.raw_ops.ScaleAndTranslate(
        images=image[tf.newaxis],
        size=size,
        scale=scale,
        translation=-scale * tf.stack([upper, left]),
        kernel_type="triangle",
        antialias=True,
    )[0]


def _round(pixels: tf.Tensor) -> tf.Tensor:
    return tf.floor(pixels + 0.5)  # halves go up, as in Pillow; tf.round sends them to even


def to_uint8(pixels: tf.Tensor) -> tf.Tensor:
    """Round halves up and clip to 0 … 255, as Pillow does."""
    return tf.cast(tf.clip_by_value(_round(pixels), 0.0, 255.0), tf.uint8)


def _printable(text: tf.Tensor) -> tf.Tensor:
    """Make strings fit for an error message: valid UTF-8 of at most 40 characters, in one line."""
    valid = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", replace_control_characters=True)
    return tf.strings.substr(valid, 0, 40, unit="UTF8_CHAR")


def require(condition: tf.Tensor, message: str | tf.Tensor) -> tf.Operation:
    """Answer with an InvalidArgument unless the condition holds."""
    return tf.raw_ops.Assert(condition=condition, data=[message], summarize=1)


def _refuse(message: str) -> tf.Operation:
    return require(tf.constant(False), message)


def _convolutions(model: keras.Model) -> list[keras.layers.Layer]:
    kinds = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    return [layer for layer in model.layers if isinstance(layer, kinds)]


def traced(function: Callable[..., Any], *specs: tf.TensorSpec) -> Callable[..., Any]:
    """Trace a function once, so that whatever calls it shares one graph."""
    return tf.function(function, input_signature=specs, autograph=False)


def at_least_one(inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Say how many inputs there are, and add one where there is none.

    TensorFlow's fused convolutions return the wrong shape for an empty batch.
    """
    count = tf.shape(inputs)[0]
    missing = tf.maximum(1 - count, 0)
    return count, tf.pad(inputs, [[0, missing], *[[0, 0]] * (len(inputs.shape) - 1)])
