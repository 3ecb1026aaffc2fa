"""What endpoints take, in each runtime, and the sentence of what they answer when they fail."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ..files.naming import near_names
from ..files.pixels import range_of


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
    counts = {name: len(value) for name, value in inputs.items() if _is_batch(value)}
    if not counts:
        names = " or ".join(f"`{name}`" for name in inputs)
        raise ValueError(f"{names} must have one entry for each image. Received: a single value.")
    if len(set(counts.values())) > 1:
        raise ValueError(
            f"{' and '.join(f'`{name}`' for name in counts)} must have one entry for each image. "
            f"Received: {', '.join(map(str, counts.values()))} entries."
        )


def _is_batch(value: Any) -> bool:
    shape = getattr(value, "shape", None)  # of an array or tensor; a list has none
    return isinstance(value, (list, tuple)) if shape is None else len(shape) > 0


def as_batches(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Repeat single values for the whole batch; convert an `image` by its range, as files are.

    Numbers are checked here, too, since models of earlier versions do not check theirs.

    Args:
        inputs: Inputs that `check_inputs` accepts.

    Raises:
        ValueError: If a number is not finite, or pixels are in no known range; see
            `files.pixels.range_of`.
        TypeError: If pixels are not numbers.
    """
    count = next(len(value) for value in inputs.values() if _is_batch(value))
    batches = {
        name: value if _is_batch(value) else np.repeat(value, count)
        for name, value in inputs.items()
    }
    if "image" in batches:
        image = np.asarray(batches["image"])
        if image.dtype != np.uint8:
            image = range_of(image, "image").to_uint8(image)
        batches["image"] = image
    for name, value in batches.items():
        values = np.asarray(value)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"`{name}` must be finite.")
    return batches


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
