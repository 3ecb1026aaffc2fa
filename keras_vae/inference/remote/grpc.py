"""gRPC: TensorFlow Serving's protocol buffers over HTTP/2."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

import grpc
import numpy as np
from google.protobuf.message import DecodeError, Message
from grpc import StatusCode

from ...serving import messages, tensors
from ..endpoints import TensorSpecs
from .transport import MAX_ANSWER, MAX_REQUEST, Transport

SERVICE = "/tensorflow.serving.PredictionService/"

OPTIONS = {
    # The default is 4 MB; the feature maps of a batch are larger.
    "grpc.max_receive_message_length": MAX_ANSWER,
    # A server that is starting is tried again soon; `retry` decides for how long.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
}

# As TensorFlow Serving maps its statuses to those of HTTP.
HTTP_STATUS = {
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.FAILED_PRECONDITION: 400,
    StatusCode.OUT_OF_RANGE: 400,
    StatusCode.NOT_FOUND: 404,
    StatusCode.RESOURCE_EXHAUSTED: 429,
    StatusCode.UNIMPLEMENTED: 501,
    StatusCode.UNAVAILABLE: 503,
    StatusCode.DEADLINE_EXCEEDED: 504,
}


class Grpc(Transport):
    """Requests to TensorFlow Serving's PredictionService."""

    def signatures(self, timeout: float) -> messages.SignatureDefMap:
        """Request the description of the model's signatures."""
        request = messages.GetModelMetadataRequest(metadata_field=["signature_def"])
        answer = self._exchange(
            "GetModelMetadata", request, messages.GetModelMetadataResponse, timeout
        )
        try:
            return messages.SignatureDefMap.FromString(answer.metadata["signature_def"].value)
        except DecodeError as error:
            raise ConnectionError(
                f"{self.server} did not answer 'metadata' as TensorFlow Serving does."
            ) from error

    def image_size(self, shape: Sequence[int]) -> int:
        """Return the bytes that an image [H, W, C] takes in a request."""
        return math.prod(shape)

    def predict(
        self, name: str, outputs: TensorSpecs, inputs: Mapping[str, np.ndarray], timeout: float
    ) -> dict[str, np.ndarray]:
        """Call an endpoint."""
        if sum(map(_size, inputs.values())) > MAX_REQUEST:
            raise self.too_large(name)
        request = tensors.predict_request(self.servable.name, name, inputs)
        answer = self._exchange("Predict", request, messages.PredictResponse, timeout)
        # Only outputs of the signature; those that are missing are named by `check_outputs`.
        found = {key: answer.outputs[key] for key in outputs if key in answer.outputs}
        return {key: self._array(name, key, tensor) for key, tensor in found.items()}

    def _array(self, name: str, key: str, tensor: messages.TensorProto) -> np.ndarray:
        try:
            return tensors.to_array(tensor, max_bytes=MAX_ANSWER)
        except ValueError as error:
            raise ConnectionError(
                f"{self.server} did not answer {name!r} as TensorFlow Serving does: "
                f"output {key!r}: {error}"
            ) from error

    @cached_property
    def _channel(self) -> grpc.Channel:
        return grpc.insecure_channel(self.server.removeprefix("grpc://"), list(OPTIONS.items()))

    def _exchange(
        self, method: str, request: Message, answer: type[Message], timeout: float
    ) -> Message:
        """Send a request for this model, and wait for the answer."""
        spec = request.model_spec
        spec.name = self.servable.name
        if self.servable.version is not None:
            spec.version.value = self.servable.version
        elif self.servable.label is not None:
            spec.version_label = self.servable.label
        call = self._channel.unary_unary(
            SERVICE + method, type(request).SerializeToString, answer.FromString
        )
        try:
            return call(request, timeout=timeout)
        except grpc.RpcError as error:
            status = HTTP_STATUS.get(error.code(), 500)
            details = error.details() or error.code().name
            message = details.rpartition("; last error: ")[2]  # of several addresses
            raise self.failure(status, message) from error


def _size(array: np.ndarray) -> int:
    """Return the bytes of an array, or about those of its texts."""
    return sum(map(len, array)) if array.dtype.hasobject else array.nbytes
