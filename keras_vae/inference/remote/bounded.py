"""HTTP whose answers have a deadline and a largest size."""

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


class TooLarge(Exception):
    """An answer is larger than its limit."""


def opener() -> OpenerDirector:
    """Make an opener of http:// and https:// only, which follows no redirections.

    A redirection could name another scheme, and would turn a POST into a GET. The timeout of a
    request is that of all its parts together: connection, headers and body.
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
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.connection.settimeout(left)
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

    def __init__(self, *args: Any, timeout: float, **kwargs: Any) -> None:
        super().__init__(*args, timeout=timeout, **kwargs)
        self.response_class = partial(_Response, deadline=time.monotonic() + timeout)


class _Encrypted(HTTPSConnection):
    """A connection with TLS whose timeout is that of the whole request."""

    def __init__(self, *args: Any, timeout: float, **kwargs: Any) -> None:
        super().__init__(*args, timeout=timeout, **kwargs)
        self.response_class = partial(_Response, deadline=time.monotonic() + timeout)


class _PlainHandler(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Plain, req)


class _EncryptedHandler(HTTPSHandler):
    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Encrypted, req, context=self._context)
