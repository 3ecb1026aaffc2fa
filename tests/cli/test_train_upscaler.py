import json
import re

import pytest
from PIL import Image

from keras_vae.inference import registry as runtime
from keras_vae.super_resolution.run import UpscalerConfig, UpscalerRun
from keras_vae.training.config_file import read_config

QUICK = ("--image-size", "8", "--factor", "2", "--limit", 8, "--epochs", 1)


def test_the_printed_configuration_takes_options(kvae, tmp_path):
    printed = kvae("train-upscaler", "photos", *QUICK, "--precision", "float32", "--print-config")
    assert printed.exit_code == 0, printed.output
    (tmp_path / "run.yaml").write_text(printed.stdout)
    assert read_config(tmp_path / "run.yaml", UpscalerConfig) == UpscalerConfig(
        "photos", size=(8, 8), factor=2, limit=8, epochs=1
    )
    config = ("train-upscaler", "--config", "run.yaml", "--print-config")
    again = kvae(*config, "--seed", 7)
    assert again.stderr == "Config   run.yaml, overridden by --seed 7\n"
    assert again.stdout == printed.stdout.replace("seed: 0", "seed: 7")
    (tmp_path / "run.yaml").write_text(printed.stdout.replace("factor: 2", "factor: 1"))
    refused = kvae(*config)
    assert refused.exit_code == 1
    assert re.search(
        r"run\.yaml, line \d+: `--factor` must be at least 2\. Received: 1\.",
        str(refused.exception),
    )
    assert not (tmp_path / "runs").exists()


def test_the_limit_of_pixels_is_that_of_the_option(kvae, monkeypatch):
    def load_pairs(*_, max_pixels, **__):
        raise ValueError(f"at most {max_pixels} pixels")

    monkeypatch.setattr("keras_vae.super_resolution.pairs.load_pairs", load_pairs)
    words = ("train-upscaler", "photos", *QUICK, "--precision", "float32", "--max-pixels", 99)
    assert str(kvae(*words).exception) == "at most 99 pixels"


def test_what_was_left_out_is_printed_also_of_a_resumed_run(kvae, photos, tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    for number, tile in enumerate(photos[200:210]):
        Image.fromarray(tile).save(tmp_path / "photos" / f"{number}.png")
    (tmp_path / "photos" / "broken.png").write_text("no image")

    def begin(config, pairs, path, **_):
        UpscalerRun.create(path, config)

    monkeypatch.setattr("keras_vae.super_resolution.training.train", begin)
    monkeypatch.setattr("keras_vae.super_resolution.training.resume", lambda *_, **__: None)
    monkeypatch.setattr("keras_vae.cli.train_upscaler._publish", lambda *_: None)
    new = kvae("train-upscaler", "photos", *QUICK, "--name", "mine", "--precision", "float32")
    resumed = kvae("train-upscaler", "--resume", "runs/mine")
    for result in (new, resumed):
        assert result.exit_code == 0, result.exception
        assert re.search(r"^Left out 1\b.*broken\.png", result.stdout, re.MULTILINE)
        assert "Data     photos: 8 train, 1 validation images, 8×8 to 16×16" in result.stdout


@pytest.mark.slow
def test_a_folder_of_photos_becomes_an_upscaler(kvae, photos, tmp_path):
    (tmp_path / "photos").mkdir()
    for number, tile in enumerate(photos[200:210]):
        Image.fromarray(tile).save(tmp_path / "photos" / f"{number}.png")
    result = kvae("train-upscaler", "photos", *QUICK, "--name", "mine")
    assert result.exit_code == 0, result.output
    assert "8 train, 1 validation images, 8×8 to 16×16" in result.stdout
    assert "network          PSNR" in result.stdout
    model = runtime.load_upscaler(tmp_path / "saved_models" / "mine")
    assert model.factor == 2
    assert model.metadata["network"]["depth"] == 20
    command = (
        "kvae train-upscaler photos --image-size 8x8 --factor 2 --limit 8 --epochs 1 "
        f"--precision {model.metadata['precision']}"
    )
    assert model.metadata["command"] == command
    assert command in model.card.read_text()
    larger = kvae("upscale", "photos/0.png", "--model", "mine")
    assert larger.exit_code == 0, larger.output
    assert Image.open(tmp_path / "upscaled.png").size == (64, 64)

    again = kvae("train-upscaler", "photos", *QUICK, "--name", "mine")
    assert again.exit_code == 1
    assert "--resume" in str(again.exception)
    resumed = kvae("train-upscaler", "--resume", "runs/mine")
    assert resumed.exit_code == 0, resumed.output
    assert "Resumed  after 1 epoch: the training has ended" in resumed.stdout
    assert runtime.load_upscaler(tmp_path / "saved_models" / "mine").version == 2
    renamed = kvae("train-upscaler", "--resume", "runs/mine", "--name", "yours")
    assert renamed.exit_code == 0, renamed.output
    assert runtime.load_upscaler(tmp_path / "saved_models" / "yours").version == 1
    words = ("--config", "runs/mine/config.json", "--print-config")
    repeated = kvae("train-upscaler", *words)
    assert repeated.stdout == kvae("train-upscaler", "photos", *QUICK, "--print-config").stdout
    config = json.loads((tmp_path / "runs" / "mine" / "config.json").read_text())
    assert config["provenance"]["counts"] == {"train": 8, "validation": 1, "test": 1}


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("photos", "--resume", "runs/x"),
        ("--resume", "runs/x", "--epochs", 3),
        ("--resume", "runs/x", "--print-config"),
        ("--resume", "runs/x", "--run-dir", "runs/y"),
        ("p", "--factor", 1),
    ],
)
def test_wrong_usage(kvae, arguments):
    assert kvae("train-upscaler", *arguments).exit_code == 2


def test_a_run_that_is_none_is_named(kvae):
    result = kvae("train-upscaler", "--resume", "runs/none")
    assert result.exit_code == 1
    assert "no run directory" in str(result.exception)
