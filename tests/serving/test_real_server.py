"""The client's suite on a real TensorFlow Serving, where there is one.

KVAE_TF_SERVING names a `tensorflow_model_server` binary, which is then started, or the address
HOST:REST_PORT[:GRPC_PORT] of a server that serves the shipped model `celeba64` as "celeba64".
"""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from keras_vae.inference import registry as runtime
from keras_vae.inference.remote import connect
from tests.serving.suite import Suite

SHIPPED = Path(__file__).parents[2] / "saved_models"


@pytest.fixture(scope="module")
def addresses():
    """Where the server is, by protocol."""
    named = os.environ.get("KVAE_TF_SERVING")
    if not named:
        pytest.skip("KVAE_TF_SERVING names no server")
    if not (binary := shutil.which(named)):
        host, *ports = named.split(":")
        yield addresses_of(host, *ports)
        return
    rest_port, grpc_port = free_ports(2)
    server = subprocess.Popen(
        [
            binary,
            f"--rest_api_port={rest_port}",
            f"--port={grpc_port}",
            "--model_name=celeba64",
            f"--model_base_path={SHIPPED / 'celeba64'}",
        ]
    )
    try:
        started = addresses_of("127.0.0.1", rest_port, grpc_port)
        connect(started["rest"], "celeba64", timeout=120)
        yield started
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(params=["rest", "grpc"])
def address(addresses, request):
    if request.param not in addresses:
        pytest.skip("KVAE_TF_SERVING names no port for gRPC")
    return addresses[request.param]


@pytest.fixture(scope="module")
def local():
    return runtime.load(SHIPPED / "celeba64", runtime="tensorflow")


class TestRealServer(Suite):
    """The suite, on a server of the shipped `celeba64`."""


def addresses_of(host, rest_port, grpc_port=None):
    rest = {"rest": f"http://{host}:{rest_port}"}
    return rest if grpc_port is None else {**rest, "grpc": f"grpc://{host}:{grpc_port}"}


def free_ports(count):
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in taken]
    for each in taken:
        each.close()
    return ports
