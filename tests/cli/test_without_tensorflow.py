"""The commands of the using half run where TensorFlow, Keras and the rest are not installed."""

import json
import os
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from unittest.mock import ANY

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
ABSENT = (
    "tensorflow", "keras", "sklearn", "scipy", "matplotlib", "textalloc", "tensorflow_datasets",
    "grpc", "filelock", "pebble", "mtcnn", "yaml", "h5py", "tensorboard", "threadpoolctl",
)  # fmt: skip

# Importing one of them fails as it does where it is not installed. One process runs all commands:
# what one has imported is no help to the next, since none of them can be imported.
KVAE = f"""
import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
from keras_vae.cli.main import run

for line in sys.stdin:
    sys.argv = ["kvae", *json.loads(line)]
    error = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(error):
        try:
            run()
        except SystemExit as end:
            status = end.code
    print(json.dumps([status, error.getvalue()]), flush=True)
"""

COMMANDS = {
    "generate": "generate -n 2 --seed 3 --prior gmm --out out.png",
    "generate digits": "generate --model mnist-best -n 3 --out out.png",
    "reconstruct": "reconstruct face.png --out out.png",
    "morph a seed": "morph --seed 14 --attr Smiling --steps -1:1 --out out.png",
    "morph a photo": "morph face.png --attr Smiling --steps -1:1 --out out.png",
    "morph at full size": "morph face.png --attr Smiling --steps 1 --full-size --out out.jpg",
    "animate": "morph --seed 14 --attr Smiling --gif out.gif --out out.png",
    "grid": "morph --seed 14 --grid Smiling=-1:1 Male=-1:1 --out out.png",
    "interpolate": "interpolate 3 4 --steps 3 --out out.png",
    "interpolate on an arc": "interpolate 3 4 --steps 3 --method spherical --out out.png",
    "traverse": "traverse face.png --dims auto --count 2 --range -2:2 --out out.png",
    "manifold": "manifold --model mnist --dims 0,1 --size 3 --out out.png",
    "align": "align face.png --out out.png",
    "encode a folder": "encode . --out out.npz",
    "encode a table": "encode . --out out.csv",
    "files of seeds": "generate -n 2 --seed 3 --out files --overwrite",
    "files of reconstructions": "reconstruct . --out files --overwrite",
    "files of faces": "align . --out files --overwrite",
    "upscale": "upscale small.png --out out.png",
    "models": "models list",
    "a card": "models show celeba64 --card",
    "presets of data": "data list",
    "serve": "serve celeba64 --out out",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, astronaut):
    path = tmp_path_factory.mktemp("lite")
    astronaut.save(path / "face.png")
    astronaut.crop((180, 60, 276, 156)).save(path / "small.png")
    return path


@pytest.fixture(scope="module")
def kvae(folder):
    """Run a command in the folder: its exit status, and its text on stderr."""
    process = subprocess.Popen(
        [sys.executable, "-c", KVAE],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(command):
        process.stdin.write(json.dumps(command.split()) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    with process:
        yield run


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_of_the_using_half_needs_none_of_them(kvae, folder, command):
    for file in folder.glob("out*"):
        if file.is_file():
            file.unlink()
    assert kvae(command) == [0, ANY]
    for file in folder.glob("out*.png"):
        with Image.open(file) as picture:
            assert picture.convert("L").getextrema()[1] > 100


@pytest.mark.parametrize(
    ("command", "module"),
    {
        "train digits": "TensorFlow",
        "feature-maps face.png": "TensorFlow",
        "export --lite celeba64": "TensorFlow",
        "presets list": "TensorFlow",
        "evaluate mnist digits": "scipy",
        "latent-map digits": "filelock",
        "experiment list": "filelock",
    }.items(),
)
def test_a_command_that_needs_more_prints_how_to_install_it(kvae, command, module):
    status, error = kvae(command)
    assert status == 1
    assert re.search(rf"needs {module}, which is not installed\..*pip install", error)
    assert len(error.strip().splitlines()) == 1


def test_requiring_tensorflow_is_refused_where_it_is_absent(kvae):
    status, error = kvae("generate -n 1 --runtime tensorflow --out out.png")
    assert status == 1
    assert "needs TensorFlow" in error


def test_its_requirements_are_those_of_the_whole_package():
    """Nobody else compares them: `pip` installs these without dependencies."""
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    lines = settings["options"]["install_requires"].splitlines()
    lite = (ROOT / "requirements-lite.txt").read_text().splitlines()
    whole, alone = (
        dict(line.replace(" ", "").split(">=") for line in some if ">=" in line)
        for some in (lines, lite)
    )
    shared = whole.keys() & alone.keys()
    assert {"numpy", "pillow", "ai-edge-litert"} <= shared
    assert {name: alone[name] for name in shared} == {name: whole[name] for name in shared}
