"""Fixtures of the command tests: a folder to work in, models to use, photos to give."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from keras_vae.inference import registry


@pytest.fixture
def kvae(tmp_path, models_dir, monkeypatch):
    """Run `kvae` in an empty folder with the models `grey` and `colour`; returns click's result."""
    from keras_vae.cli.main import kvae as group

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KVAE_MODELS", str(models_dir))

    def run(*arguments):
        return CliRunner().invoke(group, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def colour_model(models_dir):
    """The exported `colour`, in the runtime that commands choose."""
    return registry.load(models_dir / "colour")


@pytest.fixture
def grey_model(models_dir):
    """The exported `grey`, in the runtime that commands choose."""
    return registry.load(models_dir / "grey")


@pytest.fixture
def upscaler(upscalers_dir):
    """The exported `vdsr`, in the runtime that commands choose."""
    return registry.load_upscaler(upscalers_dir / "vdsr")


@pytest.fixture
def read_json(tmp_path):
    """Read a JSON file of the folder."""
    return lambda name: json.loads((tmp_path / name).read_text("utf-8"))


@pytest.fixture
def gif_frames(tmp_path):
    """Check that a GIF shows the expected frames, as well as 256 colours can."""

    def check(name, expected):
        with Image.open(tmp_path / name) as gif:
            assert gif.n_frames == len(expected)
            for number, frame in enumerate(expected):
                gif.seek(number)
                seen, meant = (
                    np.asarray(image.convert("RGB").resize((60, 40), Image.Resampling.BOX), int)
                    for image in (gif, frame)
                )
                assert np.abs(seen - meant).mean() < 2, number

    return check


@pytest.fixture
def photo_files(tmp_path, photos):
    """Two colour photos of odd sizes: a JPEG and a transparent PNG."""
    first = Image.fromarray(photos[100]).resize((178, 218))
    second = Image.fromarray(photos[260]).resize((50, 33))
    second.putalpha(200)
    first.save(tmp_path / "first.jpg")
    second.save(tmp_path / "second.png")
    return tmp_path / "first.jpg", tmp_path / "second.png"


@pytest.fixture
def couple(tmp_path, astronaut):
    """A photo of two faces, couple.png, the larger one to the right."""
    photo = Image.new("RGB", (820, 520), "grey")
    photo.paste(astronaut.resize((300, 300)), (0, 100))
    photo.paste(astronaut, (305, 4))
    photo.save(tmp_path / "couple.png")
    return photo


@pytest.fixture
def labelled(tmp_path, photos):
    """An .npz of 60 labelled images: half of them brightened, which `Bright` says."""
    images = photos[:60] // 2
    bright = np.arange(60) % 2 == 0
    images[bright] += 120
    labels = np.stack([np.where(bright, 1, -1), np.where(np.arange(60) % 3 == 0, 1, -1)], axis=1)
    path = tmp_path / "labelled.npz"
    np.savez(
        path,
        images=images,
        attributes=labels.astype(np.int8),
        attribute_names=np.array(["Bright", "Third"]),
        partition=np.repeat([0, 1, 2], [48, 6, 6]),
    )
    return path
