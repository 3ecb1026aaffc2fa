import json
import re
from dataclasses import replace

import numpy as np
import pytest
import yaml

from keras_vae.cli.configuration import compare_data
from keras_vae.presets import LEAST_IMAGES
from keras_vae.training.config_file import read_config
from keras_vae.training.run_directory import Run, RunConfig, read_json
from tests.cli.training import train

QUICK = ["--preset", "mnist", "--latent", "3", "--hidden", "16", "--epochs", "1"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a run."""
    folder = tmp_path_factory.mktemp("configuration")
    words = ["--cache-dir", folder / "cache", "--run-dir", folder / "run", "--no-export"]
    train("digits", *QUICK, *words)
    return folder


@pytest.mark.slow
def test_a_runs_configuration_repeats_it(trained, tmp_path):
    folder = trained
    words = ["--cache-dir", folder / "cache", "--no-export", "--run-dir", tmp_path / "again"]
    result = train("--config", folder / "run" / "config.json", *words)
    assert f"Config   {folder / 'run' / 'config.json'}\n" in result.output
    assert "Note" not in result.output
    first, again = (Run.open(path) for path in (folder / "run", tmp_path / "again"))
    assert again.history() == first.history()
    config = again.config()
    assert config.command == "kvae train --precision float32 --config config.json"
    assert replace(config, command=first.config().command) == first.config()


def test_the_printed_configuration_takes_options_and_trains_the_same(trained, tmp_path):
    folder = trained
    printed = train("digits", *QUICK, "--print-config").stdout
    file = tmp_path / "run.yaml"
    file.write_text(printed)
    printed_again = train("--config", file, "--epochs", "3", "--seed", "7", "--print-config")
    assert printed_again.stderr == f"Config   {file}, overridden by --epochs 3 --seed 7\n"
    changes = {"epochs: 1": "epochs: 3", "seed: 0": "seed: 7"}
    for old, new in changes.items():
        printed = printed.replace(old, new)
    assert printed_again.stdout == printed
    assert not list(tmp_path.glob("runs"))
    assert read_config(file, RunConfig).preset == Run.open(folder / "run").config().preset


def test_what_differs_from_the_run_that_is_repeated_is_noted(trained, tmp_path):
    values = read_json(trained / "run" / "config.json")
    values["versions"]["tensorflow"] = "1.0"
    (tmp_path / "old.json").write_text(json.dumps(values))
    result = train("--config", tmp_path / "old.json", "--print-config")
    assert re.search(r"Note: .*old\.json is of a run with tensorflow 1\.0 \(here ", result.stderr)


def test_other_images_are_noted(trained, digits, capsys):
    config = Run.open(trained / "run").config()
    compare_data(config, digits)
    assert "the run had 1,439 train, 179 validation, 179 test images; " in capsys.readouterr().err
    counts = {"train": 1397, "validation": 200, "test": 200}
    for digest, note in (
        (digits.digest(), ""),
        ("others", "as many images, but digits has others"),
    ):
        compare_data(replace(config, provenance={"counts": counts, "digest": digest}), digits)
        assert note in capsys.readouterr().err
    compare_data(replace(config, provenance={}), digits)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("epoch: 3", r"run\.yaml, line 1: `RunConfig` must have the fields .*Received: 'epoch'"),
        ("dataset: digits", r"run\.yaml, line 1: The field 'preset' is missing"),
        ("preset: mnist\ndataset: digits", r"run\.yaml, line 1: 'preset' must be a mapping"),
    ],
)
def test_a_mistyped_configuration_is_refused_before_any_work(tmp_path, line, said):
    (tmp_path / "run.yaml").write_text(f"{line}\n")
    result = train("--config", tmp_path / "run.yaml", ok=False)
    assert result.exit_code == 1
    assert re.search(said, str(result.exception))
    assert "\n" not in str(result.exception)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"epochs": 1', '"epochs": -2', r"`--epochs` must be at least 1\. Received: -2\."),
        ('"cosine"', '"cos"', r"`--decay` must be one of constant, cosine\. Received: 'cos'\."),
    ],
)
def test_values_out_of_range_are_refused_in_a_file_too(trained, tmp_path, old, new, said):
    text = (trained / "run" / "config.json").read_text()
    (tmp_path / "run.json").write_text(text.replace(old, new))
    result = train("--config", tmp_path / "run.json", "--print-config", ok=False)
    assert result.exit_code == 1
    assert re.search(rf"run\.json, line \d+: `preset`: {said}", str(result.exception))


def test_the_precision_of_a_file_is_kept_unless_another_is_typed(tmp_path):
    file, precision = tmp_path / "run.yaml", ["--precision", "mixed_bfloat16"]
    file.write_text(train("digits", *QUICK, *precision, "--print-config").stdout)
    typed = {"": "mixed_bfloat16", "--precision=mixed_float16": "mixed_float16",
             "--precision=auto": "float32"}  # fmt: skip
    for word, chosen in typed.items():
        printed = train("--config", file, *filter(None, [word]), "--print-config").stdout
        assert yaml.safe_load(printed)["precision"] == chosen


def test_a_configuration_is_for_new_runs(trained):
    folder = trained
    for words in (["--config", folder / "run" / "config.json"], ["--print-config"]):
        result = train("--resume", folder / "run", *words, ok=False)
        assert result.exit_code == 2
        assert "takes neither --config nor --print-config" in result.output


def test_a_part_of_celeba_is_trained_as_images_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("celeba.npz", images=np.zeros((1, 48, 48, 3), np.uint8).repeat(60, axis=0))

    def printed(*words):
        result = train(*words, "--precision", "float32", "--print-config")
        preset = yaml.safe_load(result.stdout)["preset"]
        return preset["name"], preset["image_shape"], result.stderr

    said = (
        "Part     60 of CelebA's 202,599 images: preset own-images; "
        "--preset celeba trains the book's network\n"
    )
    assert printed("celeba.npz") == ("own-images", [48, 48, 3], said)
    assert printed("celeba", "--data-dir", ".") == ("celeba", [32, 32, 3], "")  # asked for by name
    assert printed("celeba.npz", "--preset", "celeba") == ("celeba", [32, 32, 3], "")
    monkeypatch.setitem(LEAST_IMAGES, "celeba", 60)
    assert printed("celeba.npz") == ("celeba", [32, 32, 3], "")
