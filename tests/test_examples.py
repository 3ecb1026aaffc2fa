import os
import re
import shutil
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from runpy import run_path

import keras
import numpy as np
import pytest
from PIL import Image

import keras_vae
from keras_vae.export.saved_model import export_model
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


@pytest.fixture
def python(monkeypatch, capfd, tmp_path):
    """Run an example as `python` runs a script, in an empty folder; returns what it prints."""
    monkeypatch.syspath_prepend(str(EXAMPLES))

    def run(name, *arguments):
        path = str(EXAMPLES / f"{name}.py")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [path, *map(str, arguments)])
        run_path(path, run_name="__main__")
        return capfd.readouterr().out

    return run


def assert_shows_digits(picture):
    with Image.open(picture) as image:
        assert np.asarray(image).std() > 20


def test_the_book_in_a_page_trains_and_draws_digits(python, tmp_path):
    output = python("minimal", 3)
    losses = [float(loss) for loss in re.findall(r" loss: ([\d.]+)", output)]
    assert losses[-1] < 0.9 * losses[0]
    assert_shows_digits(tmp_path / "minimal.png")


@pytest.mark.slow
def test_a_function_as_a_term_smooths_the_reconstructions(python):
    output = python("total_variation", 6)
    without, with_it = map(float, re.findall(r"total variation ([\d.]+)", output))
    assert with_it < 0.7 * without


@pytest.mark.slow
def test_a_vamp_prior_trains_and_draws_digits(python, tmp_path):
    output = python("vamp_prior", 4)
    normal, vamp = map(float, re.findall(r"(?:StandardNormal|VampPrior): −ELBO ([\d.]+)", output))
    assert vamp < normal + 1.0
    assert_shows_digits(tmp_path / "vamp.png")


@pytest.mark.slow
def test_a_likelihood_of_your_own_learns_its_scale(python):
    (scale,) = re.findall(r"scale ([\d.]+)", python("laplace_likelihood", 6))
    assert 0.05 < float(scale) < 0.8


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vamp_prior", "laplace_likelihood"])
def test_a_part_of_your_own_is_saved_and_exported(name, monkeypatch, digits, tmp_path):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.chdir(tmp_path)
    vae = import_module(name).main(1)
    images = vae.generate(5, seed=3)
    vae.save("vae.keras")
    np.testing.assert_array_equal(keras.saving.load_model("vae.keras").generate(5, seed=3), images)
    export_model(vae, "exported")
    served = keras_vae.load("exported").generate(n=5, seed=3)
    assert np.abs(served.astype(int) - images).max() <= 1
