"""Answers of servers that are slow, endless or not TensorFlow Serving, byte by byte."""

import socket
import threading
import time
from contextlib import contextmanager, suppress

import numpy as np
import pytest

from keras_vae.inference.remote import connect, rest
from keras_vae.inference.remote.transport import Servable
from tests.serving.certificates import certified


@contextmanager
def raw_server(*parts):
    """A port whose first client receives bytes: 20 parts each second, then nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()

        def answer():
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                for part in parts:
                    connection.sendall(part)
                    if ended.wait(0.05):
                        return
                ended.wait(20)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"


@pytest.mark.parametrize(
    "parts",
    [[HEAD + b"\r\n", *[b" "] * 100], [HEAD, *[b"A: b\r\n"] * 100], [b"H"] * 100],
    ids=["body", "headers", "status"],
)
def test_the_timeout_is_that_of_the_whole_request(parts):
    with (
        raw_server(*parts) as address,
        pytest.raises(TimeoutError, match=r"did not answer within 0\.3 seconds"),
    ):
        connect(address, "colour", timeout=0.3)


@pytest.mark.parametrize("reads", [True, False])
def test_the_timeout_is_also_that_of_the_handshake_and_of_what_is_sent(
    tmp_path, monkeypatch, reads
):
    context, certificate = certified(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    ended = threading.Event()

    def answer(listening):
        with suppress(OSError), listening.accept()[0] as connection:
            ended.wait(0.8)
            with context.wrap_socket(connection, server_side=True) as encrypted:
                while not ended.wait(0.05):
                    if reads:
                        encrypted.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        client = rest.Rest(f"https://localhost:{listening.getsockname()[1]}", Servable("colour"))
        photos = {"image_bytes": np.array([b"x" * 20_000_000], object)}
        start = time.monotonic()
        with pytest.raises(TimeoutError):
            client.predict("encode", {}, photos, timeout=1)
        took = time.monotonic() - start
        ended.set()
        thread.join()
    assert took < 1.6


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", "with 9,999,999,999 bytes"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101, "not speak HTTP correctly: got more than 100"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000, "not speak HTTP correctly: .*65536 bytes"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n",
            "redirects to ftp://127.0.0.1/x. Redirections are not followed",
        ),
        (
            b'HTTP/1.1 500 No\r\nContent-Length: 99\r\n\r\n{"error": "\\u001b[31m'
            + b"x" * 76
            + b'"}',
            r"error 500: �\[31mx+$",
        ),
        (
            b"HTTP/1.1 500 No\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70_000,
            r"error 500: No$",
        ),
        (b"HTTP/1.1 500 " + b"x" * 9000 + b"\r\nContent-Length: 0\r\n\r\n", r"x{2000} …$"),
    ],
    ids=["body", "headers", "header", "redirection", "control", "error", "reason"],
)
def test_sizes_and_texts_of_answers_are_limited(answer, message):
    with raw_server(answer) as address, pytest.raises(ConnectionError, match=message):
        connect(address, "colour", timeout=60)


def test_a_body_without_a_length_is_limited(monkeypatch):
    monkeypatch.setattr(rest, "MAX_ANSWER", 1000)
    answer = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 1001
    with raw_server(answer) as address, pytest.raises(ConnectionError, match="more than 1,000"):
        connect(address, "colour", timeout=60)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e12])
def test_a_timeout_that_is_no_time_is_refused(timeout):
    with pytest.raises(ValueError, match="`timeout` must be more than 0"):
        connect("http://localhost:1", "colour", timeout=timeout)


def test_a_chunk_of_a_negative_size_is_named_with_the_server():
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n"
    with raw_server(answer) as address, pytest.raises(ConnectionError, match="negative") as raised:
        connect(address, "colour", timeout=60)
    assert str(raised.value).startswith(f"{address} does not speak HTTP correctly: a chunk")
