import json
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest

from keras_vae.inference import registry as runtime
from keras_vae.inference.remote import connect
from keras_vae.inference.remote import model as remote_module
from keras_vae.inference.remote.model import retry
from keras_vae.inference.remote.rest import Rest
from keras_vae.inference.remote.transport import Servable, Unavailable
from keras_vae.serving import messages
from tests.serving.certificates import certified
from tests.serving.fake_server import serve
from tests.serving.signatures import SHIPPED
from tests.serving.suite import Suite, same

# REST is used without TensorFlow, and without gRPC; gRPC without TensorFlow.
LEAN = """
import sys
from keras_vae.inference.remote import connect
from keras_vae.inference.remote import model as remote_module
from keras_vae.inference.remote.model import retry
model = connect(sys.argv[1], "colour")
images, z = model.sample([1, 2])
model.feature_maps(images[:1])
model.decode(z + model.direction("Young"))
assert "tensorflow" not in sys.modules
assert sys.argv[1].startswith("grpc") == ("grpc" in sys.modules)
"""


@pytest.fixture(scope="module")
def server(models_dir):
    """A server of `colour`, `grey`, and a model that was exported without `describe`."""
    folders = [models_dir / "colour", models_dir / "grey", SHIPPED / "celeba"]
    with serve(folders, {"stable": 1}) as fake:
        yield fake


@pytest.fixture(params=["rest", "grpc"])
def address(server, request):
    server.faults.clear()
    server.requests.clear()
    return getattr(server, request.param)


class Clock:
    """A clock that only pauses move."""

    def __init__(self):
        self.now, self.pauses = 0.0, []

    def monotonic(self):
        """Return the time in seconds."""
        return self.now

    def sleep(self, seconds):
        """Move on at once."""
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    """The clock of the tries: pauses take no time, and nothing else does."""
    clock = Clock()
    monkeypatch.setattr(remote_module, "time", clock)
    return clock


@pytest.fixture(scope="module")
def local(models_dir):
    return runtime.load(models_dir / "colour", runtime="tensorflow")


@pytest.mark.slow
class TestStandIn(Suite):
    """The suite, on a server of `colour`."""


