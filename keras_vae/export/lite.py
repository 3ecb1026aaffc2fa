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

# When results agree with TensorFlow's, for images that the model generates:
CHECKED = 32  # images
MOST_LEVELS = 1  # by which a pixel differs
MOST_PIXELS = 0.009  # share that differs; of other images, up to one in a hundred
TOLERANCE = 0.01  # by which a latent differs, relative and absolute


class ConversionError(RuntimeError):
    """A model that LiteRT cannot run as TensorFlow does."""


def write_lite(version: str | Path, *, overwrite: bool = False) -> Path:
    """Write `assets.extra/lite/` of an exported VAE: its networks for LiteRT, its fitted prior.

    The networks compute in float32. Their weights are float16, and the mean error which that causes
    is subtracted from the latents. If decoded or reconstructed images still differ from
    TensorFlow's in more than one pixel in a hundred, the encoder's weights are float32, and if that
    does not suffice, the decoder's, too. The fitted prior, if there is one, is in `prior.npz`. The
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
        _write_networks(model.signatures, folder)
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


def _write_networks(signatures: Any, folder: Path) -> None:
    """Write encoder and decoder with the smallest weights whose results agree."""
    expected = _results(signatures)
    encode, decode = (signatures[name] for name in NETWORKS.values())
    paths = [folder / file for file in NETWORKS]
    paths[0].write_bytes(convert(encode))
    paths[0].write_bytes(convert(_without_mean_error(encode, paths[0], expected)))
    paths[1].write_bytes(convert(decode))
    for path, function in zip(paths, (encode, decode), strict=True):
        if _agree(folder, expected):
            return
        path.write_bytes(convert(function, tf.float32))
    if not _agree(folder, expected):
        raise ConversionError("The networks' results differ from those of TensorFlow.")


def _without_mean_error(encode: Any, path: Path, expected: Mapping[str, np.ndarray]) -> Any:
    """Subtract from the latents the mean error that rounded weights cause (Nagel et al. 2019).

    Most of the error is the same for all images: rounded weights times mean activations.
    """
    errors = {
        name: np.mean(each - expected[name], axis=0)
        for name, each in LiteSignature(path)(image=expected["image"]).items()
    }

    def corrected(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {name: each - errors[name] for name, each in encode(image=image).items()}

    specs = encode.structured_input_signature[1]
    return tf.function(corrected, autograph=False).get_concrete_function(**specs)


def _results(signatures: Any) -> dict[str, np.ndarray]:
    """TensorFlow's results: generated images and their z, their latents, their reconstructions."""
    examples = _generate(signatures)
    latents = signatures["encode_pixels"](image=examples["image"])
    reconstruction = signatures["decode_pixels"](z=latents["z_mean"])["image"]
    results = {**examples, **latents, "reconstruction": reconstruction}
    return {name: each.numpy() for name, each in results.items()}


def _agree(folder: Path, expected: Mapping[str, np.ndarray]) -> bool:
    """Whether the networks of a folder give TensorFlow's results."""
    encode, decode = (LiteSignature(folder / file) for file in NETWORKS)
    latents = encode(image=expected["image"])
    return (
        all(
            np.allclose(each, expected[name], rtol=TOLERANCE, atol=TOLERANCE)
            for name, each in latents.items()
        )
        and _same_pixels(decode(z=expected["z"])["image"], expected["image"])
        and _same_pixels(decode(z=latents["z_mean"])["image"], expected["reconstruction"])
    )


def _same_pixels(ours: np.ndarray, theirs: np.ndarray) -> bool:
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
    return GaussianMixturePrior.from_stored(weights, means, scale_tril)


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
