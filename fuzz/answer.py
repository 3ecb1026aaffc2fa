"""A server's answers over REST: status, headers and bodies."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from unittest.mock import patch

from keras_vae.inference.remote import connect

from .members import packed, unpacked

HAS_MEMBERS = True
REQUESTS = ("metadata", "describe", "encode")
SECONDS = 0.09  # less than the first pause: nothing is tried twice
BUFFER = 2**20

PIXELS, NUMBERS = "DT_UINT8", "DT_FLOAT"


def seeds() -> Iterator[bytes]:
    """Yield the answers of a model, and errors."""
    facts = json.dumps({"image_shape": [1, 2, 1], "latent_dim": 2, "data": {}, "priors": []})
    bodies = (
        {"metadata": {"signature_def": {"signature_def": _signatures()}}},
        {"predictions": [facts]},
        {"predictions": [{"z_mean": [0.5, 1], "z_log_var": [0, -1]}]},
    )
    good = [_response(body) for body in bodies]
    yield packed(dict(zip(REQUESTS, good, strict=True)))
    for status in (b"301 Moved", b"400 Bad", b"404 Not Found", b"503 Busy", b"504 Late"):
        bad = _response({"error": "a reason"}, status)
        yield packed(dict(zip(REQUESTS, (good[0], good[1], bad), strict=True)))
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    yield packed({REQUESTS[0]: chunks})


def read(content: bytes) -> None:
    """Connect to the server, and encode an image."""
    members = unpacked(content)
    answers = iter([members.get(name, b"") for name in REQUESTS])

    def connected(connection: object) -> None:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        with theirs:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
            theirs.setblocking(False)
            theirs.send(next(answers, b"")[:BUFFER] or b" ")
            theirs.shutdown(socket.SHUT_WR)
            connection.sock = ours
            connection.kept = theirs.dup()  # closed with the connection

    with patch("http.client.HTTPConnection.connect", connected):
        model = connect("http://server:8501", "colour", timeout=SECONDS)
        model.call("encode_pixels", image=[[[[0], [1]]]])


def _response(body: object, status: bytes = b"200 OK") -> bytes:
    content = json.dumps(body).encode()
    kind = b"Content-Type: application/json\r\nLocation: http://other\r\n"
    length = b"Content-Length: %d\r\n" % len(content)
    return b"HTTP/1.1 " + status + b"\r\n" + kind + length + b"\r\n" + content


def _signatures() -> dict[str, object]:
    image, z = _tensor(PIXELS, [-1, 1, 2, 1]), _tensor(NUMBERS, [-1, 2])
    return {
        "encode_pixels": {"inputs": {"image": image}, "outputs": {"z_mean": z, "z_log_var": z}},
        "decode_pixels": {"inputs": {"z": z}, "outputs": {"image": image}},
        "describe": {
            "inputs": {"row": _tensor("DT_INT64", [-1])},
            "outputs": {"model_json": _tensor("DT_STRING", [-1])},
        },
    }


def _tensor(kind: str, shape: list[int]) -> dict[str, object]:
    return {"dtype": kind, "tensor_shape": {"dim": [{"size": str(side)} for side in shape]}}
