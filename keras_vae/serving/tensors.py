"""Arrays as TensorFlow Serving's protocol buffers, without importing TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from .messages import (
    DT_FLOAT,
    DT_INT32,
    DT_INT64,
    DT_STRING,
    DT_UINT8,
    ModelSpec,
    PredictRequest,
    TensorProto,
)

# DataType → NumPy's type, and the field that holds values one by one.
FIELDS = {
    DT_FLOAT: (np.dtype(np.float32), "float_val"),
    DT_INT32: (np.dtype(np.int32), "int_val"),
    DT_UINT8: (np.dtype(np.uint8), "int_val"),
    DT_STRING: (np.dtype(object), "string_val"),
    DT_INT64: (np.dtype(np.int64), "int64_val"),
}
DATA_TYPES = {dtype: number for number, (dtype, _) in FIELDS.items()}


def predict_request(name: str, signature: str, inputs: Mapping[str, np.ndarray]) -> PredictRequest:
    """Make a request for the outputs of a signature.

    Args:
        name: Name of the model.
        signature: Name of the signature.
        inputs: Arrays by name; strings are arrays of objects.
    """
    return PredictRequest(
        model_spec=ModelSpec(name=name, signature_name=signature),
        inputs={key: to_tensor(array) for key, array in inputs.items()},
    )


def to_tensor(array: np.ndarray) -> TensorProto:
    """Turn an array of float32, uint8, int64 or strings (objects) into a TensorProto.

    Raises:
        ValueError: If it is of another type.
    """
    if array.dtype not in DATA_TYPES:
        names = ", ".join(map(str, DATA_TYPES))
        raise ValueError(f"`array` must be of type {names}. Received: {array.dtype}.")
    tensor = TensorProto(dtype=DATA_TYPES[array.dtype])
    for side in array.shape:
        tensor.tensor_shape.dim.add(size=side)
    if array.dtype.hasobject:
        tensor.string_val.extend(v.encode() if isinstance(v, str) else v for v in array.ravel())
    else:
        tensor.tensor_content = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return tensor


def to_array(tensor: TensorProto, *, max_bytes: int | None = None) -> np.ndarray:
    """Turn a TensorProto into an array; strings are bytes.

    Args:
        tensor: The message. Its shape can be larger than its values: one value can stand for all.
        max_bytes: Size that the array may have; None for any.

    Raises:
        ValueError: If its DataType is not supported, its values do not fill its shape, or the array
            would be larger.
    """
    if tensor.dtype not in FIELDS:
        raise ValueError(
            f"`tensor` must have a DataType of {list(FIELDS)}. Received: {tensor.dtype}."
        )
    dtype, field = FIELDS[tensor.dtype]
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    size = math.prod(shape)
    if min(shape, default=0) < 0 or (max_bytes is not None and size * dtype.itemsize > max_bytes):
        limit = "" if max_bytes is None else f" of at most {max_bytes:,} bytes"
        raise ValueError(f"`tensor` must have a shape{limit}. Received: {dtype} {shape}.")
    if tensor.tensor_content:
        values = np.frombuffer(tensor.tensor_content, dtype.newbyteorder("<"))
        return values.astype(dtype).reshape(shape)
    try:
        values = np.array(list(getattr(tensor, field)), dtype)  # NumPy checks a list's range
    except OverflowError as error:
        raise ValueError(f"`tensor` must have values of {dtype}: {error}.") from error
    if 0 < len(values) < size:  # a run at the end is written once
        values = np.pad(values, (0, size - len(values)), mode="edge")
    return values.reshape(shape)
