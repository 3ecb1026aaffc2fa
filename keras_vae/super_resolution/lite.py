"""The LiteRT network beside an upscaler's SavedModel: `assets.extra/lite/residual.tflite`."""

from __future__ import annotations

from pathlib import Path

import keras
import tensorflow as tf

from ..export.lite import convert, write_beside
from .vdsr import build_vdsr

INTERPOLATED = tf.TensorSpec([None, None, None, 1], tf.float32, "interpolated")


def write_lite(version: str | Path, *, overwrite: bool = False) -> Path:
    """Write `assets.extra/lite/` of an exported upscaler: its network for LiteRT.

    The network is that from interpolated luminance to its residual, with float16 weights, for
    images of any size. LiteRT has no bicubic interpolation: `LiteUpscaler` interpolates in NumPy.

    Args:
        version: Folder of the version.
        overwrite: Whether an existing folder is overwritten.

    Returns:
        The folder.

    Raises:
        FileExistsError: If the folder exists and `overwrite` is False.
        ConversionError: If LiteRT does not support an operation of the network.
    """

    def write(folder: Path) -> None:
        network = _network(Path(version))
        residual = tf.function(
            lambda interpolated: {"residual": network(interpolated, training=False)},
            input_signature=[INTERPOLATED],
            autograph=False,
        )
        (folder / "residual.tflite").write_bytes(convert(residual.get_concrete_function()))

    return write_beside(Path(version), write, overwrite=overwrite)


def _network(version: Path) -> keras.Model:
    """Build the network with the weights of a SavedModel, which have the names of its layers."""
    model = tf.saved_model.load(str(version))
    variables = model.signatures["upscale_pixels"].variables
    saved = {variable.name.partition(":")[0]: variable.numpy() for variable in variables}
    network = build_vdsr(depth=len(saved) // 2, filters=saved["residual/kernel"].shape[2])
    for weight in network.weights:
        weight.assign(saved[weight.path])
    return network
