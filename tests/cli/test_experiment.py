import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from keras_vae.cli.main import kvae as group
from keras_vae.experiments import EXPERIMENTS, experiment


def run(*words):
    return CliRunner().invoke(group, ["experiment", *map(str, words)])


@pytest.fixture(scope="module")
def folder(kvae_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("experiments")
    words = ["architectures", "--limit", 4, "--epochs", 1, "--data-dir", kvae_data, "--out", out]
    cache = ["--cache-dir", tmp_path_factory.mktemp("cache")]
    first, second = (run(*words, *cache) for _ in range(2))
    for result in (first, second):
        assert result.exit_code == 0, result.output or result.exception
    return out, first.output, second.output


@pytest.mark.slow
@pytest.mark.data
def test_four_architectures_are_trained_on_real_digits(folder):
    out, first, _ = folder
    with (out / "trials" / "architectures" / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["hidden"], row["latent_dim"]) for row in rows] == [
        ("32", latent) for latent in ("3", "5", "10", "20")
    ]
    assert all(150 < float(row["test_loss"]) < 210 for row in rows)
    assert [int(row["images"]) for row in rows] == [55_000 // 128 * 128] * 4
    assert len(re.findall(r"hidden=32 .*test_loss \d+\.\d\d", first)) == 4


@pytest.mark.slow
@pytest.mark.data
def test_nothing_is_trained_again(folder):
    _, _, second = folder
    assert "test_loss" not in second


@pytest.mark.slow
@pytest.mark.data
def test_a_trial_is_no_result(folder):
    out, _, _ = folder
    assert not (out / "architectures").exists()
    assert re.search(r"architectures +0 of +124 models +J2", run("list", "--out", out).output)


def test_the_list_names_claims_and_budget(tmp_path):
    output = run("list", "--out", tmp_path).output
    for name in EXPERIMENTS:
        assert re.search(rf"^{name} +0 of +\d+ models  [A-Z]\d", output, re.MULTILINE), name
    assert run().output.startswith("architectures")


def test_listing_does_not_wait_for_tensorflow(tmp_path):
    code = (
        "import sys; from keras_vae.cli.main import kvae; "
        "kvae(['experiment', 'list', '--out', sys.argv[1]], standalone_mode=False); "
        "assert not {'tensorflow', 'keras', 'sklearn'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True)


@pytest.mark.slow
def test_a_finished_experiment_is_written_anew_without_tensorflow(tmp_path):
    cells = Path(__file__).parents[2] / "docs" / "reproduction" / "cells"
    (tmp_path / "cells").mkdir()
    for file in cells.glob("mnist-zhao-mlp_stochastic-*"):
        shutil.copy(file, tmp_path / "cells")
    code = (
        "import sys; from keras_vae.cli.main import kvae; "
        "kvae(['experiment', 'autoencoder-vs-vae', '--out', sys.argv[1]], standalone_mode=False); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "autoencoder-vs-vae" / "vae.png").exists()


@pytest.mark.parametrize(("count", "said"), [(1, "1 model failed"), (2, "2 models failed")])
def test_failures_are_counted_and_no_empty_table_is_written(tmp_path, monkeypatch, count, said):
    failures = {f"cell-{number}": "ValueError: no" for number in range(count)}
    monkeypatch.setattr(experiment, "train_cells", lambda *_, **__: failures)
    result = run("face-model", "--out", tmp_path)
    assert said in str(result.exception)
    assert not (tmp_path / "face-model").exists()


def test_images_are_read_with_the_limit_of_pixels(tmp_path):
    digits = np.random.default_rng(0).integers(0, 255, (40, 28, 28), np.uint8)
    np.savez(tmp_path / "mnist.npz", images=digits)
    folders = ["--data-dir", tmp_path, "--cache-dir", tmp_path / "cache", "--out", tmp_path / "out"]
    result = run("architectures", "--limit", 1, "--epochs", 1, "--max-pixels", 783, *folders)
    assert "28×28 = 784 pixels are more than `--max-pixels 783`" in str(result.exception)


def test_results_that_cannot_be_written_are_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(experiment, "train_cells", lambda *_, **__: pytest.fail("it trained"))
    (tmp_path / "face-model").write_text("mine")
    result = run("face-model", "--out", tmp_path)
    assert isinstance(result.exception, NotADirectoryError)
    assert result.exception.filename == str(tmp_path / "face-model" / "results.csv")


@pytest.mark.parametrize("name", [*EXPERIMENTS, "list", "report"])
def test_help_has_an_example(name):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"Example: kvae experiment {name}" in result.output


def test_an_unknown_experiment_is_a_usage_error():
    assert run("architecture").exit_code == 2
