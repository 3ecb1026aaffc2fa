import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.encoding import encode_png
from tests.serving.fake_server import serve

EXAMPLES = Path(__file__).parents[1] / "examples"

needs_curl = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="no curl or no jq"
)


@pytest.fixture(scope="module")
def server(models_dir):
    with serve([models_dir / "colour"]) as fake:
        yield fake


@pytest.fixture
def run(server, photos, tmp_path):
    """Run an example on face.png, a photo larger than the model's images."""
    (tmp_path / "face.png").write_bytes(encode_png(photos[7].repeat(3, 0).repeat(4, 1)))
    colour = f"{server.rest}/v1/models/colour"

    def run(*command, model=colour):
        environment = {**os.environ, "MODEL": model}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)

    return run


@pytest.fixture
def expected(colour_model, run, tmp_path):
    photo = (tmp_path / "face.png").read_bytes()
    inputs = {"image_bytes": [photo], "attribute": ["Smiling"], "strength": [1.5]}
    return colour_model.call("morph", **inputs)["image_bytes"][0]


def test_python_client_writes_the_morph(run, expected, tmp_path):
    client = (sys.executable, EXAMPLES / "morph_client.py")
    done = run(*client, "face.png", "Smiling", "1.5", "out.png")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "out.png").read_bytes() == expected
    done = run(*client, "face.png", "Smilin", "1.5", "wrong.png")
    assert done.returncode == 1
    assert b"Received: Smilin." in done.stderr
    assert not (tmp_path / "wrong.png").exists()


@pytest.fixture
def nowhere():
    """An address that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}/v1/models/colour"


def test_python_client_without_a_server_says_so_in_one_line(run, nowhere, tmp_path):
    client = (sys.executable, EXAMPLES / "morph_client.py")
    done = run(*client, "face.png", "Smiling", "1.5", "out.png", model=nowhere)
    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"No answer from {nowhere}: ")
    assert not (tmp_path / "out.png").exists()


@needs_curl
def test_curl_line_writes_the_morph(run, expected):
    script = ("sh", EXAMPLES / "morph.sh")
    done = run(*script, "face.png", "Smiling", "1.5")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == expected
    done = run(*script, "face.png", "Smilin", "1.5")
    assert b"Received: Smilin." in done.stderr
    assert done.returncode != 0
    assert done.stdout == b""


@needs_curl
def test_curl_line_without_a_server_fails(run, nowhere):
    done = run("sh", EXAMPLES / "morph.sh", "face.png", "Smiling", "1.5", model=nowhere)
    assert done.returncode != 0
    assert done.stderr
    assert done.stdout == b""


def test_python_client_is_as_short_as_promised():
    lines = (EXAMPLES / "morph_client.py").read_text().splitlines()
    code = [line for line in lines if line.strip()]
    assert len(code) <= 25


def test_the_book_in_a_page_trains_and_draws_digits(tmp_path):
    command = [sys.executable, EXAMPLES / "minimal.py", "3"]
    path = os.pathsep.join([str(EXAMPLES.parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    losses = [float(loss) for loss in re.findall(r" loss: ([\d.]+)", done.stdout)]
    assert losses[-1] < 0.9 * losses[0]
    with Image.open(tmp_path / "minimal.png") as picture:
        assert np.asarray(picture).std() > 20
