"""REST: JSON over HTTP, without gRPC.

Floats are exact: Python writes the shortest digits of the float64, and
TensorFlow Serving writes six digits, or nine where six would not give the same float32 back.
"""

from __future__ import annotations

import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from http.client import BadStatusLine, HTTPException, IncompleteRead
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request

import numpy as np
from google.protobuf.json_format import ParseDict, ParseError

from ...serving.messages import SignatureDefMap
from ..endpoints import TensorSpec, TensorSpecs
from .bounded import TooLarge, opener, read_body, seconds_left
from .transport import MAX_ANSWER, MAX_REQUEST, Transport, Unavailable, shown

MAX_ERROR = 64 * 2**10  # bytes of an error's body
PIECE = 2**16  # numbers that are converted at a time

# Errors of reading JSON of another structure; a RecursionError is that of too deep nesting.
_UNEXPECTED = (
    KeyError,
    TypeError,
    ValueError,
    OverflowError,
    AttributeError,
    ParseError,
    RecursionError,
)


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

    def image_size(self, shape: Sequence[int]) -> int:
        """Return the bytes that an image [H, W, C] takes at most in a request."""
        height, width, channels = shape
        return height * (width * (channels * len("255,") + len("[]")) + len("[],"))

    def predict(
        self, name: str, outputs: TensorSpecs, inputs: Mapping[str, np.ndarray], timeout: float
    ) -> dict[str, np.ndarray]:
        """Call an endpoint."""
        if not len(next(iter(inputs.values()))):  # the row format cannot express it
            return {key: _from_json([], spec, key) for key, spec in outputs.items()}
        deadline = time.monotonic() + timeout
        body = bytearray()
        for piece in _request(name, inputs):
            body += piece
            if len(body) > MAX_REQUEST:
                raise self.too_large(name)
            seconds_left(deadline)  # or its error
        answer = self._exchange(":predict", body, seconds_left(deadline))
        try:
            return _columns(answer["predictions"], outputs)
        except _Mistyped as error:
            raise self._unexpected(name, f": {error}") from error
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

    def _exchange(self, path: str, body: bytearray | None, timeout: float) -> Any:
        """GET, or POST a body; returns the answer's JSON."""
        headers = {"Content-Type": "application/json"}
        try:
            request = Request(self._url + path, body, headers)
            with opener().open(request, timeout=timeout) as response:
                content = read_body(response, MAX_ANSWER)
        except HTTPError as error:
            with error:
                raise self._refused(error) from error
        except TooLarge as error:
            what = path.strip("/:")
            raise ConnectionError(f"{self.server} answered {what!r} with {error}.") from error
        except (OSError, HTTPException) as error:
            raise self._broken(error) from error
        try:
            return json.loads(content)
        except _UNEXPECTED as error:
            raise self._unexpected(path.strip("/:")) from error

    def _refused(self, error: HTTPError) -> Exception:
        """Make the error for a status other than 200."""
        if 300 <= error.code < 400 and (target := error.headers.get("Location")):
            return ConnectionError(
                f"{self.server} redirects to {shown(target)}. Redirections are not followed: use "
                "the address that the server has itself."
            )
        return self.failure(error.code, _message(error) or error.reason)

    def _broken(self, error: Exception) -> Exception:
        """Make the error for a connection that failed."""
        cause = error.reason if isinstance(error, URLError) else error
        if isinstance(cause, TimeoutError):
            return cause
        message = f"{self.server} cannot be reached: {getattr(cause, 'strerror', None) or cause}."
        if isinstance(cause, (ConnectionError, IncompleteRead)):  # it may be starting
            return Unavailable(message)
        if isinstance(cause, BadStatusLine):
            return ConnectionError(f"{self.server} does not speak HTTP. Is it the port for gRPC?")
        if isinstance(cause, HTTPException):  # such as headers that are too long, or too many
            return ConnectionError(f"{self.server} does not speak HTTP correctly: {shown(cause)}.")
        return ConnectionError(message)

    def _unexpected(self, what: str, detail: str = ".") -> Exception:
        return ConnectionError(
            f"{self.server} did not answer {what!r} as TensorFlow Serving does{detail}"
        )


