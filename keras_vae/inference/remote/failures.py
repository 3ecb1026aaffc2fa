"""What an answer means that is no result."""

from __future__ import annotations

from ..model import reason


class Unavailable(Exception):
    """The server cannot answer now; it may in a moment."""


def failure(status: int, message: str, server: str, model: str) -> Exception:
    """Say what an error status of a server means here.

    Args:
        status: Of HTTP; TensorFlow Serving gives each status of gRPC one.
        message: The server's own.
        server: Its address.
        model: The name that was asked for.
    """
    sentence = reason(message)
    if status == 400:
        return ValueError(sentence)
    if status == 404:
        return ValueError(
            f"{server} has no model {model!r} ready. Which ones it has, it does not tell. "
            f"It says: {sentence}"
        )
    if status == 503:
        return Unavailable(f"{server} is not available: {sentence.rstrip('.')}.")
    if status == 504:
        return TimeoutError(sentence)
    return ConnectionError(f"{server} answered with error {status}: {sentence}")
