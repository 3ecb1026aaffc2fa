"""Configurations are read as the server, Docker Compose and a shell read them."""

import csv
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from keras_vae.inference.model import BATCH
from keras_vae.serving import configuration as serving
from keras_vae.serving.configuration import ModelConfig

FACES = ModelConfig(Path("/models of mine/faces"), {"stable": 3, "canary": 4})
DIGITS = ModelConfig(Path("/other/digits"))


@pytest.fixture(scope="module")
def messages():
    """BatchingParameters and MonitoringConfig, which tensorflow-serving-api leaves out.

    The fields and numbers are those of session_bundle_config.proto and monitoring_config.proto.
    """
    file = FileDescriptorProto(name="left_out.proto", package="tensorflow.serving", syntax="proto3")
    kinds = {kind.lower()[5:]: number for kind, number in FieldDescriptorProto.Type.items()}

    def message(name, **fields):
        added = file.message_type.add(name=name)
        for number, (key, kind) in enumerate(fields.items(), start=1):
            repeated = kind.startswith("repeated ")
            kind = kind.removeprefix("repeated ")
            field = added.field.add(name=key, number=number, label=3 if repeated else 1)
            if kind in kinds:
                field.type = kinds[kind]
            else:
                field.type, field.type_name = kinds["message"], f".tensorflow.serving.{kind}"

    message("Int64Value", value="int64")
    message("StringValue", value="string")
    message(
        "BatchingParameters",
        max_batch_size="Int64Value",
        batch_timeout_micros="Int64Value",
        max_enqueued_batches="Int64Value",
        num_batch_threads="Int64Value",
        thread_pool_name="StringValue",
        allowed_batch_sizes="repeated int64",
        pad_variable_length_inputs="bool",
    )
    message("PrometheusConfig", enable="bool", path="string")
    message("MonitoringConfig", prometheus_config="PrometheusConfig")
    pool = DescriptorPool()
    pool.Add(file)
    return lambda name: GetMessageClass(pool.FindMessageTypeByName(f"tensorflow.serving.{name}"))()


def parsed_models(models, *folder):
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

    config = text_format.Parse(serving.files(models, *folder)["models.config"], ModelServerConfig())
    return config.model_config_list.config


def test_models_are_named_with_their_folders_in_the_container():
    faces, digits = parsed_models([FACES, DIGITS])
    assert (faces.name, faces.base_path) == ("faces", "/models/faces")
    assert (digits.name, digits.base_path) == ("digits", "/models/digits")
    assert {faces.model_platform, digits.model_platform} == {"tensorflow"}


def test_labelled_versions_are_served_and_otherwise_the_highest():
    faces, digits = parsed_models([FACES, DIGITS])
    assert dict(faces.version_labels) == {"stable": 3, "canary": 4}
    assert list(faces.model_version_policy.specific.versions) == [3, 4]
    assert not digits.HasField("model_version_policy")


def test_models_stay_where_they_are_without_a_container():
    model = ModelConfig(Path('/a "quoted" Ünicode\\folder/faces'))
    (config,) = parsed_models([model], None)
    assert config.base_path == str(model.folder)


@pytest.mark.parametrize("name", ["my faces", "faces;rm", "Gesichter:1", "ä", ""])
def test_names_must_fit_a_url(name):
    with pytest.raises(ValueError, match=r"letters, digits.*Received"):
        ModelConfig(Path("/models") / "faces", {name: 1})


def test_batches_are_bounded_and_of_few_sizes(messages):
    batching = text_format.Parse(
        serving.files([FACES])["batching.config"], messages("BatchingParameters")
    )
    sizes = list(batching.allowed_batch_sizes)
    assert sizes == sorted(set(sizes))
    assert sizes[0] == 1
    # The server demands the first, and refuses longer requests than the client sends.
    assert sizes[-1] == batching.max_batch_size.value == BATCH
    assert 0 < batching.batch_timeout_micros.value <= 10_000
    assert 0 < batching.max_enqueued_batches.value <= 100


@pytest.mark.slow
def test_models_are_batched_unless_an_upscaler_is_among_them(upscalers_dir, models_dir):
    faces, larger = ModelConfig(models_dir / "colour"), ModelConfig(upscalers_dir / "vdsr")
    for models, expected in (([faces, DIGITS], True), ([larger], False), ([faces, larger], False)):
        assert serving.uses_batching(models) == expected
        service = yaml.safe_load(serving.files(models)["compose.yaml"])["services"]["serving"]
        for words in (service["command"], serving.docker_command(models, Path("/etc/kvae"))):
            # The server refuses to start with the parameters alone.
            flags = [word for word in words if "batching" in word]
            assert len(flags) == (2 if expected else 0)
        assert ("batching.config" in serving.files(models)) == expected


