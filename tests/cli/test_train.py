import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from keras_vae.cli.main import kvae
from keras_vae.cli.train import (
    _default_name,
    _losses,
    _report_alignment,
    _report_pca,
    _report_starts,
)
from keras_vae.inference import registry as runtime
from keras_vae.presets import get_preset
from keras_vae.training.run_directory import Run, RunConfig, RunInUseError, read_json
from tests.cli.training import train

KVAE = [sys.executable, "-m", "keras_vae.cli.main"]
QUICK = ["--preset", "mnist", "--latent", "3", "--hidden", "16", "--epochs", "2"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    cache, run, models = folder / "cache", folder / "run", folder / "models"
    words = ["digits", *QUICK, "--cache-dir", cache, "--run-dir", run, "--models-dir", models]
    return folder, train(*words, "--name", "tiny")


def test_it_prints_what_it_trains_before_the_first_step(trained):
    _, result = trained
    before = result.output.split("Epoch 1/2")[0]
    assert "1,142 + 1,152 parameters" in before  # 64·16+16 + 2(16·3+3); 3·16+16 + 16·64+64
    assert "binary cross-entropy + 1 × KL (nats)" in before
    assert re.search(r"1,439 train, 179 validation, 179 test images of 8×8×1", before)


def test_it_reports_each_epoch_and_every_split_with_its_unit(trained):
    _, result = trained
    terms = r"loss [\d.]+ nats = [\d.]+ \+ 1 × KL [\d.]+ nats, MSE 0\.\d+"
    assert re.search(rf"Epoch 2/2  {terms}; validation {terms}; \d+ images/s", result.output)
    assert "−ELBO (nats)" in result.output
    assert re.search(r"^test +[\d.]+ +[\d.]+", result.output, re.MULTILINE)


LOGS = {"loss": 120.0, "reconstruction_loss": 100.0, "kl_loss": 20.0, "mse": 0.04}
ANNEALED = {"annealing": "linear", "annealing_steps": 9}


@pytest.mark.parametrize(
    ("changes", "logs", "equation"),
    [
        ({}, {}, "loss 120 nats = 100 + 1 × KL 20 nats"),
        (
            {"free_bits": 0.1},
            {"loss": 130.0},
            "loss 130 weighted = 100 + 30 for a KL of 20 nats (free bits 0.1)",
        ),
        ({"free_bits": 0.1}, {}, "loss 120 weighted = 100 + 1 × KL 20 nats"),
        (ANNEALED, {"loss": 102.0}, "loss 102 weighted = 100 + 2 for a KL of 20 nats (annealed)"),
        (ANNEALED, {}, "loss 120 nats = 100 + 1 × KL 20 nats"),  # after its last step
        (
            {**ANNEALED, "free_bits": 0.1, "mmd_weight": 4.0},
            {"loss": 107.0, "mmd_loss": 0.5},
            "loss 107 weighted = 100 + 4 × mmd 0.5 + "
            "5 for a KL of 20 nats (annealed, free bits 0.1)",
        ),
        ({"beta": 2.0}, {"loss": 140.0}, "loss 140 weighted = 100 + 2 × KL 20 nats"),
        ({"stochastic": False}, {"loss": 100.0, "kl_loss": 0.0}, "loss 100 weighted = 100"),
        (
            {"importance_samples": 5, **ANNEALED},
            {"loss": 99.0},
            "loss: 99 weighted (KL annealed); reconstruction 100, KL 20 nats",
        ),
        (
            {"importance_samples": 5, "likelihood": "squared_error"},
            {},
            "loss: 120 weighted; reconstruction 100, KL 20 nats",
        ),
    ],
)
def test_a_printed_loss_adds_up_or_says_what_else_is_in_it(changes, logs, equation):
    preset = get_preset("mnist").override(**changes)
    line = _losses(preset, {**LOGS, **logs}, "")
    assert line.removesuffix(", SSE 31.36") == f"{equation}, MSE 0.0400"


def test_a_validation_has_the_final_weight_of_the_kl():
    preset = get_preset("mnist").override(importance_samples=5, **ANNEALED)
    logs = {f"val_{name}": value for name, value in LOGS.items()}
    assert _losses(preset, logs, "val_").startswith("IWAE bound, k = 5: 120 nats; reconstruction")


def test_it_says_which_terms_start_later_and_which_never_do(capsys):
    preset = get_preset("mnist").override(mmd_weight=1.0, identity_weight=1.0)
    preset = preset.override(adversarial_weight=1.0, identity_start=99, adversarial_start=4000)
    _report_starts(preset, steps=4000)
    assert capsys.readouterr().out == (
        "Starts   identity loss after step 99\n"
        "Starts   adversarial loss after step 4,000: never, the training ends at step 4,000\n"
    )


def test_an_early_stop_with_an_adversary_is_refused_before_data_are_read():
    words = ["digits", *QUICK, "--early-stop", "3", "--adversarial-weight", "1"]
    for more in ([], ["--print-config"]):
        result = train(*words, *more, ok=False)
        assert result.exit_code == 1
        assert "`--early-stop` must be left out with an adversarial" in str(result.exception)
        assert "Data" not in result.output


def test_a_number_of_a_term_names_the_option_of_its_weight():
    result = train("digits", *QUICK, "--texture-start", "10", ok=False)
    assert result.exit_code == 2
    assert "`--texture-start` needs `--texture-weight`." in result.output
    result = train("digits", *QUICK, "--mse-weight", "5", ok=False)
    assert "`--mse-weight` needs `--objective mean_squared_error`." in result.output


@pytest.mark.parametrize(
    ("embedder", "facts", "said"),
    [
        ("dlib", {"dataset": None}, True),
        ("dlib", {"dataset": "celeba"}, False),
        ("dlib", {"dataset": None, "aligned": True}, False),
        ("dlib", {"dataset": None, "aligned": True, "align_faces": True}, False),
        ("classifier", {"dataset": None}, False),
    ],
)
def test_it_says_that_the_embedder_of_faces_expects_aligned_ones(capsys, embedder, facts, said):
    preset = get_preset("own-images").override(identity_weight=1.0, identity_embedder=embedder)
    _report_alignment(preset, SimpleNamespace(provenance=facts))
    assert ("--align-faces" in capsys.readouterr().out) == said


@pytest.mark.parametrize(
    ("split", "pca", "said"),
    [
        ("test", 0.002, "MSE at z_mean, test images: 0.00300, 1.50 times that of PCA with as many"),
        ("train", 1e-14, "train images: 0.00300, more than that of PCA with as many components (0"),
    ],
)
def test_the_error_is_compared_with_that_of_pca(split, pca, said, tmp_path, capsys):
    run = SimpleNamespace(metrics_file=tmp_path / "metrics.json", best_epoch=lambda: 0)
    run.metrics_file.write_text(json.dumps({split: {"mse_of_mean": 0.003, "mse_of_pca": pca}}))
    _report_pca(run, RunConfig(get_preset("own-images"), "mine"))
    output = capsys.readouterr().out
    assert said in output
    assert "No epoch improved the initialization: its weights are the ones kept." in output


def test_it_leaves_a_run_and_a_model_that_works(trained):
    folder, _ = trained
    assert len(Run.open(folder / "run").history()) == 2
    model = runtime.load(folder / "models" / "tiny")
    assert model.sample([0, 1])[0].shape == (2, 8, 8, 1)


def test_the_model_stores_the_command_without_folders(trained):
    folder, _ = trained
    command = runtime.load(folder / "models" / "tiny").metadata["command"]
    typed = "kvae train digits --preset mnist --latent 3 --hidden 16 --epochs 2"
    assert command == f"{typed} --precision float32"


def test_help_explains_seed_and_name():
    text = " ".join(train("--help").output.split())
    assert "It repeats a run exactly, with the same --precision and devices." in text
    assert "[default: (the preset's, or the data set's if the preset belongs to another)]" in text


@pytest.mark.parametrize(
    ("dataset", "preset", "name"),
    [("mnist", "mnist-best", "mnist-best"), ("~/my.npz", "mnist", "my"), ("frey", "mnist", "frey")],
)
def test_a_run_has_the_default_name_of_the_help(dataset, preset, name):
    assert _default_name(RunConfig(get_preset(preset), dataset)) == name


def test_a_run_is_not_overwritten(trained):
    folder, _ = trained
    result = train("digits", *QUICK, "--run-dir", folder / "run", ok=False)
    assert isinstance(result.exception, FileExistsError)
    assert "--resume" in str(result.exception)


@pytest.mark.parametrize("strategy", ["single", "mirrored"])
def test_workers_are_refused_where_one_machine_trains_alone(strategy, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    words = ("--strategy", strategy, "--workers", "a:2222,b:2222", "--index", "0")
    result = train("digits", *QUICK, *words, ok=False)
    assert result.exit_code == 2
    assert f"--workers has no effect: --strategy {strategy}" in " ".join(result.stderr.split())
    assert "TF_CONFIG" not in os.environ


def test_workers_are_refused_by_the_strategy_of_a_file(tmp_path, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    file, workers = tmp_path / "run.yaml", ("--workers", "a:2222,b:2222", "--index", "0")
    file.write_text(train("digits", *QUICK, "--strategy", "single", "--print-config").stdout)
    result = train("--config", file, *workers, "--print-config", ok=False)
    assert result.exit_code == 2
    assert "--workers has no effect: --strategy single" in " ".join(result.stderr.split())
    assert "TF_CONFIG" not in os.environ


@pytest.mark.slow
def test_resume_trains_more_epochs(trained):
    folder, _ = trained
    words = ["--resume", folder / "run", "--cache-dir", folder / "cache", "--epochs", "3"]
    result = train(*words, "--no-export")
    assert "Epoch 3/3" in result.output
    assert "Epoch 2/3" not in result.output
    assert len(Run.open(folder / "run").history()) == 3


def test_resume_takes_no_run_directory(trained):
    folder, _ = trained
    result = train("--resume", folder / "run", "--run-dir", folder / "other", ok=False)
    assert result.exit_code == 2
    assert "--run-dir has no effect with --resume" in result.output


@pytest.mark.parametrize("change", [["--latent", "4"], ["--seed", "1"], ["--limit", "9"]])
def test_resume_takes_nothing_else(trained, change):
    folder, _ = trained
    result = train("--resume", folder / "run", *change, ok=False)
    assert result.exit_code == 2
    assert "only --epochs" in result.output


@pytest.mark.slow
def test_a_weighted_loss_is_not_called_elbo(tmp_path):
    words = ["digits", *QUICK, "--objective", "squared_error", "--no-export"]
    output = train(*words, "--run-dir", tmp_path / "run").output
    assert "loss (weighted)" in output
    assert re.search(r"loss [\d.]+ weighted = .* KL [\d.]+ nats, MSE [\d.]+, SSE [\d.]+", output)
    assert "ELBO" not in output


def test_a_run_that_another_process_writes_to_is_refused(trained):
    folder, _ = trained
    run = Run(folder / "run")
    with run.lock():
        for words in (["--resume", run.path], ["digits", "--run-dir", run.path, "--overwrite"]):
            result = train(*words, ok=False)
            assert isinstance(result.exception, RunInUseError)
            assert f"process {os.getpid()} on " in str(result.exception)
    assert len(run.history()) >= 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated")],
)
def test_a_signal_prints_the_command_that_resumes(tmp_path, number, status, word):
    run, cache = tmp_path / "run", tmp_path / "my cache"
    folders = ["--run-dir", str(run), "--cache-dir", str(cache)]
    child = subprocess.Popen(
        [*KVAE, "train", "digits", "--epochs", "500", "--no-export", *folders],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ,
    )
    deadline = time.monotonic() + 120
    while not Run(run).best.exists():  # the first epoch has ended
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    child.send_signal(number)
    _, stderr = child.communicate(timeout=60)
    assert child.returncode == status
    again = f"kvae train --resume {run} --cache-dir '{cache}' --no-export"
    assert stderr.strip() == f"{word}. Resume with:  {again}"
    other = CliRunner().invoke(kvae, ["train", "--resume", str(run), "--epochs", "1"])
    assert "`--epochs` must be at least" in str(other.exception)  # and changes nothing
    assert Run(run).config().preset.epochs == 500


@pytest.mark.parametrize(
    ("interrupted", "advice"),
    [("new_vae", ""), ("_record", " Resume with:  kvae train --resume {} --cache-dir {}")],
)
def test_the_run_that_is_overwritten_is_not_called_resumable(
    interrupted, advice, trained, tmp_path, monkeypatch
):
    folder, _ = trained
    run, cache = shutil.copytree(folder / "run", tmp_path / "run"), folder / "cache"
    words = ["digits", *QUICK, "--run-dir", run, "--cache-dir", cache, "--no-export"]

    def interrupt(*_, **__):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(f"keras_vae.training.trainer.{interrupted}", interrupt)
    result = train(*words, "--overwrite", ok=False)
    assert result.exit_code == 130
    advice = advice and advice.format(run, cache) + " --no-export"
    assert result.stderr.endswith(f"\nInterrupted.{advice}\n")
    assert Run(run).best.exists() == (not advice)  # the former run is lost with the beginning only


@pytest.mark.slow
def test_export_writes_the_next_version_in_a_process_that_trained_nothing(trained):
    folder, _ = trained
    words = ["export", folder / "run", "--models-dir", folder / "models", "--name", "tiny"]
    command = [*KVAE, *words, "--cache-dir", folder / "cache"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert runtime.load(folder / "models" / "tiny").version == 2


@pytest.mark.slow
@pytest.mark.data
def test_celeba_trains_from_the_official_zip(kvae_data, celeba_counts, tmp_path):
    words = ["celeba", "--latent", "200", "--data-dir", kvae_data / "celeba", "--epochs", "1"]
    folders = ["--run-dir", tmp_path / "run", "--models-dir", tmp_path / "models"]
    result = train(*words, *folders, "--limit", "256", "--name", "faces")
    assert "653,584 + 700,803 parameters" in result.output
    held_out = "{:,} validation, {:,} test images of 32×32×3".format(*celeba_counts[1:])
    assert f"256 train, {held_out}" in result.output
    facts = read_json(tmp_path / "models" / "faces" / "1" / "assets.extra" / "model.json")
    assert len(facts["attribute_names"]) >= 35
    assert facts["licence"] == "non-commercial research only"


@pytest.mark.slow
@pytest.mark.parametrize(("read", "warned"), [(1e9, False), (1.0, True)])
def test_slow_reading_is_reported_once_with_its_remedy(read, warned, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_vae.datasets.pipeline.reading_speed", lambda batches: read)
    words = ["digits", *QUICK, "--no-export", "--run-dir", tmp_path / "run"]
    output = train(*words, "--cache-dir", tmp_path / "cache").output
    assert output.count("--cache-dir DIR") == warned
    assert ("Reading takes" in output) == warned


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "stored"), [("auto", "float32"), ("mixed_bfloat16", "mixed_bfloat16")]
)
def test_the_run_stores_the_precision_that_was_chosen(typed, stored, tmp_path):
    words = ["digits", *QUICK, "--no-export", "--run-dir", tmp_path, "--precision", typed]
    train(*words, "--overwrite", "--cache-dir", tmp_path / "cache")
    config = Run.open(tmp_path).config()
    assert config.precision == stored
    assert config.command.endswith(f" --precision {stored}")


def test_a_scaling_of_the_learning_rate_needs_another_batch_size():
    result = train("digits", "--scale-learning-rate", "linear", ok=False)
    assert result.exit_code == 2
    assert "--scale-learning-rate has no effect without --batch-size" in result.output


@pytest.mark.parametrize("options", [["--name", "a/b"], ["--run-dir", ".hidden"]])
def test_a_name_that_is_none_for_a_model_is_refused_before_the_training(kvae, tmp_path, options):
    result = kvae("train", "digits", *options)
    assert "must be the name of one folder" in str(result.exception)
    assert not list(tmp_path.iterdir())
