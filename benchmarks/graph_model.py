"""Call a graph model of TensorFlow.js, as npm packages hold them, as a function of TensorFlow.

Its .json is a GraphDef in the JSON of Protocol Buffers, but for the values of the constants: the
files beside it hold these, one after the other, and a manifest says which are where.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

DTYPES = {"float32": "<f4", "int32": "<i4"}


def graph_model(file: Path) -> Callable[[tf.Tensor], tf.Tensor]:
    """Read a graph model.

    Args:
        file: Its .json; the files of its weights are in the same folder.

    Returns:
        A function from its input, float32 of the shape that the file says, to its output.

    Raises:
        OSError: If a file cannot be read.
        ValueError: If the file is not a graph model with one input and one output whose weights
            are float32 or int32, or if TensorFlow has no such operation.
    """
    import tensorflow as tf

    layout = json.loads(file.read_bytes())
    if not isinstance(layout, dict) or layout.get("format") != "graph-model":
        raise ValueError(f"{file} must be a graph model of TensorFlow.js.")
    (source, spec), output = _input(file, layout), _only(file, layout, "outputs")["name"]
    graph = _graph(file, layout)

    def call(images: tf.Tensor) -> tf.Tensor:
        return tf.graph_util.import_graph_def(graph, {source: images}, [output])[0]

    try:
        return tf.function(call, autograph=False).get_concrete_function(spec)
    except tf.errors.NotFoundError as error:
        raise ValueError(f"{file} has an operation that is not known: {error.message}") from None


def _graph(file: Path, layout: dict[str, Any]) -> tf.compat.v1.GraphDef:
    """The graph with the values of its constants."""
    import tensorflow as tf
    from google.protobuf.json_format import ParseDict

    graph = ParseDict({"node": layout["modelTopology"]["node"]}, tf.compat.v1.GraphDef())
    weights = {}
    for group in layout["weightsManifest"]:
        content = b"".join((file.parent / name).read_bytes() for name in group["paths"])
        weights |= _weights(file, group["weights"], content)
    for node in graph.node:
        if node.op == "Const":
            if node.name not in weights:
                raise ValueError(f"{file} must have the values of {node.name}.")
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(weights[node.name]))
    return graph


def _weights(file: Path, entries: list[dict[str, Any]], content: bytes) -> dict[str, np.ndarray]:
    """Split the content of the files of weights."""
    found, position = {}, 0
    for entry in entries:
        if entry["dtype"] not in DTYPES or "quantization" in entry:
            raise ValueError(
                f"{file}: weights must be float32 or int32, not quantized. Received: "
                f"{entry['name']}, {entry.get('quantization', entry)['dtype']}."
            )
        size = 4 * math.prod(entry["shape"])
        values = np.frombuffer(content[position : position + size], DTYPES[entry["dtype"]])
        if values.nbytes != size:
            raise ValueError(f"{file}: the files of its weights end before {entry['name']}.")
        found[entry["name"]] = values.reshape(entry["shape"])
        position += size
    return found


def _input(file: Path, layout: dict[str, Any]) -> tuple[str, tf.TensorSpec]:
    """Name and specification of the input; its first dimension, of the batch, is free."""
    import tensorflow as tf

    entry = _only(file, layout, "inputs")
    sizes = [int(dimension["size"]) for dimension in entry["tensorShape"]["dim"]]
    return entry["name"], tf.TensorSpec([None, *sizes[1:]], tf.float32)


def _only(file: Path, layout: dict[str, Any], side: str) -> dict[str, Any]:
    """The signature's only input or output."""
    entries = layout.get("signature", {}).get(side, {})
    if len(entries) != 1:
        raise ValueError(f"{file} must have one of {side}. Received: {len(entries)}.")
    return next(iter(entries.values()))
