"""The commands of the using half run where TensorFlow, Keras and the rest are not installed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
ABSENT = (
    "tensorflow", "keras", "sklearn", "scipy", "matplotlib", "textalloc", "tensorflow_datasets",
    "grpc", "filelock", "pebble", "mtcnn",
)  # fmt: skip

# Importing one of them fails as it does where it is not installed.
KVAE = f"""
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
from keras_vae.cli.main import run
run()
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


def kvae(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KVAE, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, astronaut):
    path = tmp_path_factory.mktemp("lite")
    astronaut.save(path / "face.png")
    astronaut.crop((180, 60, 276, 156)).save(path / "small.png")
    return path


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_of_the_using_half_needs_none_of_them(folder, command):
    for file in folder.glob("out*"):
        if file.is_file():
            file.unlink()
    done = kvae(folder, *command.split())
    assert done.returncode == 0, done.stderr
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
def test_a_command_that_needs_more_prints_how_to_install_it(folder, command, module):
    done = kvae(folder, *command.split())
    assert done.returncode == 1
    assert re.search(rf"needs {module}, which is not installed\..*pip install", done.stderr)
    assert len(done.stderr.strip().splitlines()) == 1


def test_requiring_tensorflow_is_refused_where_it_is_absent(folder):
    done = kvae(folder, *["generate", "-n", "1", "--runtime", "tensorflow", "--out", "out.png"])
    assert done.returncode == 1
    assert "needs TensorFlow" in done.stderr
