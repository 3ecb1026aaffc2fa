"""A stand-in for TensorFlow Serving: its protocols over real sockets, the loader behind them.

Its answers follow the server's documentation (REST API, PredictionService) and, where that is
silent, its source: `json_tensor.cc` for JSON, `http_server.cc` for statuses. It speaks gRPC through
the official messages of tensorflow-serving-api, which the package itself does not use.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToJson
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_serving.apis import prediction_service_pb2_grpc
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataResponse, SignatureDefMap
from tensorflow_serving.apis.predict_pb2 import PredictResponse

URL = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
    r"(?P<verb>/metadata|:predict)"
)
CODES = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 500: "INTERNAL", 503: "UNAVAILABLE"}
VALUES = {tf.float32: "float_val", tf.uint8: "int_val", tf.int32: "int_val", tf.int64: "int64_val"}


class Refusal(Exception):
    """An error status of HTTP and its message."""


@cache
def load(path):
    """Load a SavedModel, once for all servers of a process."""
    return tf.saved_model.load(str(path))


@dataclass(frozen=True)
class Version:
    """A SavedModel of the server."""

    path: Path

    @property
    def loaded(self):
        return load(self.path)

    @cached_property
    def definitions(self):
        """The signatures as the file itself describes them."""
        (graph,) = SavedModel.FromString((self.path / "saved_model.pb").read_bytes()).meta_graphs
        return SignatureDefMap(signature_def=graph.signature_def)

    def signature(self, name):
        name = name or "serving_default"
        if name not in self.loaded.signatures:
            raise Refusal(400, f'Serving signature name: "{name}" not found in signature def')
        return self.loaded.signatures[name]

    def specs(self, name):
        return self.signature(name).structured_input_signature[1]

    def predict(self, name, inputs):
        specs = self.specs(name)
        if set(inputs) != set(specs):
            raise Refusal(400, f"input size does not match signature: {sorted(inputs)}")
        try:
            tensors = {key: tf.constant(value, specs[key].dtype) for key, value in inputs.items()}
            return self.signature(name)(**tensors)
        except tf.errors.InvalidArgumentError as error:
            raise Refusal(400, error.message) from error
        except (TypeError, ValueError) as error:
            raise Refusal(400, f"Tensor of the wrong shape or type: {error}") from error


@dataclass
class FakeServer:
    """Models served over REST and gRPC.

    Attributes:
        models: Versions by number, by the model's name.
        labels: Names of versions.
        faults: What the next requests meet in place of an answer: a status, "hang", and over REST
            also bytes, "hang up", or ("torn", status), an error whose message breaks off.
        requests: Verbs and bodies, as they came in.
    """

    models: dict[str, dict[int, Version]]
    labels: dict[str, int] = field(default_factory=dict)
    faults: deque = field(default_factory=deque)
    requests: list = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    rest_port: int = 0
    grpc_port: int = 0

    @property
    def rest(self):
        return f"http://127.0.0.1:{self.rest_port}"

    @property
    def grpc(self):
        return f"grpc://127.0.0.1:{self.grpc_port}"

    def find(self, name, version=None, label=None):
        if label and label not in self.labels:
            raise Refusal(400, f"Unrecognized servable version label: {label}")
        number = self.labels[label] if label else version
        versions = self.models.get(name, {})
        if not versions or (number and number not in versions):
            asked = f"Specific({name}, {number})" if number else f"Latest({name})"
            raise Refusal(404, f"Servable not found for request: {asked}")
        return versions[number or max(versions)]

    def fault(self, verb, body):
        """Note a request; take the fault that it shall meet."""
        self.requests.append((verb, body))
        if self.faults:
            found = self.faults.popleft()
            if found == "hang":
                self.released.wait(20)
            return found
        return None


@contextmanager
def serve(folders, labels=(), rest_port=0, grpc_port=0, tls=None):
    """Serve folders of versions, each under its name; port 0 is a free one, `tls` of REST."""
    models = {
        Path(folder).name: {
            int(path.name): Version(path)
            for path in Path(folder).iterdir()
            if path.name.isdecimal()
        }
        for folder in folders
    }
    fake = FakeServer(models, dict(labels))
    http = ThreadingHTTPServer(
        ("127.0.0.1", rest_port), type("Handler", (Handler,), {"fake": fake})
    )
    fake.rest_port = http.server_port
    if tls:
        http.socket = tls.wrap_socket(http.socket, server_side=True)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    rpc = grpc.server(ThreadPoolExecutor(4))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Servicer(fake), rpc)
    fake.grpc_port = rpc.add_insecure_port(f"127.0.0.1:{grpc_port}")
    rpc.start()
    try:
        yield fake
    finally:
        fake.released.set()
        rpc.stop(None)
        http.shutdown()
        http.server_close()


class Handler(BaseHTTPRequestHandler):
    """The REST API."""

    fake: FakeServer

    def do_GET(self):
        self.answer("/metadata", b"")

    def do_POST(self):
        self.answer(":predict", self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, verb, body):
        fault = self.fake.fault(verb, body)
        if fault in ("hang", "hang up"):
            self.close_connection = True
            return
        if isinstance(fault, bytes):
            self.write(200, fault)
            return
        if isinstance(fault, tuple):
            self.write(fault[1], b'{"error": "Told', length=100)
            return
        try:
            if fault:
                raise Refusal(fault, "Told to refuse.")
            self.write(200, self.result(verb, body).encode())
        except Refusal as refusal:
            status, message = refusal.args
            self.write(status, json.dumps({"error": message}, indent=4).encode())

    def result(self, verb, body):
        match = URL.fullmatch(self.path)
        if not match or match["verb"] != verb:
            raise Refusal(400, f"Malformed request: {self.command} {self.path}")
        version = self.fake.find(
            match["name"], match["version"] and int(match["version"]), match["label"]
        )
        if verb == "/metadata":
            return metadata_json(match["name"], version)
        asked = json.loads(body)
        name = asked.get("signature_name", "")
        rows = rows_of(asked["instances"], version.specs(name))
        return predictions_json(version.predict(name, rows))

    def write(self, status, body, length=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


class Servicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    """The PredictionService."""

    def __init__(self, fake):
        self.fake = fake

    def Predict(self, request, context):  # noqa: N802
        def result(version):
            inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
            outputs = version.predict(request.model_spec.signature_name, inputs)
            response = PredictResponse(model_spec=request.model_spec)
            for name, value in outputs.items():
                response.outputs[name].CopyFrom(as_proto_field(value))
            return response

        return self.answer(":predict", request, context, result)

    def GetModelMetadata(self, request, context):  # noqa: N802
        def result(version):
            if list(request.metadata_field) != ["signature_def"]:
                raise Refusal(400, "Metadata field is not supported")
            response = GetModelMetadataResponse(model_spec=request.model_spec)
            response.metadata["signature_def"].Pack(version.definitions)
            return response

        return self.answer("/metadata", request, context, result)

    def answer(self, verb, request, context, result):
        fault = self.fake.fault(verb, request)
        spec = request.model_spec
        try:
            if fault:
                raise Refusal(fault if fault in CODES else 500, "Told to refuse.")
            version = self.fake.find(spec.name, spec.version.value, spec.version_label)
            return result(version)
        except Refusal as refusal:
            status, message = refusal.args
            context.abort(grpc.StatusCode[CODES[status]], message)


def as_proto_field(value):
    """Write a tensor as the server does by default: value by value, not as content."""
    array = value.numpy()
    if value.dtype == tf.string:
        return tf.make_tensor_proto(array)
    tensor = tf.make_tensor_proto(np.zeros(0), value.dtype, [0])
    tensor.tensor_shape.CopyFrom(value.shape.as_proto())
    getattr(tensor, VALUES[value.dtype]).extend(array.ravel().tolist())
    return tensor


def metadata_json(name, version):
    """Write the answer of the model metadata API, glued together as the server does it."""
    (number,) = [version.path.name]
    spec = json.dumps({"name": name, "signature_name": "", "version": number}, indent=1)
    definitions = MessageToJson(
        version.definitions,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
    )
    return f'{{\n"model_spec":{spec},\n"metadata": {{"signature_def": {definitions}}}\n}}\n'


def rows_of(instances, specs):
    """Read the row format: a list of objects, or of values where there is one input."""
    if not instances:
        raise Refusal(400, "JSON Value: No values in 'instances' array")
    if not isinstance(instances[0], dict) or "b64" in instances[0]:
        (only,) = specs
        instances = [{only: instance} for instance in instances]
    return {
        name: np.array(
            [binary(row[name]) for row in instances],
            object if spec.dtype == tf.string else spec.dtype.as_numpy_dtype,
        )
        for name, spec in specs.items()
    }


def binary(value):
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value


def predictions_json(outputs):
    """Write the row format; floats as in the server's `WriteDecimal`."""
    columns = {
        name: [written(item, name.endswith("_bytes")) for item in value.numpy()]
        for name, value in outputs.items()
    }
    if len(columns) == 1:
        (rows,) = columns.values()
    else:
        rows = [
            "{"
            + ",".join(f'"{name}": {item}' for name, item in zip(columns, row, strict=True))
            + "}"
            for row in zip(*columns.values(), strict=True)
        ]
    return '{\n    "predictions": [' + ", ".join(rows) + "\n    ]\n}"


def written(value, as_base64):
    if isinstance(value, bytes):
        coded = {"b64": base64.b64encode(value).decode()} if as_base64 else value.decode()
        return json.dumps(coded)
    if not np.issubdtype(value.dtype, np.floating):
        return json.dumps(value.tolist())
    if value.ndim:
        return "[" + ", ".join(written(part, as_base64) for part in value) + "]"
    return decimal(value)


def decimal(value):
    """Write a float32: six digits, or nine where six do not give it back."""
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "-Infinity" if value < 0 else "Infinity"
    digits = f"{value:.6g}"
    if np.float32(digits) != value:
        digits = f"{value:.9g}"
    return digits if "." in digits or "e" in digits else f"{digits}.0"
