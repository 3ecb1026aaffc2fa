"""Graph operations of signatures: photos to pixels, rounding, checks.

Decoding, cropping, scaling and clipping follow `files.photos`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from ..files.image_file import LOW_BITS
from ..files.photos import ALIGNED_CROP, ALIGNED_SIZE
from ..files.pixels import BYTES, DARK, DEEP

# ITU-R 601 in 65,536ths, as Pillow's "L": whole numbers that float32 adds without error.
LUMINANCE = (19595.0, 38470.0, 7471.0)

KERNELS = {"bilinear": "triangle", "bicubic": "keyscubic"}  # of ScaleAndTranslate


def read_photos(
    image_bytes: tf.Tensor,
    image_shape: tuple[int, int, int],
    resampling: str = "bilinear",
) -> tf.Tensor:
    """Decode, crop and scale photos as `photos.open_photo` and `photos.prepare` do.

    Only the EXIF orientation is not applied: TensorFlow does not read it.

    Args:
        image_bytes: JPEG, PNG, GIF or BMP files of any sizes, string [B].
        image_shape: Height, width, channels of the network's input.
        resampling: How photos are scaled: see `photos.prepare`.

    Returns:
        Pixels, uint8 [B, height, width, channels].
    """

    def read(data: tf.Tensor) -> tf.Tensor:
        pixels = _crop_and_scale(decode_photo(data), image_shape[:2], KERNELS[resampling])
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

    def deep() -> tf.Tensor:
        return _upper_bits(tf.io.decode_png(data, channels=0, dtype=tf.uint16))

    def other() -> tf.Tensor:
        return tf.io.decode_image(data, channels=0, expand_animations=False)

    return tf.cond(tf.io.is_jpeg(data), jpeg, lambda: tf.cond(_is_deep_png(data), deep, other))


def _is_deep_png(data: tf.Tensor) -> tf.Tensor:
    """Return whether a file is PNG of 16 bits: the byte after width and height is 16."""
    start = tf.strings.substr(data, 0, 25) + b"\0" * 25  # a shorter file has no such byte
    is_png = tf.equal(tf.strings.substr(start, 0, 8), b"\x89PNG\r\n\x1a\n")
    return is_png & tf.equal(tf.strings.substr(start, 24, 1), b"\x10")


def _upper_bits(image: tf.Tensor) -> tf.Tensor:
    """Convert 16 bits, [h, w, 1 … 4], to 8, as `ImageFile` does.

    Gray levels may use only 1, 8, 10, 12 or 14 of their bits. Colours, and gray levels with
    transparency, must use all of them, because Pillow reads only their upper 8.
    """
    channels = tf.shape(image)[-1]
    highest = tf.cast(tf.reduce_max(image[..., : channels - (channels + 1) % 2]), tf.int32)
    is_gray = tf.equal(channels, 1)
    depths = tf.constant([int(each.high) for each in (BYTES, *DEEP[:-1])])
    gray_shift = 2 * tf.reduce_sum(tf.cast(highest > depths, tf.int32))
    is_unit = is_gray & (highest <= 1)
    valid = tf.where(is_gray, is_unit | (highest > DARK), highest >= LOW_BITS << 8)
    message = "`image_bytes` must be images of 8 bits, or use all of their 16 bits"
    with tf.control_dependencies([require(valid, message)]):
        shift = tf.cast(tf.where(is_gray, gray_shift, 8), tf.uint16)
        pixels = tf.cast(tf.bitwise.right_shift(image, shift), tf.uint8)
    return tf.where(is_unit, 255 * pixels, pixels)


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


def _crop_and_scale(image: tf.Tensor, size: tuple[int, int], kernel: str) -> tf.Tensor:
    """Crop and scale uint8 [h, w, 3] to float32 [H, W, 3]: antialiased, as Pillow's box.

    Rows are scaled first, then rounded and clipped, then columns, as in `photos.prepare`.
    """
    shape = tf.shape(image)
    upper, left, height, width = crop_box(shape[0], shape[1], aspect=size[1] / size[0])
    rows = _scale(image, (shape[0], size[1]), (1.0, size[1] / width), (0.0, left), kernel)
    return _scale(to_uint8(rows), size, (size[0] / height, 1.0), (upper, 0.0), kernel)


def _scale(image: tf.Tensor, size: Any, scale: Any, start: Any, kernel: str) -> tf.Tensor:
    """Scale a part of an image, [h, w, 3], as float32 [H, W, 3].

    ScaleAndTranslate, unlike crop-then-resize, takes parts that begin between pixels.

    Args:
        image: uint8 or float32.
        size: H and W.
        scale: Of the rows' distances, and of the columns'.
        start: Upper and left border of the part, in pixels.
        kernel: One of `KERNELS`.
    """
    scale = tf.stack(scale)
    return tf.raw_ops.ScaleAndTranslate(
        images=image[tf.newaxis],
        size=tf.stack(size),
        scale=scale,
        translation=-scale * tf.stack(start),
        kernel_type=kernel,
        antialias=True,
    )[0]


def _round(pixels: tf.Tensor) -> tf.Tensor:
    return tf.floor(pixels + 0.5)  # halves go up, as in Pillow; tf.round sends them to even


def to_uint8(pixels: tf.Tensor) -> tf.Tensor:
    """Round halves up and clip to 0 … 255, as Pillow does."""
    return tf.cast(tf.clip_by_value(_round(pixels), 0.0, 255.0), tf.uint8)


def printable(text: tf.Tensor) -> tf.Tensor:
    """Make strings fit for an error message: valid UTF-8 of at most 40 characters, in one line."""
    valid = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", replace_control_characters=True)
    return tf.strings.substr(valid, 0, 40, unit="UTF8_CHAR")


def require(condition: tf.Tensor, message: str | tf.Tensor) -> tf.Operation:
    """Answer with an InvalidArgument unless the condition holds."""
    return tf.raw_ops.Assert(condition=condition, data=[message], summarize=1)


def one_batch(function: Callable[..., Any], specs: Sequence[tf.TensorSpec]) -> Callable[..., Any]:
    """Refuse inputs of different batch sizes, which TensorFlow would broadcast.

    Args:
        function: Called with tensors [B, …].
        specs: What it is called with.
    """
    names = " and ".join(f"`{spec.name}`" for spec in specs)

    def checked(*inputs: tf.Tensor) -> Any:
        sizes = [tf.shape(each)[0] for each in inputs]
        received = tf.strings.reduce_join(tf.strings.as_string(tf.stack(sizes)), separator=", ")
        message = tf.strings.join(
            [f"{names} must have one entry for each image. Received: ", received, " entries."]
        )
        same = tf.reduce_all(tf.equal(sizes, sizes[0]))
        with tf.control_dependencies([require(same, message)]):
            return function(*map(tf.identity, inputs))

    return checked if len(specs) > 1 else function


def finite(name: str, values: tf.Tensor) -> tf.Tensor:
    """Pass finite values on; others are an InvalidArgument that names the input."""
    return tf.debugging.check_numerics(values, f"`{name}` must be finite.")


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
