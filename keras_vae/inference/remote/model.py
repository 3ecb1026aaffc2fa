"""A model behind a server: its facts come from the signatures, its results from requests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from ..model import PRIORS, Model
from .retries import Waiting, patiently
from .servable import Servable
from .signature import Signature, Transport

TIMEOUT = 30.0  # seconds; a server that is being started has its models by then


@dataclass(frozen=True)
class RemoteModel(Model):
    """A model that TensorFlow Serving serves.

    It knows what the signatures tell. The model card, the KL of the dimensions and the list of
    attributes stay with the SavedModel.

    Attributes:
        name: NAME, NAME/VERSION or NAME/LABEL, as the server knows it.
        transport: What carries requests.
        timeout: Seconds that a request may take, waiting for the server included.
        signatures: By name.
        waiting: Told when a request waits for the server.
    """

    name: str
    transport: Transport = field(repr=False)
    timeout: float
    signatures: Mapping[str, Signature] = field(repr=False)
    waiting: Waiting = field(repr=False)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.signatures["encode_pixels"].inputs["image"].shape[1:]

    @property
    def latent_dim(self) -> int:
        """Dimensions of z."""
        return self.signatures["decode_pixels"].inputs["z"].shape[1]

    @property
    def of_aligned_faces(self) -> bool:
        """Whether it takes colours: more a server does not tell, and most such models do faces."""
        return self.image_shape[2] == 3

    @property
    def endpoints(self) -> Mapping[str, Collection[str]]:
        """The names of the endpoints, and of the inputs of each."""
        return {name: signature.inputs for name, signature in self.signatures.items()}

    def has_prior(self, prior: str) -> bool:
        """Say whether `generate` can draw from a prior, "normal" or "gmm"."""
        return PRIORS.get(prior) in self.signatures

    def direction(self, name: str) -> np.ndarray:
        """Ask for Δ of an attribute, [L].

        Raises:
            ValueError: If there is none of that name; the message lists all that there are.
        """
        return self.call("directions", attribute=[name])["direction"][0]

    def _run(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        called = self.signatures[signature]
        arrays = called.arrays(inputs)
        outputs = patiently(
            lambda left: self.transport.predict(called, arrays, left),
            self.transport.server,
            self.timeout,
            self.waiting,
        )
        called.check(outputs, len(next(iter(arrays.values()))))
        return outputs


def connect(
    server: str,
    name: str,
    *,
    timeout: float = TIMEOUT,
    waiting: Waiting = lambda told: None,
) -> RemoteModel:
    """Open a model on a server.

    Args:
        server: http://HOST:PORT or https://HOST:PORT for REST (TensorFlow Serving's port 8501),
            grpc://HOST:PORT for gRPC (8500).
        name: NAME for the version that the server prefers, NAME/VERSION or NAME/LABEL.
        timeout: Seconds that a request may take, waiting for the server included.
        waiting: Called with a sentence when a request has to wait for a server that may be
            starting.

    Raises:
        ConnectionError: If there is no such server, or it answers with something else.
        TimeoutError: If it does not answer in time.
        ValueError: If the address or name is malformed, or the server has no such model, or one
            that kvae did not export.
    """
    transport = _transport(server, Servable.parse(name))
    signatures = patiently(transport.signatures, transport.server, timeout, waiting)
    if missing := {"encode_pixels", "decode_pixels"} - set(signatures):
        raise ValueError(
            f"{name!r} on {server} is not a model that kvae exported: it has no endpoint "
            f"{' and no '.join(sorted(missing))}."
        )
    # What has no inputs is no endpoint: the graph's initialiser is listed among them.
    endpoints = {key: signature for key, signature in signatures.items() if signature.inputs}
    return RemoteModel(name, transport, timeout, endpoints, waiting)


def _transport(server: str, servable: Servable) -> Transport:
    try:
        address = urlsplit(server)
        scheme, host, port = address.scheme, address.hostname, address.port
    except ValueError:  # of a port that is no number
        scheme = host = port = None
    if scheme in ("http", "https") and host:
        from .rest import Rest

        return Rest(server.rstrip("/"), servable)
    if scheme == "grpc" and host and port:
        from .grpc import Grpc

        return Grpc(server.rstrip("/"), servable)
    raise ValueError(
        "`server` must be http://HOST:PORT, https://HOST:PORT or grpc://HOST:PORT. "
        f"Received: {server!r}."
    )
