import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving.fake_server import serve

SHIPPED = Path(__file__).parents[2] / "saved_models"

# The command as a process runs it, and then what it imported.
LEAN = """
import sys
from keras_vae.cli.main import kvae
kvae(sys.argv[1:], standalone_mode=False)
assert "tensorflow" not in sys.modules
"""

COMMANDS = [
    ["morph", "first.jpg", "second.png", "--no-align", "--attr", "Smiling", "--attr", "Young=-0.5"],
    ["morph", "first.jpg", "--grid", "Smiling=-1:1", "Young=0:2"],
    ["morph", "--seed", "7", "--prior", "gmm", "--attr", "Eyeglasses", "--gif", "OUT/a.gif"],
    ["generate", "-n", "5", "--seed", "3", "--temperature", "0.8", "--prior", "gmm"],
    ["generate", "-n", "1"],
    ["reconstruct", "first.jpg", "second.png", "--no-align"],
    ["feature-maps", "first.jpg"],
    ["interpolate", "first.jpg", "7", "--steps", "4", "--method", "spherical"],
    ["traverse", "first.jpg", "--dims", "auto", "--count", "3"],
    ["traverse", "--seed", "2", "--dims", "0,5"],
    ["manifold", "--attr", "Smiling", "--attr", "Young", "--size", "3"],
    ["manifold", "second.png", "--no-align", "--dims", "1,4", "--size", "3"],
]


@pytest.fixture(scope="module")
def server(models_dir):
    with serve([models_dir / "colour", models_dir / "grey", SHIPPED / "celeba"]) as fake:
        yield fake


@pytest.fixture(params=["rest", "grpc"])
def address(server, request):
    return getattr(server, request.param)


def outputs(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
def test_files_are_those_of_the_command_without_a_server(
    kvae, photo_files, tmp_path, server, command
):
    written = {}
    for place, options in (
        ("here", ["--runtime", "tensorflow"]),
        ("rest", ["--server", server.rest]),
        ("grpc", ["--server", server.grpc]),
    ):
        name = "" if command[0] == "feature-maps" else "a.png"
        out = ["--out", f"{place}/{name}"]
        arguments = [part.replace("OUT", place) for part in command]
        result = kvae(*arguments, "--model", "colour", *out, *options)
        assert result.exit_code == 0, result.output
        written[place] = outputs(tmp_path / place), result.output.replace(place, "")
    assert written["here"][0]
    assert written["here"] == written["rest"] == written["grpc"]


def test_shipped_faces_are_morphed_bit_for_bit(kvae, server, tmp_path):
    command = ["morph", "face.png", "--attr", "Smiling", "--attr", "Male=-1", "--steps", "-3:3"]
    assert kvae("generate", "-n", 1, "--seed", 4, "--out", "face.png").exit_code == 0
    for name, options in (
        ("here", ["--model", SHIPPED / "celeba", "--runtime", "tensorflow"]),
        ("rest", ["--model", "celeba/1", "--server", server.rest]),
        ("grpc", ["--model", "celeba", "--server", server.grpc]),
    ):
        result = kvae(*command, *options, "--out", f"{name}.png", "--json", f"{name}.json")
        assert result.exit_code == 0, result.output
    for name in ("rest", "grpc"):
        for suffix in ("png", "json"):
            found = (tmp_path / f"{name}.{suffix}").read_bytes()
            assert found == (tmp_path / f"here.{suffix}").read_bytes()


def test_process_imports_no_tensorflow(photo_files, tmp_path, address):
    command = ["morph", "first.jpg", "--model", "colour", "--attr", "Young", "--server", address]
    done = subprocess.run(
        [sys.executable, "-c", LEAN, *command], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "morph.png\n", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--attr", "Smilin"], "No attribute is called 'Smilin'. Did you mean 'Smiling'"),
        (["--attr", "Young", "--model", "nobody"], "has no model 'nobody' ready"),
        (["--attr", "Young", "--model", "a/b/c"], "NAME, NAME/VERSION or NAME/LABEL"),
        (["--attr", "Young", "--model", "grey"], "has no attributes"),
    ],
)
def test_errors_are_one_line(photo_files, tmp_path, address, arguments, told):
    command = ["morph", "first.jpg", "--server", address, "--model", "colour", *arguments]
    done = subprocess.run(
        [sys.executable, "-m", "keras_vae.cli.main", *command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "morph.png").exists()


def test_time_out_is_kept(kvae, photo_files, server):
    server.faults.extend([503] * 50)
    result = kvae(
        *("reconstruct", "first.jpg", "--server", server.rest, "--model", "colour"),
        *("--timeout", "0.2"),
    )
    server.faults.clear()
    assert "is not available" in str(result.exception)
    assert "tried for 0.2 seconds" in str(result.exception)
    result = kvae("reconstruct", "first.jpg", "--server", server.rest, "--timeout", "0")
    assert result.exit_code == 2
    result = kvae("reconstruct", "first.jpg", "--model", "colour", "--timeout", "20")
    assert result.exit_code == 2
    assert "--timeout has no effect without" in result.stderr


def test_a_server_that_is_waited_for_is_told_of(kvae, server, address):
    server.faults.append(503)
    command = ("generate", "-n", "1", "--server", address, "--model", "colour", "--prior", "gmm")
    result = kvae(*command, "--timeout", "20")
    assert result.exit_code == 0, result.output
    (line,) = result.stderr.splitlines()
    assert (
        line == f"{address} is not available: Told to refuse. Waiting for it, 20 seconds at most."
    )
    assert not kvae(*command, "--overwrite").stderr


def test_what_a_server_does_not_know_is_told(kvae, address):
    result = kvae("traverse", "--seed", 1, "--model", "colour", "--server", address)
    assert result.exit_code == 1
    assert "a server does not report it" in str(result.exception)
    assert "--dims 0,5" in str(result.exception)
    result = kvae("morph", "--seed", 1, "--attr", "Young", "--server", "localhost:8501")
    assert "`--server` must be http://HOST:PORT" in str(result.exception)