@pytest.fixture
def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_client_imports_no_tensorflow(address):
    done = subprocess.run([sys.executable, "-c", LEAN, address], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_grey_model_without_attributes_prior_or_convolutions(address, grey_model):
    remote = connect(address, "grey")
    images, _ = grey_model.sample([1, 2, 3])
    same(remote.sample([1, 2, 3])[0], images)
    same(remote.encode(images)[0], grey_model.encode(images)[0])
    with pytest.raises(ValueError, match="no attributes"):
        remote.direction("Smiling")
    with pytest.raises(ValueError, match="without a fitted prior"):
        remote.sample([1], prior="gmm")
    with pytest.raises(ValueError, match="no convolutions"):
        remote.feature_maps(images)


def test_a_model_without_describe_is_known_by_its_signatures(address):
    local, remote = (
        runtime.load(SHIPPED / "celeba", runtime="tensorflow"),
        connect(address, "celeba"),
    )
    assert not remote.describes_itself
    assert remote.metadata == {
        "image_shape": (32, 32, 3),
        "latent_dim": 200,
        "priors": ["normal", "gmm"],
    }
    assert remote.attributes is None
    assert remote.kl_per_dimension is None
    assert not remote.of_aligned_faces
    same(remote.direction("Smiling"), local.direction("Smiling"))
    with pytest.raises(ValueError, match=r"`attribute` must be one of .* Received: Smilin\."):
        remote.direction("Smilin")


def test_a_label_is_requested(address):
    assert connect(address, "colour/stable").latent_dim == 6
    with pytest.raises(ValueError, match="Unrecognized servable version label: canary"):
        connect(address, "colour/canary")


@pytest.mark.parametrize("fault", [503, "hang up"])
def test_a_server_that_is_starting_is_waited_for(server, address, clock, fault):
    if fault == "hang up" and address.startswith("grpc"):
        pytest.skip("gRPC hides connections")
    server.faults.extend([fault, fault])
    remote = connect(address, "colour")
    server.requests.clear()
    server.faults.extend([fault, fault])
    assert remote.sample([1])[0].shape == (1, 32, 32, 3)
    assert [verb for verb, _ in server.requests] == [":predict"] * 3


def test_a_request_that_waits_is_reported_once(server, address, clock):
    sentences = []
    server.faults.extend([503] * 3)
    remote = connect(address, "colour", timeout=9, notify=sentences.append)
    assert len(sentences) == 1
    assert sentences[0].startswith(f"{address} is not available: Told to refuse.")
    assert sentences[0].endswith("Waiting for it, 9 seconds at most.")
    remote.sample([1])
    assert len(sentences) == 1
    server.faults.append(503)
    remote.sample([1])
    assert len(sentences) == 2


def test_tries_end_with_the_timeout(server, address, clock):
    server.faults.extend([503] * 100)
    with pytest.raises(ConnectionError, match=r"is not available: Told to refuse\. It was tried"):
        connect(address, "colour", timeout=10)
    assert 10 - remote_module.LONGEST_PAUSE <= clock.now < 10
    assert len(server.requests) == len(clock.pauses) + 1


def test_pauses_double_and_each_try_has_the_time_that_is_left(clock):
    limits = []

    def attempt(timeout):
        limits.append(timeout)
        clock.now += 0.25
        raise Unavailable("No.")

    with pytest.raises(ConnectionError, match=r"^No\. It was tried for 9 seconds\.$"):
        retry(attempt, "server", timeout=9)
    longest = np.minimum(0.1 * 2.0 ** np.arange(len(clock.pauses)), 2.0)
    assert np.all((clock.pauses >= longest / 2) & (clock.pauses <= longest))
    starts = np.cumsum([0, *clock.pauses]) + 0.25 * np.arange(len(limits))
    np.testing.assert_allclose(limits, 9 - starts)
    assert limits[-1] > 0


def test_a_server_that_hangs_is_given_up(server, address):
    server.faults.append("hang")
    with pytest.raises(TimeoutError, match=rf"{address} did not answer within 0\.3 seconds"):
        connect(address, "colour", timeout=0.3)
    assert len(server.requests) <= 1  # none if the machine is too busy to connect in that time
    server.released.set()
    server.released.clear()


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_a_port_that_nobody_listens_on_is_reported(free_port, clock, scheme):
    with pytest.raises(ConnectionError, match=r"refused.*tried for 4 seconds") as raised:
        connect(f"{scheme}://127.0.0.1:{free_port}", "colour", timeout=4)
    assert str(free_port) in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(("scheme", "port"), [("http", "rest_port"), ("grpc", "grpc_port")])
def test_a_port_that_opens_late_is_found(models_dir, free_port, scheme, port):
    with ExitStack() as stack:
        late = serve([models_dir / "grey"], **{port: free_port})
        remote = connect(
            f"{scheme}://127.0.0.1:{free_port}",
            "grey",
            notify=lambda sentence: stack.enter_context(late),  # before the second try
        )
        assert remote.latent_dim == 4
        assert remote.sample([1])[0].shape == (1, 8, 8, 1)


def test_request_is_as_the_rest_api_documents_it(server):
    server.requests.clear()
    remote = connect(server.rest, "colour")
    with pytest.raises(ValueError, match="image"):
        remote.call("morph", image_bytes=[b"\xff\xd8"], attribute=["Young"], strength=[0.1])
    verb, body = server.requests[-1]
    assert (verb, json.loads(body)) == (
        ":predict",
        {
            "signature_name": "morph",
            "instances": [
                {
                    "image_bytes": {"b64": "/9g="},
                    "attribute": "Young",
                    "strength": float(np.float32(0.1)),
                }
            ],
        },
    )


# Written by hand after the REST API's guide: 64-bit numbers are strings, one output comes bare.
METADATA = b"""{
"model_spec":{ "name": "tiny", "signature_name": "", "version": "1" }
,
"metadata": {"signature_def": { "signature_def": {
  "encode_pixels": {
    "inputs": {"image": {"dtype": "DT_UINT8", "tensor_shape": {"dim": [
      {"size": "-1", "name": ""}, {"size": "2", "name": ""}, {"size": "1", "name": ""},
      {"size": "1", "name": ""}], "unknown_rank": false}, "name": "encode_pixels_image:0"}},
    "outputs": {
      "z_mean": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [
        {"size": "-1", "name": ""}, {"size": "3", "name": ""}], "unknown_rank": false}},
      "z_log_var": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [
        {"size": "-1", "name": ""}, {"size": "3", "name": ""}], "unknown_rank": false}}},
    "method_name": "tensorflow/serving/predict", "defaults": {}},
  "decode_pixels": {
    "inputs": {"z": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [
      {"size": "-1", "name": ""}, {"size": "3", "name": ""}], "unknown_rank": false}}},
    "outputs": {"image": {"dtype": "DT_UINT8", "tensor_shape": {"dim": [
      {"size": "-1", "name": ""}, {"size": "2", "name": ""}, {"size": "1", "name": ""},
      {"size": "1", "name": ""}], "unknown_rank": false}}},
    "method_name": "tensorflow/serving/predict"},
  "decode": {
    "inputs": {"z": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [
      {"size": "-1", "name": ""}, {"size": "3", "name": ""}], "unknown_rank": false}}},
    "outputs": {"image_bytes": {"dtype": "DT_STRING", "tensor_shape": {"dim": [
      {"size": "-1", "name": ""}], "unknown_rank": false}}},
    "method_name": "tensorflow/serving/predict"}
}}}
}
"""


@pytest.fixture
def tiny(server):
    """A model of which only replayed answers are known: 2×1 grey pixels, z = 3."""
    server.faults.clear()
    server.faults.append(METADATA)
    return connect(server.rest, "tiny", timeout=60)


def test_replayed_answers_are_understood(server, tiny):
    assert (tiny.image_shape, tiny.latent_dim) == ((2, 1, 1), 3)
    assert not tiny.has_prior("normal")
    server.faults.append(
        b'{\n    "predictions": [\n        {\n            "z_mean": [0.1, -2.5e-07, 16777216.0],\n'
        b'            "z_log_var": [Infinity, -Infinity, 0.333333343]\n        }\n    ]\n}'
    )
    z_mean, z_log_var = tiny.encode(np.zeros((1, 2, 1, 1), np.uint8))
    np.testing.assert_array_equal(z_mean, np.float32([[0.1, -2.5e-7, 2**24]]))
    np.testing.assert_array_equal(z_log_var, np.float32([[np.inf, -np.inf, 1 / 3]]))
    server.faults.append(b'{"predictions": [[[[0]], [[255]]]]}')
    np.testing.assert_array_equal(tiny.decode(np.zeros((1, 3))), [[[[0]], [[255]]]])
    server.faults.append(b'{ "predictions": [{ "b64": "iVBORw==" }, { "b64": "" }] }')
    assert list(tiny.call("decode", z=np.zeros((2, 3)))["image_bytes"]) == [b"\x89PNG", b""]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"<html>", "did not answer 'predict'"),
        (b"", "did not answer 'predict'"),
        (b"[]", "did not answer 'decode_pixels'"),
        (b'{"outputs": [[[[0]], [[255]]]]}', "did not answer 'decode_pixels'"),
        (b'{"predictions": [[[[0]], [[256]]]]}', "did not answer 'decode_pixels'"),
        (b'{"predictions": [[[[0]], [[1], [2]]]]}', "the output 'image' must be uint8"),
        (b'{"predictions": [[[[0]], [[0.7]]]]}', "the output 'image' must be uint8"),
        (b'{"predictions": [[[[0]], [["7"]]]]}', "the output 'image' must be uint8"),
        (b'{"predictions": [[[[true]], [[true]]]]}', "the output 'image' must be uint8"),
        (b'{"predictions": [[[[0]], [[null]]]]}', "the output 'image' must be uint8"),
        (b'{"predictions": "0"}', "did not answer 'decode_pixels'"),
        (b'{"predictions": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "did not answer 'predict'"),
        (b'{"predictions": ' + b"[" * 200 + b"]" * 200 + b"}", "the output 'image' must be"),
        (b'{"predictions": [[[[0]]]]}', r"uint8 \[1, 2, 1, 1\]\. Received: uint8 \[1, 1, 1, 1\]"),
        (b'{"predictions": [[[[0]], [[1]]], [[[0]], [[1]]]]}', r"Received: uint8 \[2, 2, 1, 1\]"),
        (500, "answered with error 500: Told to refuse"),
        (429, "answered with error 429: Told to refuse"),
    ],
)
def test_other_answers_are_refused(server, tiny, answer, message):
    server.faults.append(answer)
    with pytest.raises(ConnectionError, match=message):
        tiny.decode(np.zeros((1, 3)))


