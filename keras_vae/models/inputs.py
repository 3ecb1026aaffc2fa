"""Images as Keras users have them: what a batch holds, and the range of its pixels.

The model computes with pixels of 0 … 255. Images of uint8 have them. The range of other images is
recognized from their values, once for each data set: see `files.pixels.range_of`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..files.pixels import BYTES, EXPECTED, TOLERANCE, UNIT, PixelRange, range_of, warn_of_darkness

logger = logging.getLogger("keras_vae")

ARRAYS = (np.ndarray, tf.Tensor, Mapping, list, tuple)
EACH_BATCH = "0 … 1 or 0 … 255 batch by batch"  # of a generator


def is_array(x: Any) -> bool:
    """Whether Keras takes x for arrays, which `fit` shuffles: also all that NumPy converts.

    Such is a data set of h5py, of which Keras reads the whole file into memory.
    """
    return isinstance(x, ARRAYS) or hasattr(x, "__array__")


def range_of_batch(images: tf.Tensor) -> tf.Tensor:
    """Map a batch whose values are not known yet, as within a `tf.function`, to 0 … 255."""
    images = tf.cast(images, tf.float32)
    unit = tf.reduce_max(images) <= 1.0 + TOLERANCE
    return tf.where(unit, UNIT.to_pixels(images), images)


def checked(pixels: tf.Tensor) -> tf.Tensor:
    """Refuse pixels that are not 0 … 255 when the graph runs; XLA leaves the check out."""
    slack = TOLERANCE * 255.0
    valid = tf.reduce_all((pixels >= -slack) & (pixels <= 255.0 + slack))  # false for NaN
    message = f"`x` must be {EXPECTED}, the same range in each batch. Received other values, or NaN"
    with tf.control_dependencies([tf.debugging.Assert(valid, [message])]):
        return tf.identity(pixels)


def labels_of(y: Any, classes: int) -> tf.Tensor:
    """Return labels as a tensor; in a graph they are checked when it runs.

    Args:
        y: Labels [B].
        classes: K.

    Raises:
        ValueError: If they are not whole numbers from 0 to K − 1: a one-hot code of another has no
            1 in it, and the last of a list is also its entry −1.
    """
    y = tf.convert_to_tensor(y)
    whole = y if y.dtype.is_integer else tf.math.floor(y)
    valid = (y >= 0) & (y < classes) & (y == whole)
    message = f"`y` must be labels, whole numbers from 0 to {classes - 1}. Received: "
    if tf.is_symbolic_tensor(y):
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(valid), [message, y])]):
            return tf.identity(y)
    if not tf.reduce_all(valid):
        raise ValueError(f"{message}{y[~valid][0].numpy()}.")
    return y


def unpack(data: Any) -> tuple[Any, Any, Any]:
    """Images, labels or condition, and sample weights of what `fit` passes on, or a data set has.

    Args:
        data: Images; (images, y); (images, y, sample_weight). In the place of images also
            (images, y), as for a model with two inputs, or a dictionary with the key "image", as
            TensorFlow Datasets have it; its "label" is y, its "sample_weight" the weights.

    Raises:
        ValueError: If it is none of these.
    """
    if isinstance(data, list | tuple) and len(data) > 3:
        raise ValueError(
            f"`x` must be one array of images. Received: a {type(data).__name__} of {len(data)}. "
            "np.stack(images) makes an array of them."
        )
    images, y, weight = keras.utils.unpack_x_y_sample_weight(data)
    if isinstance(images, Mapping):
        if "image" not in images:
            raise ValueError(
                "`x` must be images, or a dictionary with the key 'image'. Received: the keys "
                f"{', '.join(map(repr, images))}."
            )
        y = images.get("label") if y is None else y
        weight = images.get("sample_weight") if weight is None else weight
        images = images["image"]
    elif isinstance(images, list | tuple):
        if len(images) > 2:
            raise ValueError(
                f"`x` must be images, or images and a condition. Received: {len(images)} arrays."
            )
        images, y = (*images, y)[:2]
    return images, y, weight


def shaped(images: Any, image_shape: tuple[int, int, int]) -> tf.Tensor:
    """Return images as a tensor [B, H, W, C]; gray images may lack the last axis.

    Raises:
        ValueError: If they have another shape than the encoder takes.
    """
    images = tf.convert_to_tensor(images)
    given = tuple(images.shape[1:])
    if given == image_shape:  # the usual case
        return images
    if image_shape[-1] == 1 and given == image_shape[:-1]:
        return images[..., tf.newaxis]
    pairs = zip(given, image_shape, strict=False)
    if len(given) != 3 or any(a not in (None, b) for a, b in pairs):
        one = (
            " One image alone needs a first axis: images[np.newaxis]; a data set needs batches: "
            "dataset.batch(32)."
        )
        raise ValueError(
            f"`x` must be a batch of images of shape {image_shape} (height, width, channels). "
            f"Received: a batch of shape {tuple(images.shape)}."
            f"{one if tuple(images.shape) == image_shape else ''}"
        )
    return tf.ensure_shape(images, (None, *image_shape))


def weights_of(sample_weight: Any) -> tf.Tensor | None:
    """Return sample weights as float32 [B]; None if there are none.

    Raises:
        ValueError: If they are not one for each image.
    """
    if sample_weight is None:
        return None
    weight = tf.cast(tf.convert_to_tensor(sample_weight), tf.float32)
    if weight.shape.rank not in (1, 2) or (weight.shape.rank == 2 and weight.shape[1] != 1):
        raise ValueError(
            "`sample_weight` must have one weight for each image, [B]. "
            f"Received: shape {tuple(weight.shape)}."
        )
    return tf.reshape(weight, (-1,))


def range_of_data(x: Any, name: str = "x") -> tuple[PixelRange | None, bool]:
    """Recognize the range of what `fit` takes, from all images of an array, or from a first batch.

    Args:
        x: See `unpack`; also a `tf.data.Dataset` or `keras.utils.PyDataset` of these.
        name: Of the argument, for the error.

    Returns:
        The range, and whether it follows from the values; (None, False) if there is no first batch
        to look at, as of a generator: then each batch decides.
    """
    if isinstance(x, tf.data.Dataset):
        dtype = unpack(x.element_spec)[0].dtype
        if dtype == tf.uint8:
            return BYTES, False
        x = next(iter(x.take(1)), None)
    elif isinstance(x, keras.utils.PyDataset):
        x = x[0]
    elif not is_array(x):
        return None, False
    if x is None:
        return None, False
    images = np.asarray(unpack(x)[0])
    return range_of(images, name), images.dtype not in (np.uint8, bool)


def with_weights(x: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    """Return arrays for Keras, which drops the sample weights of data without y.

    Raises:
        ValueError: If there is not one weight for each image.
    """
    if y is not None or sample_weight is None:
        return x, y, sample_weight
    images, y, _ = unpack(x)
    if len(images) != len(sample_weight):
        raise ValueError(
            "`sample_weight` must have one weight for each image. "
            f"Received: {len(sample_weight)} weights of {len(images)} images."
        )
    labels = {} if y is None else {"label": y}
    return {"image": images, **labels, "sample_weight": sample_weight}, None, None


class ImageInputs:
    """Mixin of a Keras model of images: `fit` and its like recognize the range of the pixels.

    The steps read the range when they are traced, by `batch_of`.

    Attributes:
        image_shape: Height, width, channels.
    """

    image_shape: tuple[int, int, int]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._ranges: dict[str, PixelRange | None] = {}
        self._announced: set[PixelRange | str] = set()

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        *,
        sample_weight: Any = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Train: `keras.Model.fit`; `x` as `inputs.unpack` and `inputs.range_of` take it."""
        self._check_loss()
        self._expect("train", x)
        if validation_data is not None:
            validation = keras.utils.unpack_x_y_sample_weight(validation_data)
            self._expect("test", validation[0], "validation_data")
            validation_data = with_weights(*validation)
        elif validation_split:
            self._set_range("test", self._ranges["train"])
        if not (is_array(x) or isinstance(x, keras.utils.PyDataset)):
            kwargs.setdefault("shuffle", False)  # Keras warns that it shuffles no data set
        x, y, sample_weight = with_weights(x, y, sample_weight)
        kwargs |= {"x": x, "y": y, "batch_size": batch_size, "epochs": epochs, "verbose": verbose}
        kwargs |= {"callbacks": callbacks, "validation_split": validation_split}
        kwargs |= {"validation_data": validation_data, "sample_weight": sample_weight}
        # By name, and without what is not given: so MLflow's autologging can add its callback.
        return super().fit(**{name: each for name, each in kwargs.items() if each is not None})

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Measure: `keras.Model.evaluate`."""
        self._check_loss()
        if not kwargs.get("_use_cached_eval_dataset"):  # within `fit`, which has looked already
            self._expect("test", x)
        x, y, sample_weight = with_weights(x, y, sample_weight)
        return super().evaluate(x, y, batch_size, verbose, sample_weight, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Call the model on batches: `keras.Model.predict`."""
        self._expect("predict", x)
        return super().predict(x, *args, **kwargs)

    def train_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Take one step: `keras.Model.train_on_batch`."""
        self._check_loss()
        self._expect("train", x)
        return super().train_on_batch(x, *args, **kwargs)

    def test_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Measure a batch: `keras.Model.test_on_batch`."""
        self._check_loss()
        self._expect("test", x)
        return super().test_on_batch(x, *args, **kwargs)

    def batch_of(self, data: Any, phase: str) -> tuple[tf.Tensor, Any, tf.Tensor | None]:
        """Unpack the batch of a step.

        Args:
            data: What `fit` passes on.
            phase: "train", "test" or "predict".

        Returns:
            Pixels 0 … 255, [B, H, W, C]; y or None; sample weights [B] or None.
        """
        images, y, weight = unpack(data)
        images = shaped(images, self.image_shape)
        if images.dtype != tf.uint8:
            pixels = self._ranges.get(phase)
            images = tf.cast(images, tf.float32)
            if pixels is None:
                self._announce(EACH_BATCH)
            images = pixels.to_pixels(images) if pixels else range_of_batch(images)
            images = checked(images)
        return images, y, weights_of(weight)

    def pixels_of(self, images: Any) -> tf.Tensor:
        """Pixels 0 … 255 of a batch of images of any range, [B, H, W, C]."""
        images = shaped(images, self.image_shape)
        if tf.is_symbolic_tensor(images):
            return images if images.dtype == tf.uint8 else checked(range_of_batch(images))
        if images.dtype == tf.uint8:
            warn_of_darkness(images.numpy(), "x")
            return images
        pixels = range_of(images)
        self._announce(pixels)
        return pixels.to_pixels(tf.cast(images, tf.float32))

    def _expect(self, phase: str, x: Any, name: str = "x") -> None:
        pixels, by_values = range_of_data(x, name)
        if by_values:
            self._announce(pixels)
        self._set_range(phase, pixels)

    def _set_range(self, phase: str, pixels: PixelRange | None) -> None:
        if self._ranges.get(phase) != pixels:
            setattr(self, f"{phase}_function", None)  # traced with another range
        self._ranges[phase] = pixels

    def _announce(self, pixels: PixelRange | str) -> None:
        """Log the range of images that are not uint8, once for each model and range."""
        if pixels not in self._announced:
            self._announced.add(pixels)
            logger.warning("%s: images are read as %s, by their values.", self.name, pixels)

    def _check_loss(self) -> None:
        if self.loss is not None:
            raise ValueError(
                "`loss` of `compile` must be None: the loss of a VAE is the sum of its `terms`. "
                f"Received: {self.loss!r}."
            )
