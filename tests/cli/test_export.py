"""`kvae export`: only of the images that a run was trained on."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from keras_vae.cli.main import kvae
from keras_vae.training.run_directory import Run
from tests.cli.training import train

QUICK = ["--preset", "mnist", "--latent", 2, "--hidden", 8, "--epochs", 1, "--precision", "float32"]


def save(images, folder):
    """Write images to a folder, as PNG files."""
    folder.mkdir(exist_ok=True)
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(folder / f"{number:02d}.png")


@pytest.fixture
def trained(digits, tmp_path, monkeypatch):
    """The run of a folder `lab`, which was typed relative to the directory."""
    monkeypatch.chdir(tmp_path)
    save(digits.images[:40], tmp_path / "lab")
    train("lab", *QUICK, "--image-size", "8", "--batch-size", 8, "--no-export")
    return Run.open(tmp_path / "runs" / "lab")


def export(*words):
    return CliRunner().invoke(kvae, ["export", *map(str, words)])


@pytest.mark.slow
def test_other_images_than_the_runs_are_refused(trained, digits, tmp_path):
    save(digits.images[100:140], tmp_path / "lab")
    message = str(export("runs/lab").exception)
    assert "`dataset` must be the one that the run was started with" in message
    assert f"Restore the images in {tmp_path / 'lab'}" in message
    assert "`--max-pixels`" in message
    assert not (tmp_path / "saved_models").exists()


@pytest.mark.slow
def test_fewer_images_are_no_matter_of_the_batch_size(trained, tmp_path):
    for file in sorted((tmp_path / "lab").iterdir())[5:]:
        file.unlink()
    message = str(train("--resume", trained.path, "--epochs", 2, ok=False).exception)
    assert "with 32 train, 4 validation, 4 test images. Received: 5 train, 0 val" in message


@pytest.mark.slow
def test_a_limit_of_pixels_is_that_of_the_start(digits, tmp_path, monkeypatch):
    """Without it a large image is taken that the run was trained without."""
    monkeypatch.chdir(tmp_path)
    save(digits.images[:40], tmp_path / "lab")
    Image.new("L", (20, 20)).save(tmp_path / "lab" / "large.png")
    limit = ["--max-pixels", 100]
    train("lab", *QUICK, "--image-size", "8", "--batch-size", 8, "--no-export", *limit)
    words = ["--resume", "runs/lab", "--epochs", 2, "--no-export"]
    assert "`--max-pixels` of the start" in str(train(*words, ok=False).exception)
    assert "Epoch 2/2" in train(*words, *limit).output


@pytest.mark.slow
def test_a_path_means_the_same_images_from_any_directory(trained, digits, tmp_path, monkeypatch):
    assert trained.config().dataset == str(tmp_path / "lab")
    (tmp_path / "other").mkdir()
    save(digits.images[100:140], tmp_path / "other" / "lab")
    monkeypatch.chdir(tmp_path / "other")
    result = export(trained.path, "--models-dir", tmp_path / "models")
    assert result.exit_code == 0, result.exception
    assert os.listdir(tmp_path / "models") == ["lab"]


@pytest.mark.slow
@pytest.mark.usefixtures("trained", "without_lite")
def test_a_card_of_an_earlier_version_is_kept_and_said():
    assert "Card:" not in export("runs/lab").output
    card = Path("saved_models/lab/README.md")
    card.write_text("of version 1")
    line = f"Card:        {card} is kept: it was edited, or describes an earlier version."
    assert line in export("runs/lab").output
    assert "Card:" not in export("runs/lab", "--overwrite").output


@pytest.mark.slow
def test_images_that_were_moved_are_named_with_the_cure(trained, tmp_path):
    (tmp_path / "lab").rename(tmp_path / "moved")
    cure = "Move it back, or write its new path as `dataset` into the run's config.json."
    for words in (["export", "runs/lab"], ["train", "--resume", "runs/lab"]):
        message = str(CliRunner().invoke(kvae, words).exception)
        assert (
            message
            == f"{tmp_path / 'lab'}, which holds the images of the run, does not exist. {cure}"
        )
    values = json.loads(trained.config_file.read_text())
    trained.config_file.write_text(json.dumps({**values, "dataset": str(tmp_path / "moved")}))
    assert export("runs/lab").exit_code == 0


@pytest.mark.slow
def test_a_run_of_an_older_version_is_exported_with_a_warning(trained, logged):
    values = json.loads(trained.config_file.read_text())
    values["dataset"] = "lab"
    del values["provenance"]["digest"]
    trained.config_file.write_text(json.dumps(values))
    assert export("runs/lab").exit_code == 0
    assert any("holds no digest of its images" in message for message in logged())


@pytest.mark.slow
def test_the_images_of_a_limit_are_those_of_the_run(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("lab.npz", images=digits.images[:60])
    words = ["--image-size", "8", "--batch-size", 8, "--limit", 16, "--no-export"]
    train("lab.npz", *QUICK, *words)
    assert export("runs/lab").exit_code == 0


def test_known_sets_and_unknown_names_are_no_paths(tmp_path, monkeypatch):
    from keras_vae.datasets.registry import lasting_name

    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    names = ["mnist", "Fashion-MNIST", "tfds:eurosat", "photoz"]
    assert [lasting_name(name) for name in names] == names
    assert lasting_name("./mnist") == str(tmp_path / "mnist")


@pytest.mark.slow
def test_a_name_is_not_a_path(trained, tmp_path):
    refused = export("runs/lab", "--name", "..", "--models-dir", "models/faces")
    assert str(refused.exception).startswith("`--name` of a model must be")
    assert not (tmp_path / "models").exists()
