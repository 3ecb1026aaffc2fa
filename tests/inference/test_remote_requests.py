"""Requests have a largest size, and are written within their time."""

import tracemalloc

import numpy as np
import pytest

from keras_vae.inference.remote import connect, grpc, rest
from keras_vae.inference.remote.model import RemoteModel, _transport
from keras_vae.inference.remote.rest import Rest
from keras_vae.inference.remote.transport import Servable
from tests.serving.fake_server import serve


@pytest.mark.parametrize(
    ("scheme", "shape", "rows"),
    [
        ("http", [512, 512, 3], 128),
        ("http", [547, 547, 3], 128),
        ("http", [560, 560, 3], 61),
        ("http", [2000, 2000, 3], 4),
        ("http", [6000, 6000, 3], 1),
        ("grpc", [1182, 1182, 3], 128),
        ("grpc", [2000, 2000, 3], 22),
    ],
)
def test_large_images_are_sent_in_smaller_batches(scheme, shape, rows):
    transport = _transport(f"{scheme}://host:1", Servable("faces"))
    facts = {"image_shape": shape, "latent_dim": 2}
    model = RemoteModel("faces", transport, 1, {}, facts, None)
    assert model.batch == rows


@pytest.fixture(scope="module")
def server(models_dir):
    with serve([models_dir / "colour"]) as fake:
        yield fake


@pytest.mark.parametrize("module", [rest, grpc])
def test_a_request_has_a_largest_size(server, monkeypatch, module):
    remote = connect(getattr(server, module.__name__.rpartition(".")[2]), "colour")
    monkeypatch.setattr(module, "MAX_REQUEST", 100)
    server.requests.clear()
    with pytest.raises(ValueError, match=r"inputs of 'decode' must fit in a request"):
        remote.call("decode", z=np.full((30, 6), 0.1))
    with pytest.raises(ValueError, match=r"inputs of 'encode' must fit in a request"):
        remote.call("encode", image_bytes=[b"x" * 101])
    assert not server.requests


def test_a_request_takes_little_more_memory_than_its_text():
    class Kept(Rest):
        def _exchange(self, path, body, timeout):
            raise InterruptedError(len(body))

    image = np.random.default_rng(0).integers(0, 256, (1, 300, 300, 3), np.uint8)
    tracemalloc.start()
    try:
        with pytest.raises(InterruptedError) as raised:
            Kept("http://x:1", Servable("faces")).predict("encode_pixels", {}, {"image": image}, 60)
        assert tracemalloc.get_traced_memory()[1] < 5 * raised.value.args[0]
    finally:
        tracemalloc.stop()


def test_the_time_to_write_a_request_counts():
    z = np.zeros((1, 10, 10), np.float32)
    with pytest.raises(TimeoutError):
        Rest("http://127.0.0.1:1", Servable("faces")).predict("decode", {}, {"z": z}, timeout=1e-9)
