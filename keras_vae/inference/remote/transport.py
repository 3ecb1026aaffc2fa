"""What REST and gRPC have in common: names, signatures and errors of TensorFlow Serving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..model import reason


@dataclass(frozen=True)
class Servable:
    """The name of a model on a server, perhaps with a version.

    Attributes:
        name: The model.
        version: Number of a version, or None.
        label: Name that the server's configuration gives a version, such as "stable", or None.
    """

    name: str
    version: int | None = None
    label: str | None = None

    @classmethod
    def parse(cls, text: str) -> Servable:
        """Read "celeba", "celeba/2" or "celeba/stable".

        Raises:
            ValueError: If it is none of these.
        """
        name, *rest = text.split("/")
        if not name or len(rest) > 1 or rest == [""]:
            raise ValueError(
                "`name` of a model on a server must be NAME, NAME/VERSION or NAME/LABEL. "
                f"Received: {text!r}."
            )
        if rest and rest[0].isdecimal():
            return cls(name, version=int(rest[0]))
        return cls(name, label=rest[0] if rest else None)

    def __str__(self) -> str:
        part = self.label if self.version is None else self.version
        return self.name if part is None else f"{self.name}/{part}"


@dataclass(frozen=True)
class Spec:
    """A tensor's type and shape.

    Attributes:
        dtype: NumPy's type; object for strings, and for types that are not used here.
        shape: The sides, batch first; −1 for any.
    """

    dtype: np.dtype
    shape: tuple[int, ...]

    def fits(self, array: np.ndarray, count: int) -> bool:
        """Return whether an array has this type and shape, with a batch of `count`."""
        sides = (count, *self.shape[1:])
        return (
            array.dtype == self.dtype
            and array.ndim == len(sides)
            and all(side in (-1, found) for side, found in zip(sides, array.shape, strict=True))
        )


@dataclass(frozen=True)
class Signature:
    """An endpoint.

    Attributes:
        name: Name of the endpoint.
        inputs: Types and shapes of the inputs by name.
        outputs: Types and shapes of the outputs by name.
    """

    name: str
    inputs: Mapping[str, Spec]
    outputs: Mapping[str, Spec]

    def arrays(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Convert inputs to arrays of the right types."""
        return {name: np.asarray(value, self.inputs[name].dtype) for name, value in inputs.items()}

    def check(self, outputs: Mapping[str, np.ndarray], count: int) -> None:
        """Refuse an answer that does not fit this endpoint.

        Raises:
            ConnectionError: If an output is missing, or of another type or shape.
        """
        for name, spec in self.outputs.items():
            found = outputs.get(name)
            if found is None or not spec.fits(found, count):
                received = "nothing" if found is None else f"{found.dtype} {list(found.shape)}"
                raise ConnectionError(
                    f"The server must answer {self.name!r} with {name!r}, {spec.dtype} "
                    f"{[count, *spec.shape[1:]]}. Received: {received}."
                )


class Transport(Protocol):
    """Sends requests for one model to one server.

    It raises `Unavailable` where another try may help, and TimeoutError when the time is over.

    Attributes:
        server: Address of the server.
    """

    server: str

    def signatures(self, timeout: float) -> dict[str, Signature]:
        """Request the model's signatures."""

    def predict(
        self, signature: Signature, inputs: Mapping[str, np.ndarray], timeout: float
    ) -> dict[str, np.ndarray]:
        """Call an endpoint."""


class Unavailable(Exception):
    """The server cannot answer now, but perhaps soon."""


def failure(status: int, message: str, server: str, model: str) -> Exception:
    """Make the error for an error status of a server.

    Args:
        status: HTTP status; TensorFlow Serving maps each status of gRPC to one.
        message: The server's message.
        server: Address of the server.
        model: The name that was requested.
    """
    sentence = reason(message)
    if status == 400:
        return ValueError(sentence)
    if status == 404:
        return ValueError(
            f"{server} has no model {model!r} ready. TensorFlow Serving does not list its models. "
            f"Its message: {sentence}"
        )
    if status == 503:
        return Unavailable(f"{server} is not available: {sentence.rstrip('.')}.")
    if status == 504:
        return TimeoutError(sentence)
    return ConnectionError(f"{server} answered with error {status}: {sentence}")