@pytest.mark.parametrize(
    ("z_log_var", "message"),
    [
        (b', "z_log_var": [0.5, NaN, 1]', r"Received: 'z_log_var' with 1 NaN of 3 values"),
        (b', "z_log_var": [0.5, 1e39, 1]', "the output 'z_log_var' must be float32"),
        (b', "z_log_var": [0.5, null, 1]', "the output 'z_log_var' must be float32"),
        (b', "z_log_var": ["0.5", "1", "1"]', "the output 'z_log_var' must be float32"),
        (b"", "the output 'z_log_var' is missing"),
    ],
)
def test_outputs_that_are_nan_mistyped_or_missing_are_named(server, tiny, z_log_var, message):
    server.faults.append(b'{"predictions": [{"z_mean": [1, 2, 3]' + z_log_var + b"}]}")
    with pytest.raises(ConnectionError, match=message):
        tiny.encode(np.zeros((1, 2, 1, 1), np.uint8))


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "must be a JSON object"),
        (b"{}", "`image_shape` must be"),
        (b'{"image_shape": [1000000, 1000000, 3], "latent_dim": 2}', "must have at most"),
        (b'{"image_shape": [8, 8, 3], "latent_dim": "2"}', "`latent_dim` must be an integer"),
    ],
)
def test_a_description_of_another_form_is_refused(server, facts, message):
    server.faults.clear()
    describe = (
        b'"describe": {"inputs": {"row": {"dtype": "DT_INT64", "tensor_shape": {"dim": '
        b'[{"size": "-1"}]}}}, "outputs": {"model_json": {"dtype": "DT_STRING", "tensor_shape": '
        b'{"dim": [{"size": "-1"}]}}}},'
    )
    server.faults.append(METADATA.replace(b'"encode_pixels"', describe + b'"encode_pixels"', 1))
    server.faults.append(json.dumps({"predictions": [facts.decode()]}).encode())
    with pytest.raises(ConnectionError, match=f"does not describe 'tiny' as .*{message}"):
        connect(server.rest, "tiny", timeout=60)


