import numpy as np
import pytest
import tensorflow as tf
from google.protobuf.descriptor import FieldDescriptor
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    model_pb2,
    predict_pb2,
    prediction_log_pb2,
)

from keras_vae.serving import messages, tensors

OFFICIAL = {
    "TensorShapeProto": tensor_shape_pb2.TensorShapeProto,
    "TensorProto": tensor_pb2.TensorProto,
    "ModelSpec": model_pb2.ModelSpec,
    "PredictRequest": predict_pb2.PredictRequest,
    "PredictResponse": predict_pb2.PredictResponse,
    "TensorInfo": meta_graph_pb2.TensorInfo,
    "SignatureDef": meta_graph_pb2.SignatureDef,
    "SignatureDefMap": get_model_metadata_pb2.SignatureDefMap,
    "GetModelMetadataRequest": get_model_metadata_pb2.GetModelMetadataRequest,
    "GetModelMetadataResponse": get_model_metadata_pb2.GetModelMetadataResponse,
    "PredictLog": prediction_log_pb2.PredictLog,
    "PredictionLog": prediction_log_pb2.PredictionLog,
}

ARRAYS = [
    np.float32([[0.1, -0.0, np.inf], [1e-42, np.nan, 3e38]]),
    np.arange(256, dtype=np.uint8).reshape(2, 4, 4, 8),
    np.int64([0, -1, 2**62]),
    np.int32([[0, -1, 2**30]]),
    np.array([b"\xff\x00", "Smiling", b""], object),
    np.zeros((0, 200), np.float32),
    np.zeros(0, object),
    np.zeros((0, 32, 32, 3), np.uint8),
]


def test_every_message_has_an_official_one():
    assert set(messages.DESCRIPTOR.message_types_by_name) == set(OFFICIAL)


@pytest.mark.parametrize("name", OFFICIAL)
def test_fields_have_the_official_names_numbers_and_types(name):
    assert_same_fields(getattr(messages, name).DESCRIPTOR, OFFICIAL[name].DESCRIPTOR)


def assert_same_fields(ours, official):
    """Compare the fields of a message, and those of the messages that it declares."""
    assert ours.fields
    for field in ours.fields:
        other = official.fields_by_name[field.name]
        assert (field.number, field.type, field.is_repeated) == (
            other.number,
            other.type,
            other.is_repeated,
        )
        if field.type == FieldDescriptor.TYPE_MESSAGE and field.message_type.file is not ours.file:
            assert field.message_type.full_name == other.message_type.full_name  # google.protobuf's
    for nested in ours.nested_types:
        assert_same_fields(nested, official.nested_types_by_name[nested.name])


def test_data_types_have_the_official_numbers():
    from tensorflow.core.framework.types_pb2 import DataType

    for value in messages.DESCRIPTOR.enum_types_by_name["DataType"].values:
        assert DataType.Value(value.name) == value.number


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{list(array.shape)}")
def test_arrays_survive_the_way_to_tensorflow_and_back(array):
    there = tensor_pb2.TensorProto.FromString(tensors.to_tensor(array).SerializeToString())
    found = tf.make_ndarray(there)
    as_bytes = [v.encode() if isinstance(v, str) else v for v in array.ravel().tolist()]
    assert found.shape == array.shape
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found.ravel().tolist(), as_bytes)
    back = tf.make_tensor_proto(found, tf.as_dtype(array.dtype), array.shape)
    received = messages.TensorProto.FromString(back.SerializeToString())
    np.testing.assert_array_equal(tensors.to_array(received), found)
    assert tensors.to_array(received).dtype == array.dtype


def test_values_one_by_one_are_read_too():
    tensor = messages.TensorProto(dtype=1, float_val=[0.1, 0.2])
    tensor.tensor_shape.dim.add(size=2)
    tensor.tensor_shape.dim.add(size=2)
    expected = np.float32([[0.1, 0.2], [0.2, 0.2]])  # the last value fills the rest
    np.testing.assert_array_equal(tensors.to_array(tensor), expected)
    official = tensor_pb2.TensorProto.FromString(tensor.SerializeToString())
    np.testing.assert_array_equal(tf.make_ndarray(official), expected)


def test_request_is_read_by_the_official_package():
    z = np.float32([[1, 2]])
    request = tensors.predict_request("faces", "decode", {"z": z})
    official = predict_pb2.PredictRequest.FromString(request.SerializeToString())
    assert (official.model_spec.name, official.model_spec.signature_name) == ("faces", "decode")
    assert list(official.inputs) == ["z"]
    np.testing.assert_array_equal(tf.make_ndarray(official.inputs["z"]), z)
    assert messages.PredictRequest.FromString(official.SerializeToString()) == request


def test_unknown_fields_are_skipped():
    official = predict_pb2.PredictResponse()
    official.outputs["z"].CopyFrom(tf.make_tensor_proto([1.0, 2.0]))
    official.outputs["z"].version_number = 7
    response = messages.PredictResponse.FromString(official.SerializeToString())
    np.testing.assert_array_equal(tensors.to_array(response.outputs["z"]), np.float32([1, 2]))


def test_other_types_are_refused():
    with pytest.raises(ValueError, match=r"Received: float64"):
        tensors.to_tensor(np.zeros(3))
    with pytest.raises(ValueError, match="Received: 2"):
        tensors.to_array(messages.TensorProto(dtype=2))


def test_an_array_larger_than_the_limit_is_refused():
    one = messages.TensorProto(dtype=messages.DT_FLOAT, float_val=[1.0])
    one.tensor_shape.dim.add(size=1000)
    assert tensors.to_array(one, max_bytes=4000).shape == (1000,)
    with pytest.raises(ValueError, match=r"at most 3,999 bytes\. Received: float32 \[1000\]"):
        tensors.to_array(one, max_bytes=3999)
    one.tensor_shape.dim.add(size=-1)
    with pytest.raises(ValueError, match="`tensor` must have a shape"):
        tensors.to_array(one)


def test_values_outside_of_the_type_are_refused():
    large = messages.TensorProto(dtype=messages.DT_UINT8, int_val=[300])
    with pytest.raises(ValueError, match="values of uint8"):
        tensors.to_array(large)
