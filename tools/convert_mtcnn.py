"""Convert the three networks of MTCNN from the package `mtcnn` to LiteRT.

    pip install tensorflow mtcnn
    python tools/convert_mtcnn.py keras_vae/faces/mtcnn

Each file has one signature, `detect`. It takes images, float32, and gives offsets, scores and, for
the last network, landmarks. Operations are built in. float16 halves the size of the last network's
weights; they are converted to float32 when the file is loaded. docs/decisions/0010-alignment.md
explains why only that network's, and has the accuracy.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import tensorflow as tf
from mtcnn import MTCNN
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

# Shape of the images of each network, in the order of the cascade; the first takes any size.
SHAPES = {"pnet": (1, None, None, 3), "rnet": (None, 24, 24, 3), "onet": (None, 48, 48, 3)}


def main() -> None:
    """Convert the networks and print the sizes of the files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="Folder of the .tflite files.")
    parser.add_argument(
        "--float16",
        nargs="*",
        choices=SHAPES,
        default=["onet"],
        help="Networks whose weights are stored as float16; default: onet.",
    )
    arguments = parser.parse_args()
    package = MTCNN()
    for number, (name, shape) in enumerate(SHAPES.items(), start=1):
        network = package.get_stage(stage_id=number).model
        content = convert(network, shape, float16=name in arguments.float16)
        path = arguments.folder / f"{name}.tflite"
        path.write_bytes(content)
        print(f"{path}: {len(content):,} bytes")


def convert(network: tf.keras.Model, shape: tuple[int | None, ...], *, float16: bool) -> bytes:
    """Convert a network of MTCNN to LiteRT.

    Args:
        network: Gives offsets, landmarks (only the last network) and softmax scores.
        shape: Shape of its images; None is any number.
        float16: Store the weights as float16 instead of float32.
    """
    images = tf.TensorSpec(shape, tf.float32, "images")
    traced = tf.function(lambda images: named_outputs(network(images)))
    function = traced.get_concrete_function(images)
    frozen = convert_variables_to_constants_v2(function)  # the converter would drop the variables
    names = sorted(function.structured_outputs)
    module = tf.Module()
    module.detect = tf.function(
        lambda images: dict(zip(names, frozen(images), strict=True)), input_signature=[images]
    )
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"detect": module.detect})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["detect"])
        if float16:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        return converter.convert()


def named_outputs(outputs: list[tf.Tensor]) -> dict[str, tf.Tensor]:
    """Name the outputs of a network; of the two scores the second, "face", is enough."""
    offsets, *landmarks, scores = outputs
    named = {"offsets": offsets, "scores": scores[..., 1]}
    return named | dict(zip(["landmarks"], landmarks, strict=False))


if __name__ == "__main__":
    main()
