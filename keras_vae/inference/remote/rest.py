"""REST: JSON over HTTP, with the standard library only.

Floats are exact: Python writes the shortest digits of the float64, and
TensorFlow Serving writes six digits, or nine where six would not give the same float32 back.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

import numpy as np

from .transport import Servable, Signature, Spec, Unavailable, failure

TYPES = {"DT_FLOAT": np.float32, "DT_UINT8": np.uint8, "DT_INT64": np.int64}  # else object

# Errors of reading JSON of another structure.
_UNEXPECTED = (KeyError, TypeError, ValueError, OverflowError, AttributeError)


@dataclass(frozen=True)
class Rest:
    """Requests to TensorFlow Serving's REST API, in row format.

    Attributes:
        server: Address, such as "http://localhost:8501"; a path may follow, for a proxy.
        servable: Name of the model.
    """

    server: str
    servable: Servable

    def signatures(self, timeout: float) -> dict[str, Signature]:
        """Request the model's signatures."""
        answer = self._exchange("/metadata", None, timeout)
        try:
            definitions = answer["metadata"]["signature_def"]["signature_def"]
            return {
                name: Signature(name, _specs(definition["inputs"]), _specs(definition["outputs"]))
                for name, definition in definitions.items()
            }
        except _UNEXPECTED as error:
            raise self._unexpected("metadata") from error

    def predict(
        self, signature: Signature, inputs: Mapping[str, np.ndarray], timeout: float
    ) -> dict[str, np.ndarray]:
        """Call an endpoint."""
        columns = [_to_json(array) for array in inputs.values()]
        rows = [dict(zip(inputs, row, strict=True)) for row in zip(*columns, strict=True)]
        if not rows:  # the row format cannot express it
            return {name: _from_json([], spec) for name, spec in signature.outputs.items()}
        body = {"signature_name": signature.name, "instances": rows}
        answer = self._exchange(":predict", body, timeout)
        try:
            return _columns(answer["predictions"], signature.outputs)
        except _UNEXPECTED as error:
            raise self._unexpected(signature.name) from error

    @property
    def _url(self) -> str:
        """The model's address."""
        model = self.servable
        url = f"{self.server}/v1/models/{quote(model.name, safe='')}"
        if model.version is not None:
            return f"{url}/versions/{model.version}"
        return url if model.label is None else f"{url}/labels/{quote(model.label, safe='')}"

    def _exchange(self, path: str, body: Mapping[str, Any] | None, timeout: float) -> Any:
        """GET, or POST a body; returns the answer's JSON."""
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json"}
        try:
            with urlopen(Request(self._url + path, data, headers), timeout=timeout) as response:
                content = response.read()
        except HTTPError as error:
            message = _message(error) or error.reason
            raise failure(error.code, message, self.server, str(self.servable)) from error
        except (OSError, HTTPException) as error:
            raise self._broken(error) from error
        try:
            return json.loads(content)
        except ValueError as error:
            raise self._unexpected(path.strip("/:")) from error

    def _broken(self, error: Exception) -> Exception:
        """Make the error for a connection that failed."""
        cause = error.reason if isinstance(error, URLError) else error
        if isinstance(cause, TimeoutError):
            return cause
        message = f"{self.server} cannot be reached: {getattr(cause, 'strerror', None) or cause}."
        if isinstance(cause, (ConnectionError, IncompleteRead)):  # it may be starting
            return Unavailable(message)
        if isinstance(cause, HTTPException):
            return ConnectionError(f"{self.server} does not speak HTTP. Is it the port for gRPC?")
        return ConnectionError(message)

    def _unexpected(self, what: str) -> Exception:
        return ConnectionError(f"{self.server} did not answer {what!r} as TensorFlow Serving does.")


def _specs(tensors: Mapping[str, Any]) -> dict[str, Spec]:
    """Read the JSON of TensorInfos, in which 64-bit numbers are strings."""
    return {
        name: Spec(
            np.dtype(TYPES.get(info["dtype"], object)),
            tuple(int(side["size"]) for side in info["tensor_shape"]["dim"]),
        )
        for name, info in tensors.items()
    }


def _to_json(array: np.ndarray) -> Sequence[Any]:
    """Convert an array to JSON, row by row; bytes are base64 in an object, as the API requires."""
    if not array.dtype.hasobject:
        return array.tolist()
    return [
        {"b64": b64encode(value).decode()} if isinstance(value, bytes) else value for value in array
    ]


def _columns(rows: Sequence[Any], outputs: Mapping[str, Spec]) -> dict[str, np.ndarray]:
    """Gather outputs; a row is an object of them, or the value itself where there is one."""
    if len(outputs) == 1:
        return {name: _from_json(rows, spec) for name, spec in outputs.items()}
    return {name: _from_json([row[name] for row in rows], spec) for name, spec in outputs.items()}


def _from_json(values: Sequence[Any], spec: Spec) -> np.ndarray:
    """Convert rows of JSON to an array."""
    if not values:
        return np.zeros((0, *(max(side, 0) for side in spec.shape[1:])), spec.dtype)
    if spec.dtype.hasobject:
        values = [
            b64decode(value["b64"], validate=True) if isinstance(value, dict) else value.encode()
            for value in values
        ]
    return np.array(values, spec.dtype)


def _message(answer: HTTPError) -> str | None:
    """Read the server's message, if it is TensorFlow Serving's and complete."""
    try:
        return str(json.loads(answer.read())["error"])
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None
