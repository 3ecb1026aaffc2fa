"""LiteRT networks beside a SavedModel: `assets.extra/lite/`, for inference without TensorFlow."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ..files.atomic import write_folder
from ..files.litert import LiteSignature
from ..files.stderr import quiet_stderr
from ..latent_space.priors import GaussianMixturePrior, sample_normal

# file → the signature whose inputs, outputs and results it has
NETWORKS = {"encode.tflite": "encode_pixels", "decode.tflite": "decode_pixels"}

WEIGHTS = (tf.float16, tf.float32)  # the first whose results agree with TensorFlow's

# When results agree, for images that the model generates:
CHECKED = 32  # images
MOST_LEVELS = 1  # by which a pixel differs
MOST_PIXELS = 0.01  # share that differs
TOLERANCE = 0.01  # by which a latent differs, relative and absolute


class ConversionError(RuntimeError):
    """A model that LiteRT cannot run as TensorFlow does."""


def write_lite(version: str | Path, *, overwrite: bool = False) -> Path:
    """Write `assets.extra/lite/` of an exported VAE: its networks for LiteRT, its fitted prior.

    The networks have float16 weights, or float32 where these change more than one pixel in a
    hundred, and compute in float32. The fitted prior, if there is one, is in `prior.npz`. The
    folder appears whole or not at all.

    Args:
        version: Folder of the version, as `export_model` wrote it, of any version of kvae.
        overwrite: Whether an existing folder is overwritten.

    Returns:
        The folder.

    Raises:
        FileExistsError: If the folder exists and `overwrite` is False.
        ConversionError: If the latent is not a vector, the model has a condition or another prior
            than N(0, I), or LiteRT does not support an operation of a network or does not return
            its results.
    """

    def write(folder: Path) -> None:
        model = load_without_checks(Path(version))
        _check_kind(model.signatures)
        examples = _generate(model.signatures)
        for file, name in NETWORKS.items():
            _write_network(model.signatures[name], folder / file, examples)
        if "log_prior_gmm" in model.signatures:
            fitted_prior(model.signatures["log_prior_gmm"]).save(folder / "prior.npz")

    return write_beside(Path(version), write, overwrite=overwrite)


def write_beside(version: Path, write: Callable[[Path], None], *, overwrite: bool) -> Path:
    """Let `write` fill `assets.extra/lite/`, which appears whole or not at all.

    Raises:
        FileExistsError: If the folder exists and `overwrite` is False.
    """

    def fill(draft: Path) -> None:
        draft.mkdir()
        write(draft)

    folder = version / "assets.extra" / "lite"
    return write_folder(lambda: folder, fill, overwrite=overwrite)


def load_without_checks(version: Path) -> Any:
    """Load a SavedModel without what its signatures check: `LiteModel` does that in Python.

    The guard against empty batches pads by a number that depends on the batch, and LiteRT is slow
    where it does not know a shape beforehand. It has no operation that checks for finite numbers.
    """
    # The message of the file format is not in TensorFlow's public namespace. Its format is stable:
    # all programs that read SavedModels depend on it.
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    model = SavedModel.FromString((version / "saved_model.pb").read_bytes())
    for graph in model.meta_graphs:
        for function in graph.graph_def.library.function:
            _remove_checks(function)
    with tempfile.TemporaryDirectory() as copy:
        Path(copy, "saved_model.pb").write_bytes(model.SerializeToString())
        Path(copy, "variables").symlink_to((version / "variables").resolve())
        return tf.saved_model.load(copy)


def _remove_checks(function: Any) -> None:
    """Turn the nodes that check into identities."""
    constants = {node.name for node in function.node_def if node.op == "Const"}
    for node in function.node_def:
        # A network's own padding is constant.
        guard = node.op == "Pad" and node.input[1].partition(":")[0] not in constants
        if guard or node.op == "CheckNumerics":
            node.op = "Identity"
            del node.input[1:]
            for name in set(node.attr) - {"T"}:
                del node.attr[name]


def _write_network(signature: Any, path: Path, examples: Mapping[str, tf.Tensor]) -> None:
    """Convert a signature to the smallest weights whose results agree with it."""
    (name,) = signature.structured_input_signature[1]
    inputs = {name: examples[name]}
    expected = signature(**inputs)
    for weights in WEIGHTS:
        path.write_bytes(convert(signature, weights))
        outputs = LiteSignature(path)(**{name: each.numpy() for name, each in inputs.items()})
        if all(_agree(outputs[name], each.numpy()) for name, each in expected.items()):
            return
    raise ConversionError(f"The results of {path.name} differ from those of TensorFlow.")


def _agree(ours: np.ndarray, theirs: np.ndarray) -> bool:
    if theirs.dtype != np.uint8:
        return np.allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)
    levels = np.abs(ours.astype(int) - theirs)
    return levels.max() <= MOST_LEVELS and np.mean(levels > 0) <= MOST_PIXELS


def convert(function: Any, weights: tf.DType = tf.float16) -> bytes:
    """Convert a concrete function, to built-in operations alone.

    Args:
        function: The names of its inputs and outputs stay.
        weights: Type of the weights.

    Returns:
        The contents of a `.tflite` file.

    Raises:
        ConversionError: If LiteRT does not support an operation.
    """
    owner = tf.Module()
    owner.variables_of_function = function.variables  # those of no module would not be constants
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], trackable_obj=owner)
    if weights != tf.float32:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [weights]
    try:
        with quiet_stderr():
            return converter.convert()
    except Exception as error:  # the converter raises errors of many types
        reason = str(error).strip().partition("\n")[0]
        raise ConversionError(f"LiteRT does not support the network: {reason}") from error


def fitted_prior(signature: Any) -> GaussianMixturePrior:
    """Read the fitted prior from the variables of `log_prior_gmm`: it has no others."""
    weights, means, scale_tril = sorted(
        (variable.numpy() for variable in signature.variables), key=np.ndim
    )
    return GaussianMixturePrior(weights, means, scale_tril)


def _check_kind(signatures: Any) -> None:
    """Refuse models that `LiteModel` does not run."""
    inputs = {
        name: signatures[name].structured_input_signature[1]
        for name in NETWORKS.values()
        if name in signatures
    }
    shapes = {key: spec.shape.rank for specs in inputs.values() for key, spec in specs.items()}
    if shapes != {"image": 4, "z": 2}:
        raise ConversionError(
            "LiteRT runs VAEs whose latent is a vector and that have no condition. Received a "
            f"model with these inputs and numbers of axes: {shapes}."
        )


def _generate(signatures: Any) -> dict[str, tf.Tensor]:
    """Generate images, after a check that their z are the samples of NumPy."""
    seeds = np.arange(CHECKED)
    noise = {"seed": tf.constant(seeds), "temperature": tf.ones(CHECKED)}
    examples = signatures["generate_pixels"](**noise)
    z = examples["z"].numpy()
    if not np.allclose(z, sample_normal(seeds, z.shape[1]), atol=1e-5):
        raise ConversionError("The prior of the model is not N(0, I): only TensorFlow samples it.")
    return examples
