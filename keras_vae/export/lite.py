"""LiteRT networks beside a SavedModel: `assets.extra/lite/`, for inference without TensorFlow."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ..files.litert import LiteSignature
from ..files.stderr import quiet_stderr
from ..latent_space.priors import GaussianMixturePrior, sample_normal

# file → the signature whose inputs, outputs and results it has
NETWORKS = {"encode.tflite": "encode_pixels", "decode.tflite": "decode_pixels"}

CHECKED = 32  # generated images that are encoded and decoded by both
MOST_LEVELS = 1  # by which a pixel of them may differ
TOLERANCE = 0.01  # by which their latents may differ, relative and absolute


class ConversionError(RuntimeError):
    """A model that LiteRT cannot run as TensorFlow does."""


def write_lite(version: str | Path, *, overwrite: bool = False) -> Path:
    """Write `assets.extra/lite/` of an exported VAE: its networks for LiteRT, its fitted prior.

    The networks have float16 weights and compute in float32. The fitted prior, if there is one, is
    in `prior.npz`. The folder appears whole or not at all.

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
        for file, name in NETWORKS.items():
            signature = model.signatures[name]
            (folder / file).write_bytes(convert(signature, f"the network of {name!r}"))
        _check_results(model.signatures, folder)
        if "log_prior_gmm" in model.signatures:
            fitted_prior(model.signatures["log_prior_gmm"]).save(folder / "prior.npz")

    return write_folder(Path(version), write, overwrite=overwrite)


def write_folder(version: Path, write: Callable[[Path], None], *, overwrite: bool) -> Path:
    """Let `write` fill `assets.extra/lite/`, which appears whole or not at all.

    Raises:
        FileExistsError: If the folder exists and `overwrite` is False.
    """
    folder = version / "assets.extra" / "lite"
    if folder.exists() and not overwrite:
        raise FileExistsError(f"{folder} exists. Use `overwrite=True` to overwrite it.")
    draft = folder.with_name(f".{uuid.uuid4().hex}.lite")
    try:
        draft.mkdir()
        write(draft)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


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


def convert(function: Any, title: str) -> bytes:
    """Convert a concrete function, to float16 weights and built-in operations alone.

    Args:
        function: The names of its inputs and outputs stay.
        title: What names it in an error.

    Returns:
        The contents of a `.tflite` file.

    Raises:
        ConversionError: If LiteRT does not support an operation.
    """
    owner = tf.Module()
    owner.variables_of_function = function.variables  # those of no module would not be constants
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], trackable_obj=owner)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    try:
        with quiet_stderr():
            return converter.convert()
    except Exception as error:  # the converter raises errors of many types
        reason = str(error).strip().partition("\n")[0]
        raise ConversionError(f"LiteRT does not support {title}: {reason}") from error


def fitted_prior(signature: Any) -> GaussianMixturePrior:
    """Read the fitted prior from the variables of `log_prior_gmm`: it has no others."""
    weights, means, scale_tril = sorted(
        (variable.numpy() for variable in signature.variables), key=np.ndim
    )
    return GaussianMixturePrior(weights, means, scale_tril)


def _check_kind(signatures: Any) -> None:
    """Refuse models that `LiteModel` does not run."""
    inputs = [
        signatures[name].structured_input_signature[1] if name in signatures else {}
        for name in NETWORKS.values()
    ]
    if [list(each) for each in inputs] != [["image"], ["z"]] or inputs[1]["z"].shape.rank != 2:
        raise ConversionError(
            "LiteRT runs VAEs whose latent is a vector, without a condition. Received signatures "
            f"with the inputs {', '.join(sorted({name for each in inputs for name in each}))}."
        )


def _check_results(signatures: Any, folder: Path) -> None:
    """Compare samples, images and latents with those of the signatures."""
    seeds = np.arange(CHECKED)
    noise = {"seed": tf.constant(seeds), "temperature": tf.ones(CHECKED)}
    generated = {key: each.numpy() for key, each in signatures["generate_pixels"](**noise).items()}
    z, images = generated["z"], generated["image"]
    if not np.allclose(z, sample_normal(seeds, z.shape[1]), atol=1e-5):
        raise ConversionError("The prior of the model is not N(0, I): only TensorFlow samples it.")
    encode, decode = (LiteSignature(folder / file) for file in NETWORKS)
    levels = np.abs(decode(z=z)["image"].astype(int) - images).max()
    if levels > MOST_LEVELS:
        raise ConversionError(f"With float16 weights, pixels differ by up to {levels} levels.")
    latents = encode(image=images)
    for name, expected in signatures["encode_pixels"](image=tf.constant(images)).items():
        if not np.allclose(latents[name], expected, rtol=TOLERANCE, atol=TOLERANCE):
            error = np.abs(latents[name] - expected).max()
            raise ConversionError(f"With float16 weights, {name} differs by up to {error:.3g}.")
