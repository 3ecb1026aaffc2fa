"""TensorFlow Serving's messages, as far as they are used here, without importing TensorFlow.

The schema below is protobuf's own language, with the field numbers of tensorflow-serving-api, whose
generated modules would import all of TensorFlow. Fields that are left out are skipped when read; on
the wire the messages are the same, which a test holds against that package.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

SCHEMA = """
message Dim { int64 size = 1; }
message TensorShapeProto { repeated Dim dim = 2; }
message TensorProto {
    int32 dtype = 1;
    TensorShapeProto tensor_shape = 2;
    bytes tensor_content = 4;
    repeated float float_val = 5;
    repeated int32 int_val = 7;
    repeated bytes string_val = 8;
    repeated int64 int64_val = 10;
}

message Version { int64 value = 1; }
message ModelSpec {
    string name = 1;
    Version version = 2;
    string signature_name = 3;
    string version_label = 4;
}
message PredictRequest { ModelSpec model_spec = 1; map<string, TensorProto> inputs = 2; }
message PredictResponse { map<string, TensorProto> outputs = 1; ModelSpec model_spec = 2; }

message TensorInfo { string name = 1; int32 dtype = 2; TensorShapeProto tensor_shape = 3; }
message SignatureDef { map<string, TensorInfo> inputs = 1; map<string, TensorInfo> outputs = 2; }
message SignatureDefMap { map<string, SignatureDef> signature_def = 1; }
message Any { string type_url = 1; bytes value = 2; }
message GetModelMetadataRequest { ModelSpec model_spec = 1; repeated string metadata_field = 2; }
message GetModelMetadataResponse { ModelSpec model_spec = 1; map<string, Any> metadata = 2; }

message PredictLog { PredictRequest request = 1; PredictResponse response = 2; }
message PredictionLog { PredictLog predict_log = 6; }
"""

# DataType → NumPy's type, and the field that holds values one by one.
KINDS = {
    1: (np.dtype(np.float32), "float_val"),
    4: (np.dtype(np.uint8), "int_val"),
    7: (np.dtype(object), "string_val"),
    9: (np.dtype(np.int64), "int64_val"),
}
NUMBERS = {dtype: number for number, (dtype, _) in KINDS.items()}

_PACKAGE = "tensorflow.serving"
_MESSAGE = re.compile(r"message (\w+) \{([^}]*)\}")
_FIELD = re.compile(r"(repeated |map<string, )?(\w+)>? (\w+) = (\d+);")


def _message_types() -> dict[str, Any]:
    """Make a class of each message of the schema."""
    file = FileDescriptorProto(name="kvae.proto", package=_PACKAGE, syntax="proto3")
    for name, body in _MESSAGE.findall(SCHEMA):
        _describe(file.message_type.add(name=name), _FIELD.findall(body))
    pool = DescriptorPool()  # of its own: TensorFlow fills the common one
    pool.Add(file)
    return {
        message.name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{message.name}"))
        for message in file.message_type
    }


def _describe(message: DescriptorProto, fields: list[tuple[str, str, str, str]]) -> None:
    """Add fields of a label, kind, name and number; a map is a list of pairs on the wire."""
    for label, kind, name, number in fields:
        if label.startswith("map"):
            pair = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
            pair.options.map_entry = True
            _describe(pair, [("", "string", "key", "1"), ("", kind, "value", "2")])
            kind = f"{message.name}.{pair.name}"
        field = message.field.add(name=name, number=int(number))
        field.label = field.LABEL_REPEATED if label else field.LABEL_OPTIONAL
        if hasattr(FieldDescriptorProto, f"TYPE_{kind.upper()}"):
            field.type = getattr(FieldDescriptorProto, f"TYPE_{kind.upper()}")
        else:
            field.type, field.type_name = field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"


TYPES = _message_types()
TensorProto = TYPES["TensorProto"]
ModelSpec = TYPES["ModelSpec"]
PredictRequest = TYPES["PredictRequest"]
PredictResponse = TYPES["PredictResponse"]
SignatureDefMap = TYPES["SignatureDefMap"]
GetModelMetadataRequest = TYPES["GetModelMetadataRequest"]
GetModelMetadataResponse = TYPES["GetModelMetadataResponse"]
PredictLog = TYPES["PredictLog"]
PredictionLog = TYPES["PredictionLog"]


def predict_request(name: str, signature: str, inputs: Mapping[str, np.ndarray]) -> Message:
    """Make the request for an endpoint's answer.

    Args:
        name: The model.
        signature: The endpoint.
        inputs: Arrays by name; strings are arrays of objects.
    """
    return PredictRequest(
        model_spec=ModelSpec(name=name, signature_name=signature),
        inputs={key: to_tensor(array) for key, array in inputs.items()},
    )


def to_tensor(array: np.ndarray) -> Message:
    """Turn an array of float32, uint8, int64 or strings (objects) into a TensorProto.

    Raises:
        ValueError: If it is of another type.
    """
    if array.dtype not in NUMBERS:
        names = ", ".join(map(str, NUMBERS))
        raise ValueError(f"`array` must be of type {names}. Received: {array.dtype}.")
    tensor = TensorProto(dtype=NUMBERS[array.dtype])
    for side in array.shape:
        tensor.tensor_shape.dim.add(size=side)
    if array.dtype.hasobject:
        tensor.string_val.extend(v.encode() if isinstance(v, str) else v for v in array.ravel())
    else:
        tensor.tensor_content = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return tensor


def to_array(tensor: Message) -> np.ndarray:
    """Turn a TensorProto into an array; strings are bytes.

    Raises:
        ValueError: If its type is none of `KINDS`, or its values do not fill its shape.
    """
    if tensor.dtype not in KINDS:
        raise ValueError(f"A tensor's DataType must be one of {list(KINDS)}. Got: {tensor.dtype}.")
    dtype, field = KINDS[tensor.dtype]
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.tensor_content:
        values = np.frombuffer(tensor.tensor_content, dtype.newbyteorder("<"))
        return values.astype(dtype).reshape(shape)
    values = list(getattr(tensor, field))
    values += values[-1:] * (math.prod(shape) - len(values))  # a run at the end is written once
    return np.array(values, dtype).reshape(shape)
