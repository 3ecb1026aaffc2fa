"""A model on a server: its facts come from `describe`, its results from requests."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np

from ...files.exported import InvalidFacts, read_json
from ...latent_space.attributes import Attributes
from ...serving.messages import SignatureDef
from ..endpoints import TensorSpecs, results_of
from ..exported import AUTOENCODER, check_endpoints, check_facts
from ..model import PRIORS, Model
from .transport import (
    MAX_REQUEST,
    Servable,
    Transport,
    Unavailable,
    check_outputs,
    shape_of,
    specs_of,
)

TIMEOUT = 30.0  # seconds; a server that is starting has loaded its models by then
LONGEST_TIMEOUT = 1_000_000  # seconds; sockets have limits, too
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between two tries
SHORTEST_TRY = 0.01  # seconds; a timeout of 0 would be an error

Answer = TypeVar("Answer")
Notify = Callable[[str], None]  # receives a sentence


@dataclass(frozen=True, repr=False)
class RemoteModel(Model):
    """A model that TensorFlow Serving serves.

    One that was exported before there was `describe` is known by its signatures only: what
    they do not show (data set, KL of the dimensions, names of the attributes) is unknown.

    Attributes:
        name: NAME, NAME/VERSION or NAME/LABEL.
        transport: Sends the requests.
        timeout: Seconds that a request may take, including the time that the server is waited for.
        signatures: Signatures by name.
        metadata: See `Model`.
        notify: Called with a sentence when a request waits for the server.
    """

    name: str
    transport: Transport
    timeout: float
    signatures: Mapping[str, SignatureDef]
    metadata: Mapping[str, Any]
    notify: Notify

    @property
    def describes_itself(self) -> bool:
        """Whether it has the endpoint `describe`, which returns `model.json`."""
        return "describe" in self.signatures

    @cached_property
    def endpoints(self) -> Mapping[str, TensorSpecs]:
        """What the inputs of each endpoint must be, by their names."""
        return {name: specs_of(each.inputs) for name, each in self.signatures.items()}

    @cached_property
    def outputs(self) -> Mapping[str, TensorSpecs]:
        """What the outputs of each endpoint are, by their names."""
        return {name: specs_of(each.outputs) for name, each in self.signatures.items()}

    @property
    def batch(self) -> int:
        """Images in one request: as many as in this process, or fewer if these are too large."""
        size, most = self.transport.image_size(self.image_shape), super().batch
        # An answer can be twice as large as a request.
        return most if most * size <= MAX_REQUEST else max(1, MAX_REQUEST // (2 * size))

    @cached_property
    def attributes(self) -> Attributes | None:
        """The attribute directions, perhaps none; None if the model does not describe itself."""
        if not self.describes_itself:
            return None
        names = tuple(self.metadata.get("attribute_names", ()))
        if not names:
            return Attributes((), np.zeros((0, self.latent_dim or 0), np.float32))
        return Attributes(names, self.call("directions", attribute=names)["direction"])

    def direction(self, name: str) -> np.ndarray:
        """Look up Δ of an attribute, [L].

        Raises:
            ValueError: If there is no attribute of that name.
        """
        if self.attributes is None:
            return self.call("directions", attribute=[name])["direction"][0]
        return super().direction(name)

    def _run(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        for name, array in inputs.items():
            self._check_texts(name, array)
        results = results_of(signature, self.endpoints)  # of sizes that a signature may leave open
        specs = {name: results.get(name, spec) for name, spec in self.outputs[signature].items()}
        outputs = retry(
            lambda timeout: self.transport.predict(signature, specs, inputs, timeout),
            self.transport.server,
            self.timeout,
            self.notify,
        )
        check_outputs(signature, specs, outputs, len(next(iter(inputs.values()))))
        return outputs

    def _check_texts(self, name: str, array: np.ndarray) -> None:
        if not array.dtype.hasobject or all(isinstance(each, (str, bytes)) for each in array.flat):
            return
        raise ConnectionError(
            f"{self.transport.server} takes texts, or a type that kvae does not use, as "
            f"`{name}` of {self.name!r}."
        )


def connect(
    server: str,
    name: str,
    *,
    timeout: float = TIMEOUT,
    notify: Notify = lambda sentence: None,
) -> RemoteModel:
    """Open a model on a server.

    Args:
        server: http://HOST:PORT or https://HOST:PORT for REST (TensorFlow Serving's port 8501),
            grpc://HOST:PORT for gRPC (8500).
        name: NAME for the version that the server prefers, NAME/VERSION or NAME/LABEL.
        timeout: Seconds that a request may take, including the time that the server is waited for.
        notify: Called with a sentence when a request waits for a server that may be starting.

    Raises:
        ConnectionError: If the server cannot be reached, or is not TensorFlow Serving.
        TimeoutError: If it does not answer in time.
        ValueError: If an argument is malformed, or the server does not have the model, or kvae did
            not export it.

    Example:
        >>> model = connect("http://localhost:8501", "celeba64")
        >>> images, z = model.sample(seeds=[0, 1, 2])
    """
    if not 0 < timeout <= LONGEST_TIMEOUT:  # also NaN
        raise ValueError(
            f"`timeout` must be more than 0 and at most {LONGEST_TIMEOUT:,} seconds. "
            f"Received: {timeout}."
        )
    transport = _transport(server, Servable.parse(name))
    signatures = retry(transport.signatures, transport.server, timeout, notify).signature_def
    if missing := {"encode_pixels", "decode_pixels"} - set(signatures):
        raise ValueError(
            f"{name!r} on {server} is not a model that kvae exported: it has no endpoint "
            f"{' and no '.join(sorted(missing))}."
        )
    # The graph's initializer is among the signatures; it has no inputs.
    endpoints = {key: signature for key, signature in signatures.items() if signature.inputs}
    model = RemoteModel(name, transport, timeout, endpoints, {}, notify)
    try:
        if model.describes_itself:
            facts = read_json(model.call("describe", row=[0])["model_json"][0])
        else:
            facts = _shown_facts(endpoints)
        check_facts(facts, AUTOENCODER)
        check_endpoints(facts, model.endpoints, model.outputs)
    except (InvalidFacts, IndexError, KeyError) as error:
        raise ConnectionError(
            f"{transport.server} does not describe {name!r} as a model of kvae: {error}"
        ) from error
    if transport.image_size(facts["image_shape"]) > MAX_REQUEST:
        raise ValueError(
            f"{name!r} on {server} has images {list(facts['image_shape'])}, of which one is too "
            f"large for a request of {MAX_REQUEST:,} bytes."
        )
    return replace(model, metadata=facts)


def retry(
    attempt: Callable[[float], Answer],
    server: str,
    timeout: float,
    notify: Notify = lambda sentence: None,
) -> Answer:
    """Try until the server answers, for at most `timeout` seconds.

    The pauses double. Each is shortened at random, so that many clients do not return all at once.

    Args:
        attempt: Receives the seconds that are left; raises `Unavailable` where another try may
            help.
        server: Address of the server, for messages.
        timeout: Seconds for all tries together.
        notify: Called with a sentence before the second try.

    Raises:
        ConnectionError: If the server stays unavailable.
        TimeoutError: If it accepts a request and does not answer.
    """
    deadline, pause = time.monotonic() + timeout, FIRST_PAUSE
    while True:
        try:
            return attempt(max(deadline - time.monotonic(), SHORTEST_TRY))
        except Unavailable as error:
            if time.monotonic() + pause >= deadline:
                raise ConnectionError(f"{error} It was tried for {timeout:g} seconds.") from error
            if pause == FIRST_PAUSE:
                notify(f"{error} Waiting for it, {timeout:g} seconds at most.")
        except TimeoutError as error:
            raise TimeoutError(f"{server} did not answer within {timeout:g} seconds.") from error
        time.sleep(random.uniform(0.5, 1.0) * pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _shown_facts(signatures: Mapping[str, SignatureDef]) -> dict[str, Any]:
    """Gather the facts of a `model.json` that the signatures show."""
    return {
        "image_shape": shape_of(signatures["encode_pixels"].inputs["image"])[1:],
        "latent_dim": shape_of(signatures["decode_pixels"].inputs["z"])[1],
        "priors": [prior for prior, endpoint in PRIORS.items() if endpoint in signatures],
    }


def _transport(server: str, servable: Servable) -> Transport:
    try:
        address = urlsplit(server)
        scheme, host, port = address.scheme, address.hostname, address.port
        (host or "").encode("idna")
        address.path.encode("ascii")
    except ValueError:  # the port is not a number, or a part of the name is empty or too long
        scheme = host = port = None
    is_plain = server.isprintable() and not set(server) & set(" @?#")  # no user, no query
    if scheme in ("http", "https") and host and is_plain:
        from .rest import Rest

        return Rest(server.rstrip("/"), servable)
    if scheme == "grpc" and host and port and is_plain and address.path in ("", "/"):
        from .grpc import Grpc

        return Grpc(server.rstrip("/"), servable)
    raise ValueError(
        "`server` must be http://HOST:PORT, https://HOST:PORT or grpc://HOST:PORT. "
        f"Received: {server!r}."
    )
