"""REST: JSON over HTTP, without gRPC.

Floats are exact: Python writes the shortest digits of the float64, and
TensorFlow Serving writes six digits, or nine where six would not give the same float32 back.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from http.client import HTTPException, IncompleteRead
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

import numpy as np
from google.protobuf.json_format import ParseDict, ParseError

from ...serving.messages import SignatureDef, SignatureDefMap, TensorInfo
from .transport import Transport, Unavailable, dtype_of, shape_of

# Errors of reading JSON of another structure.
_UNEXPECTED = (KeyError, TypeError, ValueError, OverflowError, AttributeError, ParseError)


class Rest(Transport):
    """Requests to TensorFlow Serving's REST API, in row format; a proxy may add a path."""

    def signatures(self, timeout: float) -> SignatureDefMap:
        """Request the description of the model's signatures."""
        answer = self._exchange("/metadata", None, timeout)
        try:
            definitions = {"signature_def": answer["metadata"]["signature_def"]["signature_def"]}
            return ParseDict(definitions, SignatureDefMap(), ignore_unknown_fields=True)
        except _UNEXPECTED as error:
            raise self._unexpected("metadata") from error

    def predict(
        self, name: str, signature: SignatureDef, inputs: Mapping[str, np.ndarray], timeout: float
    ) -> dict[str, np.ndarray]:
        """Call an endpoint."""
        columns = [_to_json(array) for array in inputs.values()]
        rows = [dict(zip(inputs, row, strict=True)) for row in zip(*columns, strict=True)]
        if not rows:  # the row format cannot express it
            return {key: _from_json([], info) for key, info in signature.outputs.items()}
        body = {"signature_name": name, "instances": rows}
        answer = self._exchange(":predict", body, timeout)
        try:
            return _columns(answer["predictions"], signature.outputs)
        except _UNEXPECTED as error:
            raise self._unexpected(name) from error

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
            raise self.failure(error.code, _message(error) or error.reason) from error
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


def _to_json(array: np.ndarray) -> Sequence[Any]:
    """Convert an array to JSON, row by row; bytes are base64 in an object, as the API requires."""
    if not array.dtype.hasobject:
        return array.tolist()
    return [
        {"b64": b64encode(value).decode()} if isinstance(value, bytes) else value for value in array
    ]


def _columns(rows: Sequence[Any], outputs: Mapping[str, TensorInfo]) -> dict[str, np.ndarray]:
    """Gather outputs; a row is an object of them, or the value itself where there is one."""
    if len(outputs) == 1:
        return {name: _from_json(rows, info) for name, info in outputs.items()}
    return {name: _from_json([row[name] for row in rows], info) for name, info in outputs.items()}


def _from_json(values: Sequence[Any], info: TensorInfo) -> np.ndarray:
    """Convert rows of JSON to an array."""
    dtype = dtype_of(info)
    if not values:
        return np.zeros((0, *(max(side, 0) for side in shape_of(info)[1:])), dtype)
    if dtype.hasobject:
        values = [
            b64decode(value["b64"], validate=True) if isinstance(value, dict) else value.encode()
            for value in values
        ]
    return np.array(values, dtype)


def _message(answer: HTTPError) -> str | None:
    """Read the server's message, if it is TensorFlow Serving's and complete."""
    try:
        return str(json.loads(answer.read())["error"])
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None
