"""What a server tells of an endpoint, and the protocol of what carries requests to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Spec:
    """A tensor's type and shape.

    Attributes:
        dtype: NumPy's type; of strings, and of what is not used here, object.
        shape: The sides, batch first; −1 for any.
    """

    dtype: np.dtype
    shape: tuple[int, ...]

    def fits(self, array: np.ndarray, count: int) -> bool:
        """Say whether an array is of this kind, with a batch of `count`."""
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
        name: Its name.
        inputs: By name.
        outputs: By name.
    """

    name: str
    inputs: Mapping[str, Spec]
    outputs: Mapping[str, Spec]

    def arrays(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Turn inputs into arrays of the right types."""
        return {name: np.asarray(value, self.inputs[name].dtype) for name, value in inputs.items()}

    def check(self, outputs: Mapping[str, np.ndarray], count: int) -> None:
        """Refuse an answer that is not this endpoint's.

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
    """Carries requests for one model to one server.

    `Unavailable` says that another try may help; TimeoutError, that the time is up.

    Attributes:
        server: Its address.
    """

    server: str

    def signatures(self, timeout: float) -> dict[str, Signature]:
        """Ask for the model's signatures."""

    def predict(
        self, signature: Signature, inputs: Mapping[str, np.ndarray], timeout: float
    ) -> dict[str, np.ndarray]:
        """Call an endpoint."""
