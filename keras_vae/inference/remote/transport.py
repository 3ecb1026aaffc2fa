"""What REST and gRPC have in common: names, signatures and errors of TensorFlow Serving."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...files.naming import cut, is_utf8, printable, short
from ...files.shapes import fits
from ...files.versions import VERSION
from ...serving.messages import SignatureDefMap, TensorInfo
from ...serving.tensors import FIELDS
from ..endpoints import TensorSpec, TensorSpecs, reason

# Bytes; the feature maps of a batch are the largest answers.
MAX_REQUEST = MAX_ANSWER = 512 * 2**20
MAX_MESSAGE = 2000  # letters of a server's message

NAME = re.compile(r"([^/]+)(?:/(?:([0-9]+)|([^/]+)))?")  # with a version, or with a label


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
        match = NAME.fullmatch(text)
        name, version, label = match.groups() if match else (None, None, None)
        if match is None or not is_utf8(text) or (version and not VERSION.fullmatch(version)):
            raise ValueError(
                "`name` of a model on a server must be NAME, NAME/VERSION or NAME/LABEL, in UTF-8, "
                f"with a version of at most 18 digits. Received: {short(text)}."
            )
        return cls(name, version and int(version), label)

    def __str__(self) -> str:
        part = self.label if self.version is None else self.version
        return self.name if part is None else f"{self.name}/{part}"


class Unavailable(Exception):
    """The server cannot answer now, but perhaps soon."""


@dataclass(frozen=True)
class Transport(ABC):
    """Sends requests for one model to one server.

    It raises `Unavailable` where another try may help, and TimeoutError when the time is over.

    Attributes:
        server: Address, such as "http://localhost:8501" or "grpc://localhost:8500".
        servable: Name of the model.
    """

    server: str
    servable: Servable

    @abstractmethod
    def signatures(self, timeout: float) -> SignatureDefMap:
        """Request the description of the model's signatures."""

    @abstractmethod
    def image_size(self, shape: Sequence[int]) -> int:
        """Return the bytes that an image [H, W, C] takes at most in a request."""

    @abstractmethod
    def predict(
        self, name: str, outputs: TensorSpecs, inputs: Mapping[str, np.ndarray], timeout: float
    ) -> dict[str, np.ndarray]:
        """Call an endpoint; its answer has those of the outputs that the server returns."""

    def too_large(self, name: str) -> ValueError:
        """Make the error for a request of more bytes than `MAX_REQUEST`."""
        return ValueError(
            f"The inputs of {name!r} must fit in a request of {MAX_REQUEST:,} bytes. Use fewer or "
            "smaller ones at a time."
        )

    def failure(self, status: int, message: str) -> Exception:
        """Make the error for an error status of the server.

        Args:
            status: HTTP status; TensorFlow Serving maps each status of gRPC to one.
            message: The server's message.
        """
        sentence = shown(reason(message)) or f"{self.server} gives no reason."
        if status == 400:
            return ValueError(sentence)
        if status == 404:
            return ValueError(
                f"{self.server} has no model {str(self.servable)!r} ready. TensorFlow Serving does "
                f"not list its models. Its message: {sentence}"
            )
        if status == 503:
            return Unavailable(f"{self.server} is not available: {sentence.rstrip('.')}.")
        if status == 504:
            return TimeoutError(sentence)
        return ConnectionError(f"{self.server} answered with error {status}: {sentence}")


def shown(text: object) -> str:
    """Return what a server sent as text that any terminal prints in one line, not too long."""
    return cut(printable(str(text)), MAX_MESSAGE)


def specs_of(tensors: Mapping[str, TensorInfo]) -> dict[str, TensorSpec]:
    """Describe tensors; their type is object for strings, and for types that are not used here."""
    unused = np.dtype(object), ""
    return {
        name: TensorSpec(FIELDS.get(info.dtype, unused)[0], shape_of(info))
        for name, info in tensors.items()
    }


def shape_of(info: TensorInfo) -> tuple[int, ...]:
    """Return the sides of a tensor, batch first, −1 for any; none if their number is not known."""
    return tuple(dim.size for dim in info.tensor_shape.dim)


def check_outputs(
    name: str, specs: TensorSpecs, outputs: Mapping[str, np.ndarray], count: int
) -> None:
    """Refuse an answer that does not fit an endpoint.

    Args:
        name: Name of the endpoint.
        specs: What its outputs must be.
        outputs: The answer.
        count: Size of the batch.

    Raises:
        ConnectionError: If an output is missing, has NaN, or is of another type or shape.
    """
    for key, (dtype, sides) in specs.items():
        found = outputs.get(key)
        shape = (count, *(sides or np.shape(found))[1:])
        if found is None or found.dtype != dtype or not fits(found.shape, shape):
            received = "nothing" if found is None else f"{found.dtype} {list(found.shape)}"
            raise ConnectionError(
                f"The server must answer {name!r} with {key!r}, {dtype} {list(shape)}. "
                f"Received: {received}."
            )
        if dtype.kind == "f" and (unknown := int(np.isnan(found).sum())):
            raise ConnectionError(
                f"The server must answer {name!r} with numbers. "
                f"Received: {key!r} with {unknown:,} NaN of {found.size:,} values."
            )
