"""What endpoints take and return, in each runtime, and the sentence of those that fail."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..files.naming import is_utf8, near_names, short
from ..files.pixels import range_of
from ..files.shapes import ANY, fits


class TensorSpec(NamedTuple):
    """What an input or an output of an endpoint must be.

    Attributes:
        dtype: Its type; object for texts.
        shape: Its sides, batch first, −1 for any; none if not even their number is known.
    """

    dtype: np.dtype
    shape: tuple[int, ...]

    def __str__(self) -> str:
        """Write it as errors show it: float32 ['B', 20]."""
        return f"{self.dtype} {_sides(self)}"

    def allows(self, other: TensorSpec) -> bool:
        """Return whether a tensor of it may be one of another, in a batch of any size."""
        shape = self.shape or other.shape
        return self.dtype.kind == other.dtype.kind and fits(other.shape[1:], shape[1:])


TensorSpecs: TypeAlias = Mapping[str, TensorSpec]  # of an endpoint, by the tensors' names

# endpoint → its outputs that are images and latents, or vectors of a latent's length
RESULTS = {
    "encode_pixels": {"z_mean": "vector", "z_log_var": "vector"},
    "decode_pixels": {"image": "image"},
    "generate_pixels": {"image": "image", "z": "z"},
    "generate_gmm_pixels": {"image": "image", "z": "z"},
    "directions": {"direction": "vector"},
}


def tensors_of(endpoints: Mapping[str, TensorSpecs]) -> dict[str, TensorSpec]:
    """Find what a model's images are and, where it is a vector, its latent."""
    image = endpoints.get("encode_pixels", {}).get("image")
    latents = {**endpoints.get("decode_pixels", {})}
    latents.pop("condition", None)
    z = latents.get("z") if len(latents) == 1 else None
    found = {name: each for name, each in (("image", image), ("z", z)) if each}
    return {name: each for name, each in found.items() if name == "image" or len(each.shape) == 2}


def results_of(signature: str, endpoints: Mapping[str, TensorSpecs]) -> dict[str, TensorSpec]:
    """Find what an endpoint must return, where that is an image or a latent.

    Args:
        signature: Name of the endpoint.
        endpoints: What the inputs of all endpoints must be: images are as those that are encoded,
            latents as those that are decoded.
    """
    known = tensors_of(endpoints)
    if "z" in known:
        known["vector"] = known["z"]._replace(dtype=np.dtype(np.float32))
    return {name: known[kind] for name, kind in RESULTS.get(signature, {}).items() if kind in known}


def check_endpoint(signature: str, endpoints: Collection[str]) -> None:
    """Refuse the name of an endpoint that does not exist.

    Raises:
        ValueError: If it does not exist; the message lists similar names.
    """
    if signature not in endpoints:
        near = near_names(signature, sorted(endpoints))
        raise ValueError(f"No endpoint is called {signature!r}. {near}")


def check_inputs(signature: str, inputs: Mapping[str, Any], expected: Collection[str]) -> None:
    """Refuse inputs of other names than those of an endpoint, or of different batch sizes.

    Raises:
        ValueError: If a name is missing or unknown, an input has more entries than another one, or
            none has entries.
    """
    if set(inputs) != set(expected):
        raise ValueError(
            f"Endpoint {signature!r} takes {', '.join(sorted(expected))}. "
            f"Received: {', '.join(sorted(inputs)) or 'nothing'}."
        )
    if not any(map(_is_batch, inputs.values())):
        names = " or ".join(f"`{name}`" for name in inputs)
        raise ValueError(f"{names} must have one entry for each image. Received: a single value.")
    check_lengths(inputs)