def test_outputs_over_grpc_are_checked_before_they_fill_memory(server):
    remote = connect(server.grpc, "colour")
    answer = messages.PredictResponse()
    tensor = answer.outputs["image"]
    tensor.dtype = messages.DT_UINT8
    tensor.int_val.append(0)
    for side in (1, 100_000, 100_000, 3):
        tensor.tensor_shape.dim.add(size=side)
    transport = replace(remote.transport)
    object.__setattr__(transport, "_exchange", lambda *_: answer)
    with pytest.raises(ConnectionError, match=r"output 'image': .* at most 536,870,912 bytes"):
        replace(remote, transport=transport).decode(np.zeros((1, 6)))


def test_an_error_whose_message_breaks_off_is_reported_by_its_status(server, tiny, clock):
    server.faults.append(("torn", 500))
    with pytest.raises(ConnectionError, match="answered with error 500: Internal Server Error"):
        tiny.decode(np.zeros((1, 3)))
    server.faults.extend([("torn", 503), b'{"predictions": [[[[0]], [[255]]]]}'])
    assert tiny.decode(np.zeros((1, 3))).shape == (1, 2, 1, 1)


@pytest.mark.parametrize("answer", [b"{}", b"hello", b'{"metadata": {"signature_def": []}}'])
def test_another_kind_of_server_is_refused(server, answer):
    server.faults.clear()
    server.faults.append(answer)
    with pytest.raises(ConnectionError, match=r"did not answer .* as TensorFlow Serving does"):
        connect(server.rest, "colour")


