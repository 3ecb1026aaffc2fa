"""HTTP with a deadline, and a largest size of answers."""

from __future__ import annotations

import time
from functools import partial
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
)
from io import BufferedReader, RawIOBase
from socket import SocketIO, socket
from typing import Any
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

PART = 2**16  # bytes that are sent at a time


class TooLarge(Exception):
    """An answer is larger than its limit."""


def opener() -> OpenerDirector:
    """Make an opener of http:// and https:// only, which follows no redirections.

    A redirection could name another scheme, and would turn a POST into a GET. The timeout of a
    request is that of all its parts together: connection, handshake, what is sent, and the answer.
    """
    director = OpenerDirector()
    for handler in (
        ProxyHandler(),
        _PlainHandler(),
        _EncryptedHandler(),
        HTTPErrorProcessor(),
        HTTPDefaultErrorHandler(),
    ):
        director.add_handler(handler)
    return director


def read_body(response: HTTPResponse, limit: int) -> bytes:
    """Read the body of an answer.

    Args:
        response: The answer.
        limit: Bytes that it may have.

    Raises:
        TooLarge: If it has more.
        IncompleteRead: If it breaks off.
        HTTPException: If it is no body of HTTP.
        TimeoutError: If the request's time is over.
    """
    announced = response.length  # None if the server does not announce it
    if announced is not None and announced > limit:
        raise TooLarge(f"{announced:,} bytes; the limit is {limit:,}")
    try:
        body = response.read(limit + 1)
    except ValueError as error:  # of the buffer, which is to read fewer bytes than none
        raise HTTPException("a chunk has a negative size") from error
    if len(body) > limit:
        raise TooLarge(f"more than {limit:,} bytes")
    if announced is not None and len(body) < announced:
        raise IncompleteRead(body, announced - len(body))
    return body


def seconds_left(deadline: float) -> float:
    """Return the seconds until a deadline.

    Raises:
        TimeoutError: If there are none.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


class _Timed(RawIOBase):
    """Reads from a socket until a deadline.

    A socket's timeout is that of each single operation: a server that sends a byte a second would
    never end.
    """

    def __init__(self, connection: socket, deadline: float) -> None:
        super().__init__()
        self.connection = connection
        self.deadline = deadline
        self.raw: SocketIO = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self.connection.settimeout(seconds_left(self.deadline))
        return self.raw.readinto(buffer)

    def close(self) -> None:
        self.raw.close()
        super().close()


class _Response(HTTPResponse):
    """An answer that is read until a deadline."""

    def __init__(self, sock: socket, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = BufferedReader(_Timed(sock, deadline))


class _Plain(HTTPConnection):
    """A connection whose timeout is that of the whole request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.deadline = time.monotonic() + self.timeout
        self.response_class = partial(_Response, deadline=self.deadline)

    def connect(self) -> None:
        """Connect; what follows, such as a handshake, has the time that is left."""
        super().connect()
        self.sock.settimeout(seconds_left(self.deadline))

    def send(self, data: Any) -> None:
        """Send bytes, part by part: a server may read one a second."""
        if self.sock is None:
            self.connect()
        rest = memoryview(data)
        while rest:
            self.sock.settimeout(seconds_left(self.deadline))
            rest = rest[self.sock.send(rest[:PART]) :]


class _Encrypted(HTTPSConnection, _Plain):
    """A connection with TLS; HTTPSConnection begins it where `_Plain` has connected."""


class _PlainHandler(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Plain, req)


class _EncryptedHandler(HTTPSHandler):
    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Encrypted, req, context=self._context)