def check_lengths(inputs: Mapping[str, Any]) -> None:
    """Refuse batches of different sizes; single values are of any size.

    Raises:
        ValueError: If an input has more entries than another one.
    """
    counts = {name: len(value) for name, value in inputs.items() if _is_batch(value)}
    if len(set(counts.values())) > 1:
        raise ValueError(
            f"{' and '.join(f'`{name}`' for name in counts)} must have one entry for each image. "
            f"Received: {', '.join(map(str, counts.values()))} entries."
        )


def _is_batch(value: Any) -> bool:
    shape = getattr(value, "shape", None)  # of an array or tensor; a list has none
    return isinstance(value, (list, tuple)) if shape is None else len(shape) > 0


def as_batches(inputs: Mapping[str, Any], specs: TensorSpecs) -> dict[str, np.ndarray]:
    """Repeat single values for the whole batch, and convert each input to its type.

    An `image` is converted by its range, as files are. All is checked here, too, since graphs do
    not see every fault, and those of earlier versions do not check their numbers.

    Args:
        inputs: Inputs that `check_inputs` accepts.
        specs: What they must be.

    Raises:
        ValueError: If an input has another shape, is not of its type's numbers or not finite, or
            pixels are in no known range; see `files.pixels.range_of`.
        TypeError: If pixels are not numbers.
    """
    count = next(len(value) for value in inputs.values() if _is_batch(value))
    return {
        name: _as_array(name, value if _is_batch(value) else np.repeat(value, count), specs[name])
        for name, value in inputs.items()
    }


def _as_array(name: str, value: Any, spec: TensorSpec) -> np.ndarray:
    try:
        array = np.asarray(value, object if spec.dtype.hasobject else None)
    except ValueError as error:
        raise ValueError(f"`{name}` must have entries of one shape, {_sides(spec)}.") from error
    if not fits(array.shape, spec.shape):
        raise ValueError(f"`{name}` must have shape {_sides(spec)}. Received: {list(array.shape)}.")
    if spec.dtype.hasobject:
        for each in array.flat:
            if isinstance(each, str) and not is_utf8(each):
                raise ValueError(f"`{name}` must be UTF-8. Received: {each!r}.")
        return array
    if name == "image":
        return array if array.dtype == np.uint8 else range_of(array, name).to_uint8(array)
    return as_numbers(name, array, spec.dtype)


def as_numbers(name: str, array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Convert numbers; a fraction would be cut off, and a text or None would become a number.

    Raises:
        ValueError: If these are not finite, or no numbers of the type.
    """
    if dtype.kind == "f":
        if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
            raise ValueError(f"`{name}` must be numbers. Received: {short(array.tolist())}.")
        with np.errstate(over="ignore"):  # what is too large is infinite
            array = array.astype(dtype)
        if not np.isfinite(array).all():
            raise ValueError(f"`{name}` must be finite.")
        return array
    limits = np.iinfo(dtype)
    if array.size and (
        array.dtype.kind not in "biu" or array.min() < limits.min or array.max() > limits.max
    ):
        raise ValueError(
            f"`{name}` must be whole numbers of {dtype}. Received: {short(array.tolist())}."
        )
    return array.astype(dtype)


def _sides(spec: TensorSpec) -> list[str | int]:
    """Return a shape as errors show it: ['B', 20]."""
    return ["B", *("any" if side == ANY else side for side in spec.shape[1:])]


def reason(message: str) -> str:
    """Extract the sentence from an error of the graph, which also holds node names and traces."""
    noise = re.compile(
        r"Graph execution error|Detected at node|<stack traces|\[\[\{\{|\d+ root error\(s\) found"
    )
    lines = [line.strip() for line in message.splitlines()]
    sentences = [line for line in lines if line and not noise.match(line)]
    sentence = sentences[0] if sentences else message.strip()
    sentence = re.sub(r"^\(0\) [A-Z_]+: ", "", sentence)  # the first of several errors
    if sentence.startswith("assertion failed: ["):
        sentence = sentence.removeprefix("assertion failed: [").removesuffix("]")
    return sentence.partition(" : Tensor had ")[0]