class _Mistyped(Exception):
    """An output is missing, or has values of another type than its signature."""


def _request(name: str, inputs: Mapping[str, np.ndarray]) -> Iterator[bytes]:
    """Write a request in row format, piece by piece: lists of Python take ten times the room."""
    yield b'{"signature_name":%b,"instances":[' % _json(name)
    for number, row in enumerate(zip(*inputs.values(), strict=True)):
        yield b",{" if number else b"{"
        for place, (key, value) in enumerate(zip(inputs, row, strict=True)):
            yield b"%b%b:" % (b"," if place else b"", _json(key))
            yield from _pieces(value)
        yield b"}"
    yield b"]}"


def _pieces(value: Any) -> Iterator[bytes]:
    """Write a value of a row; bytes are base64 in an object, as the API requires."""
    if isinstance(value, (str, bytes)):
        yield _json({"b64": b64encode(value).decode()} if isinstance(value, bytes) else value)
    elif value.ndim < 2 or value.size <= PIECE:
        yield _json(value.tolist())
    else:
        for number, part in enumerate(value):
            yield b"," if number else b"["
            yield from _pieces(part)
        yield b"]"


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _columns(rows: Sequence[Any], outputs: TensorSpecs) -> dict[str, np.ndarray]:
    """Gather outputs; a row is an object of them, or the value itself where there is one."""
    if not isinstance(rows, list):
        raise TypeError(f"`predictions` must be a list. Received: {type(rows).__name__}.")
    if len(outputs) == 1:
        return {name: _from_json(rows, spec, name) for name, spec in outputs.items()}
    for name in outputs:
        if not all(name in row for row in rows):
            raise _Mistyped(f"the output {name!r} is missing.")
    return {
        name: _from_json([row[name] for row in rows], spec, name) for name, spec in outputs.items()
    }


def _from_json(values: Sequence[Any], spec: TensorSpec, name: str) -> np.ndarray:
    """Convert rows of JSON to an array of an output's type.

    Raises:
        _Mistyped: If a value is of another type, or outside of the type's range.
    """
    dtype = spec.dtype
    if not values:
        return np.zeros((0, *(max(side, 0) for side in spec.shape[1:])), dtype)
    try:
        if dtype.hasobject:
            return np.array([_to_bytes(value) for value in values], dtype)
        # Without a type: NumPy would convert "1.5", null and true to numbers, and 0.7 to 0.
        return _checked(np.array(values), dtype)
    except (TypeError, ValueError, AttributeError, KeyError, OverflowError) as error:
        raise _Mistyped(f"the output {name!r} must be {dtype}, of one shape.") from error


def _to_bytes(value: str | Mapping[str, str]) -> bytes:
    return value.encode() if isinstance(value, str) else b64decode(value["b64"], validate=True)


def _checked(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Convert whole numbers, or numbers for a floating-point type.

    Raises:
        ValueError: If these are no numbers, or too large.
    """
    if dtype.kind == "f":
        if array.dtype.kind not in "iuf":
            raise ValueError("these must be numbers")
        with np.errstate(over="ignore"):
            converted = array.astype(dtype)
        if (np.isinf(converted) & np.isfinite(array)).any():
            raise ValueError("these must be numbers of the type's range")
        return converted
    limits = np.iinfo(dtype)
    if array.dtype.kind not in "iu" or array.min() < limits.min or array.max() > limits.max:
        raise ValueError("these must be whole numbers of the type's range")
    return array.astype(dtype)


def _message(answer: HTTPError) -> str | None:
    """Read the server's message, if it is TensorFlow Serving's, complete and not too long."""
    try:
        return str(json.loads(read_body(answer, MAX_ERROR))["error"])
    except (OSError, HTTPException, TooLarge, *_UNEXPECTED):
        return None