def test_monitoring_and_prometheus_mean_the_same_page(messages):
    config = text_format.Parse(
        serving.files([FACES])["monitoring.config"], messages("MonitoringConfig")
    )
    assert config.prometheus_config.enable
    (job,) = yaml.safe_load(serving.files([FACES])["prometheus.yml"])["scrape_configs"]
    assert job["metrics_path"] == config.prometheus_config.path
    services = yaml.safe_load(serving.files([FACES])["compose.yaml"])["services"]
    (target,) = job["static_configs"][0]["targets"]
    host, port = target.split(":")
    assert host in services
    assert f"--rest_api_port={port}" in services[host]["command"]


def test_every_configuration_file_is_mounted():
    service = yaml.safe_load(serving.files([FACES, DIGITS])["compose.yaml"])["services"]["serving"]
    mounts = {mount["target"]: mount["source"] for mount in service["volumes"]}
    assert mounts == {
        "/config": ".",
        "/models/faces": str(FACES.folder),
        "/models/digits": "/other/digits",
    }
    assert all(mount["read_only"] for mount in service["volumes"])
    flags = dict(flag.removeprefix("--").split("=") for flag in service["command"])
    written = serving.files([FACES, DIGITS])
    for name in ("model_config_file", "batching_parameters_file", "monitoring_config_file"):
        folder, _, file = flags[name].rpartition("/")
        assert folder == "/config"
        assert file in written
    assert {config.base_path for config in parsed_models([FACES, DIGITS])} < set(mounts)


def test_no_port_is_opened_to_the_network():
    services = yaml.safe_load(serving.files([FACES])["compose.yaml"])["services"].values()
    ports = [port for service in services for port in service["ports"]]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)
    command = serving.docker_command([FACES], Path("/etc/kvae"))
    published = [command[at + 1] for at, word in enumerate(command) if word == "--publish"]
    assert published == ["127.0.0.1:8500:8500", "127.0.0.1:8501:8501"]


def test_docker_runs_what_compose_runs():
    service = yaml.safe_load(serving.files([FACES, DIGITS])["compose.yaml"])["services"]["serving"]
    command = serving.docker_command([FACES, DIGITS], Path("/etc/kvae"))
    assert command[:3] == ["docker", "run", "--rm"]
    assert command[command.index(service["image"]) + 1 :] == service["command"]
    assert command[command.index("--entrypoint") + 1] == service["entrypoint"][0]
    assert mounted(command) == {
        "/config": "/etc/kvae",
        "/models/faces": str(FACES.folder),
        "/models/digits": "/other/digits",
    }


def mounted(command):
    """Sources of a command's mounts by their targets; Docker reads each mount as a line of CSV."""
    mounts = csv.reader(word for word in command if word.startswith("type=bind"))
    fields = [dict(field.partition("=")[::2] for field in mount) for mount in mounts]
    assert all(list(each) == ["type", "source", "target", "readonly"] for each in fields)
    return {each["target"]: each["source"] for each in fields}


@pytest.mark.parametrize("parent", ["a,b", "a,readonly", 'a"b', '"a,b"', "a=b"])
def test_any_path_is_mounted(parent):
    folder = Path("/", parent, "faces")
    command = serving.docker_command([ModelConfig(folder)], Path("/etc", parent))
    assert mounted(command) == {"/config": f"/etc/{parent}", "/models/faces": str(folder)}


def test_a_path_that_is_no_utf8_is_refused():
    with pytest.raises(ValueError, match=r"`folder` of a model must be UTF-8\. Received: '/caf"):
        ModelConfig(Path("/caf\udce9/faces"))


def test_a_dollar_is_no_variable():
    text = serving.files([ModelConfig(Path("/ho$me/faces"))])["compose.yaml"]
    assert '"/ho$$me/faces"' in text


@pytest.fixture
def port():
    """The port of a server with the model `up` ready and `down` still loading."""

    class Status(BaseHTTPRequestHandler):
        def do_GET(self):
            state = {"/v1/models/up": b"AVAILABLE", "/v1/models/down": b"LOADING"}.get(self.path)
            self.send_response(200 if state else 404)
            self.end_headers()
            self.wfile.write(b'{"state": "%s"}' % (state or b""))

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Status)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("names", "healthy"), [(["up"], True), (["up", "up"], True), (["up", "down"], False)]
)
def test_health_is_that_of_every_model(port, names, healthy):
    models = [ModelConfig(Path("/models") / name) for name in names]
    command = ["bash", "-c", serving.health_check(models, port)]
    assert (subprocess.run(command, capture_output=True, timeout=60).returncode == 0) == healthy


def test_health_check_fails_where_no_server_is():
    script = serving.health_check([DIGITS], port=1)
    assert subprocess.run(["bash", "-c", script], capture_output=True, timeout=60).returncode
    test = yaml.safe_load(serving.files([DIGITS])["compose.yaml"])["services"]["serving"][
        "healthcheck"
    ]["test"]
    assert test == ["CMD", "bash", "-c", serving.health_check([DIGITS])]
