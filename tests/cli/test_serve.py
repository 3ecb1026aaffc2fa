import shlex
import stat

import pytest
import yaml
from google.protobuf import text_format

from keras_vae.serving import configuration as serving
from tests.fake_models import fake_model

FILES = {"models.config", "batching.config", "monitoring.config", "prometheus.yml", "compose.yaml"}


def configs(text):
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

    parsed = text_format.Parse(text, ModelServerConfig())
    return {config.name: config for config in parsed.model_config_list.config}


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A PATH on which programs can be put; they tell what they are called with."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def add(name, script):
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    return add


def test_out_holds_all_that_a_machine_with_docker_needs(kvae, tmp_path, models_dir):
    result = kvae("serve", "colour", "grey", "--label", "colour/stable=1", "--out", "conf")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "conf").iterdir()} == FILES
    models = configs((tmp_path / "conf" / "models.config").read_text())
    assert dict(models["colour"].version_labels) == {"stable": 1}
    assert not models["grey"].version_labels
    compose = yaml.safe_load((tmp_path / "conf" / "compose.yaml").read_text())
    sources = [mount["source"] for mount in compose["services"]["serving"]["volumes"]]
    assert sources == [".", str(models_dir / "colour"), str(models_dir / "grey")]
    commands = [shlex.split(line) for line in result.output.splitlines() if line[:6] == "docker"]
    assert commands[0][-3:] == [str(tmp_path / "conf" / "compose.yaml"), "up", "--wait"]
    assert f"type=bind,source={tmp_path / 'conf'},target=/config,readonly" in commands[1]


def test_label_without_a_model_is_of_every_model(kvae, tmp_path):
    assert kvae("serve", "colour", "grey", "--label", "stable=1", "--out", ".").exit_code == 0
    models = configs((tmp_path / "models.config").read_text())
    assert all(dict(model.version_labels) == {"stable": 1} for model in models.values())


def test_a_label_of_a_model_comes_before_that_of_every_model(kvae, tmp_path):
    for name in ("colour", "grey"):
        fake_model(tmp_path / "both", name, 1, 2)
    labels = ("--label", "colour/stable=2", "--label", "stable=1")
    assert kvae("serve", "both/colour", "both/grey", *labels, "--out", ".").exit_code == 0
    models = configs((tmp_path / "models.config").read_text())
    assert dict(models["colour"].version_labels) == {"stable": 2}
    assert dict(models["grey"].version_labels) == {"stable": 1}


def test_printed_files_are_those_that_are_written(kvae, tmp_path):
    printed = kvae("serve", "colour", "--print-config").output
    assert not list(tmp_path.iterdir())
    written = kvae("serve", "colour", "--out", ".").output
    for name in FILES:
        assert f"# {name}\n{(tmp_path / name).read_text()}" in printed
    assert "docker run" in written
    assert "docker run" not in printed


def test_nothing_is_overwritten_unless_told(kvae, tmp_path):
    (tmp_path / "compose.yaml").write_text("mine")
    result = kvae("serve", "colour", "--out", ".")
    assert result.exit_code == 1
    assert "--overwrite" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["compose.yaml"]
    assert kvae("serve", "colour", "--out", ".", "--overwrite").exit_code == 0
    assert "services" in (tmp_path / "compose.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["color"], "Did you mean 'colour'"),
        (["colour", "--label", "stable=7"], "no version 7. It has: 1"),
        (["colour", "--label", "grey/stable=1"], "of a model to serve. Received: grey/stable"),
        (["colour", "colour"], "must be different. Received: colour, colour"),
        (["colour", "--label", "a b=1"], "Received: 'a b'"),
        (["colour", *["--label", "a=1"] * 2], "must be different. Received: a, a."),
        (
            ["colour", "--label", "colour/a=1", "--label", "colour/a=2"],
            "must be different. Received: colour/a, colour/a.",
        ),
    ],
)
def test_what_cannot_be_served_is_said(kvae, arguments, message):
    result = kvae("serve", *arguments, "--print-config")
    assert result.exit_code == 1
    assert message in str(result.exception)


def test_a_version_is_not_served_in_place_of_its_model(kvae, tmp_path):
    model = fake_model(tmp_path / "mine", "faces", 1, 2)
    result = kvae("serve", "mine/faces/1", "--print-config")
    assert result.exit_code == 1
    assert f"Received: mine/faces/1, a version. Serve its model, {model}, and" in str(
        result.exception
    )


@pytest.mark.parametrize("label", ["stable", "stable=0", "=1", "stable=one"])
def test_label_that_is_none(kvae, label):
    result = kvae("serve", "colour", "--label", label, "--print-config")
    assert result.exit_code == 2
    assert "is not a label: stable=1, or celeba/stable=1" in result.output


def test_server_on_the_path_is_run_with_the_models_as_they_lie(
    kvae, tmp_path, models_dir, programs
):
    # Keeps what the files say that it was given; they are gone when it ends.
    read = 'while read -r line; do echo "$line"; done'
    each = f'for a; do case "$a" in --*_file=*) {read} <"${{a#*=}}";; esac; done'
    programs("tensorflow_model_server", f"{each} >{tmp_path}/seen")
    programs("docker", "exit 9")
    assert kvae("serve", "colour").exit_code == 0
    seen = (tmp_path / "seen").read_text()
    assert f'base_path: "{models_dir / "colour"}"' in seen
    assert "allowed_batch_sizes: 128" in seen
    assert "prometheus_config" in seen


@pytest.mark.parametrize(
    ("end", "how"), [("exit 77", "with status 77"), ("kill -SEGV $$", "by SIGSEGV")]
)
def test_a_server_that_fails_is_an_error_that_says_how(kvae, programs, end, how):
    programs("tensorflow_model_server", end)
    result = kvae("serve", "colour")
    assert result.exit_code == 1
    assert f"tensorflow_model_server ended {how}." in str(result.exception)


def test_a_signal_lets_the_server_end_by_itself(kvae, tmp_path, programs):
    trap = f"trap '/bin/sleep 0.2; echo ended >{tmp_path}/seen; exit' TERM"
    wait = "while :; do /bin/sleep 0.05; done"
    programs("tensorflow_model_server", f"{trap}; /bin/sleep 1; kill -INT $PPID; {wait}")
    assert kvae("serve", "colour").exit_code == 1
    assert (tmp_path / "seen").read_text() == "ended\n"


def test_an_upscaler_is_served_without_batching(kvae, tmp_path, programs):
    programs("tensorflow_model_server", f'echo "$@" >{tmp_path}/seen')
    for names, batches in ((["colour"], True), (["colour", "vdsr"], False)):
        assert kvae("serve", *names).exit_code == 0
        seen = (tmp_path / "seen").read_text()
        for flag in ("--enable_batching", "--batching_parameters_file"):
            assert (flag in seen) == batches


def test_docker_is_run_where_there_is_no_server(kvae, tmp_path, programs):
    programs("docker", f'echo "$@" >{tmp_path}/seen')
    assert kvae("serve", "colour").exit_code == 0
    seen = (tmp_path / "seen").read_text()
    assert seen.startswith("run --rm")
    assert f"{serving.IMAGE} --port=8500" in seen


def test_without_either_it_says_what_to_do(kvae, programs):
    result = kvae("serve", "colour")
    assert result.exit_code == 1
    assert "--out DIR" in str(result.exception)
