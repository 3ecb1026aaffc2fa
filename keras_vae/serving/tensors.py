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


def to_array(tensor: TensorProto) -> np.ndarray:
    """Turn a TensorProto into an array; strings are bytes.

    Raises:
        ValueError: If its DataType is not supported, or its values do not fill its shape.
    """
    if tensor.dtype not in FIELDS:
        raise ValueError(
            f"`tensor` must have a DataType of {list(FIELDS)}. Received: {tensor.dtype}."
        )
    dtype, field = FIELDS[tensor.dtype]
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.tensor_content:
        values = np.frombuffer(tensor.tensor_content, dtype.newbyteorder("<"))
        return values.astype(dtype).reshape(shape)
    values = list(getattr(tensor, field))
    values += values[-1:] * (math.prod(shape) - len(values))  # a run at the end is written once
    return np.array(values, dtype).reshape(shape)