def test_another_kind_of_model_is_refused(server):
    server.faults.clear()
    server.faults.append(METADATA.replace(b"encode_pixels", b"predict"))
    with pytest.raises(ValueError, match=r"not a model that kvae exported.*encode_pixels"):
        connect(server.rest, "half_plus_two")


def test_swapped_ports_are_reported(server, clock):
    with pytest.raises(ConnectionError, match=r"does not speak HTTP|closed connection"):
        connect(
            server.rest.replace(str(server.rest_port), str(server.grpc_port)), "colour", timeout=5
        )
    with pytest.raises((ConnectionError, TimeoutError)):
        connect(
            server.grpc.replace(str(server.grpc_port), str(server.rest_port)), "colour", timeout=0.5
        )


@pytest.mark.parametrize(
    "address",
    [
        "localhost:8501",
        "http://",
        "http://host:port",
        "grpc://host",
        "ftp://host:21",
        "",
        "http",
        "file:///etc/passwd",
        "http://user:word@host",
        "http://host?x=1",
        "http://a b",
        "grpc://host:1/path",
        "http://ä..b:1",
        "http://host/ü",
        f"http://{'a' * 64}:1",
        "grpc://a..b:1",
    ],
)
def test_address_of_another_form_is_refused(address):
    with pytest.raises(ValueError, match="`server` must be http://HOST:PORT"):
        connect(address, "colour")


def test_an_unknown_host_is_not_waited_for(clock):
    with pytest.raises(ConnectionError, match=r"http://nowhere\.invalid:1 cannot be reached"):
        connect("http://nowhere.invalid:1", "colour", timeout=60)
    assert not clock.pauses


@pytest.mark.parametrize(
    ("text", "servable", "path"),
    [
        ("faces", Servable("faces"), "faces"),
        ("faces/12", Servable("faces", version=12), "faces/versions/12"),
        ("faces/stable", Servable("faces", label="stable"), "faces/labels/stable"),
        ("my faces/a b", Servable("my faces", label="a b"), "my%20faces/labels/a%20b"),
    ],
)
def test_names_on_a_server(text, servable, path):
    assert Servable.parse(text) == servable
    assert str(servable) == text
    assert Rest("https://host/prefix", servable)._url == f"https://host/prefix/v1/models/{path}"


DIGITS = [f"faces/{'9' * count}" for count in (19, 5000)]


@pytest.mark.parametrize(
    "text", ["", "/", "faces/", "/1", "out/faces/1", "caf\udce9", "faces/caf\udce9", *DIGITS]
)
def test_malformed_names_are_refused(text):
    with pytest.raises(ValueError, match="NAME, NAME/VERSION or NAME/LABEL"):
        Servable.parse(text)


def test_https_is_checked_against_the_trusted_certificates(server, tmp_path, monkeypatch):
    context, certificate = certified(tmp_path)
    with serve([server.models["grey"][1].path.parent], tls=context) as fake:
        address = fake.rest.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(ConnectionError, match="certificate"):
            connect(address, "grey", timeout=60)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert connect(address, "grey", timeout=60).latent_dim == 4


def test_an_error_without_a_reason_is_no_empty_message():
    for status in (400, 404, 500):
        error = Rest("http://x:1", Servable("faces")).failure(status, "")
        assert "http://x:1 gives no reason." in str(error)


def test_an_input_that_the_server_takes_as_texts_is_refused_by_name():
    model = remote_module.RemoteModel("faces", Rest("http://x:1", None), 1, {}, {}, None)
    with pytest.raises(ConnectionError, match=r"http://x:1 takes texts.* as `image` of 'faces'"):
        model._check_texts("image", np.array([[1]], object))
