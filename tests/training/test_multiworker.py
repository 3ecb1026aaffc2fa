"""Two processes that train together, one of them killed, and the repair of Keras's `fit`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from keras_vae.cli.train import train
from keras_vae.datasets import load_dataset
from keras_vae.losses.distillation import Distillation
from keras_vae.training import trainer as training
from keras_vae.training.callbacks import AGREED
from keras_vae.training.cluster import Cluster
from keras_vae.training.multiworker import WorkerLostError, lost_worker_errors
from keras_vae.training.position import read_position
from keras_vae.training.run_directory import Run, RunConfig

from .worker import PRESET

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow

KVAE = [sys.executable, "-m", "keras_vae.cli.main", "train"]
PATIENCE = 240  # seconds; a busy machine starts TensorFlow slowly


def addresses():
    """Two free ports of this machine."""
    with socket.socket() as one, socket.socket() as two:
        for each in (one, two):
            each.bind(("localhost", 0))
        return [f"localhost:{each.getsockname()[1]}" for each in (one, two)]


def start(*words, cwd=ROOT, **environment):
    return subprocess.Popen(
        [*map(str, words)],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_commands(workers, *words):
    """`kvae train` in two processes."""
    common = [*KVAE, *words, "--no-export", "--workers", ",".join(workers), "--index"]
    return [start(*common, index) for index in (0, 1)]


def finish(processes):
    """The texts on stdout, and those on stderr; all are stopped if one takes too long."""
    try:
        return zip(*(process.communicate(timeout=PATIENCE) for process in processes), strict=True)
    finally:
        for process in processes:
            process.kill()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder that two workers trained in."""
    folder = tmp_path_factory.mktemp("pair")
    workers = addresses()
    config = {"cluster": {"worker": workers}}
    processes = [
        start(
            *(sys.executable, "-m", "tests.training.worker", folder),
            TF_CONFIG=json.dumps({**config, "task": {"type": "worker", "index": index}}),
            KVAE_CACHE=str(folder / "cache"),
        )
        for index in (0, 1)
    ]
    _, errors = finish(processes)
    assert [process.returncode for process in processes] == [0, 0], "\n".join(errors)
    return folder


def weights_of(folder, index, what="weights"):
    with np.load(folder / f"{what}{index}.npz") as arrays:
        return [arrays[name] for name in arrays.files]


@pytest.mark.slow
def test_both_workers_end_with_the_same_bits(trained):
    for chief, other in zip(weights_of(trained, 0), weights_of(trained, 1), strict=True):
        np.testing.assert_array_equal(chief, other)


@pytest.mark.slow
def test_workers_with_other_classifiers_have_the_chiefs_teacher(trained):
    own, others = (weights_of(trained, index, "classifier") for index in (0, 1))
    assert not np.allclose(own[0], others[0])
    for chief, other in zip(*(weights_of(trained, i, "taught") for i in (0, 1)), strict=True):
        np.testing.assert_array_equal(chief, other)
    vae = keras.models.load_model(Run.open(trained / "taught").last)
    distillation = next(term for term in vae.terms if isinstance(term, Distillation))
    teacher = distillation.teacher.get_weights()
    for wanted, received in zip(own, teacher, strict=True):
        np.testing.assert_array_equal(received, wanted)


@pytest.mark.slow
def test_two_workers_equal_two_mirrored_replicas(trained, tmp_path):
    config = RunConfig(PRESET, "digits", strategy="mirrored")
    run = training.train(config, load_dataset("digits"), tmp_path)
    mirrored = keras.models.load_model(run.last).get_weights()
    for worker, replica in zip(weights_of(trained, 0), mirrored, strict=True):
        np.testing.assert_allclose(worker, replica, atol=1e-6)
    history = Run.open(trained / "run").history()
    for ours, theirs in zip(history, run.history(), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)


@pytest.mark.slow
def test_only_the_chief_writes(trained):
    run = Run.open(trained / "run")
    assert len(run.history()) == PRESET.epochs
    logs = [path.name for path in run.tensorboard.rglob("events*")]
    assert len(logs) == 2, "one of training and one of validation, from one process"
    assert run.metrics_file.exists()


@pytest.mark.slow
def test_plain_keras_still_cannot(trained):
    for index in (0, 1):
        trouble = json.loads((trained / f"plain{index}.json").read_text())
        assert trouble, "Keras has mended issue 20585: remove keras_vae.models.replicated_fit"


@pytest.mark.slow
def test_a_killed_worker_is_named_and_all_go_on_with_resume(trained, tmp_path):
    run = Run(tmp_path / "run")
    options = ["--hidden", "32", "--latent", "4", "--epochs", PRESET.epochs]
    workers = addresses()
    chief, other = start_commands(workers, "digits", *options, "--run-dir", run.path)
    deadline = time.monotonic() + PATIENCE
    while not run.best.exists():  # the first epoch has ended
        assert chief.poll() is None, chief.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    other.send_signal(signal.SIGKILL)
    (_, _), (error, _) = finish([chief, other])
    assert chief.returncode == 1
    advice = f"Restart all workers with `--resume {run.path}`."
    assert error.strip() == f"Error: Worker 1 ({workers[1]}) is gone. {advice}"
    assert len(run.history()) < PRESET.epochs

    processes = start_commands(addresses(), "--resume", run.path)
    (chiefs, others), errors = finish(processes)
    assert [process.returncode for process in processes] == [0, 0], "\n".join(errors)
    assert "Epoch  1/" not in chiefs
    assert "Epoch" not in others
    resumed = keras.models.load_model(run.last).get_weights()
    for whole, parts in zip(weights_of(trained, 0), resumed, strict=True):
        np.testing.assert_array_equal(whole, parts)


@pytest.mark.slow
def test_a_signal_to_one_worker_ends_both_within_an_epoch_and_they_go_on(trained, tmp_path):
    run = Run(tmp_path / "run")
    options = ["--hidden", "32", "--latent", "4", "--epochs", PRESET.epochs]
    processes = start_commands(addresses(), "digits", *options, "--run-dir", run.path)
    deadline = time.monotonic() + PATIENCE
    while not run.best.exists():  # the first epoch has ended
        assert processes[0].poll() is None, processes[0].communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    processes[1].send_signal(signal.SIGTERM)
    _, errors = finish(processes)
    assert [process.returncode for process in processes] == [143, 143], "\n".join(errors)
    for error in errors:
        assert f"Terminated. Resume with:  kvae train --resume {run.path} --workers" in error
    assert read_position(run.last).step == AGREED

    processes = start_commands(addresses(), "--resume", run.path)
    _, errors = finish(processes)
    assert [process.returncode for process in processes] == [0, 0], "\n".join(errors)
    resumed = keras.models.load_model(run.last).get_weights()
    for whole, parts in zip(weights_of(trained, 0), resumed, strict=True):
        np.testing.assert_array_equal(whole, parts)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_waits_in_vain_ends_at_a_signal(tmp_path, number):
    words = ["--workers", ",".join(addresses()), "--index", "0", "--run-dir", tmp_path / "run"]
    process = start(*KVAE, "digits", *words)
    try:
        assert "Waiting for all 2 workers" in process.stdout.readline()
        process.send_signal(number)
        _, error = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 128 + number
    assert error.strip() == ("Interrupted." if number == signal.SIGINT else "Terminated.")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (["--workers", "a:1,b:2"], 2, "--index"),
        (["--index", "0"], 2, "--workers"),
        (["--workers", "a,b:2", "--index", "0"], 1, "HOST:PORT"),
        (["--workers", "a:1,b:2", "--index", "2"], 1, "from 0 to 1"),
        (["--workers", "a:1,b:2", "--index", "0"], 1, "worker 1 of a:1, c:3"),
        (["--strategy", "multiworker"], 1, "TF_CONFIG"),
    ],
    ids=["no index", "no workers", "no port", "beyond", "clash", "neither"],
)
def test_the_command_refuses_workers_that_cannot_be(words, status, reason, monkeypatch, tmp_path):
    monkeypatch.setenv("TF_CONFIG", "{}")
    if reason.startswith("worker 1"):
        Cluster(("a:1", "c:3"), 1).to_environment()
    result = CliRunner().invoke(train, ["digits", *words, "--run-dir", str(tmp_path / "run")])
    assert result.exit_code == status
    assert reason in (result.output if status == 2 else str(result.exception))
    assert not (tmp_path / "run").exists()


PAIR = Cluster(("host0:1", "host1:2"), 0)


@pytest.mark.parametrize(
    "message",
    [
        "Collective ops is aborted by: Error reported from /job:worker/task:1: unhealthy",
        "from remote target /job:worker/replica:0/task:1 while calling RecvBuf",
        "/job:worker/replica:0/task:0/device:CPU:0 lost /job:worker/replica:0/task:1",
    ],
)
def test_an_error_of_another_worker_names_it(message):
    with (
        pytest.raises(WorkerLostError, match=r"Worker 1 \(host1:2\) is gone.*`resume=runs/x`"),
        lost_worker_errors(PAIR, "runs/x"),
    ):
        raise tf.errors.UnavailableError(None, None, message)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (tf.errors.UnavailableError, "on /job:worker/replica:0/task:0/device:GPU:0"),
        (tf.errors.ResourceExhaustedError, "OOM on /job:worker/replica:0/task:1/device:GPU:0"),
    ],
    ids=["its own", "not a loss"],
)
def test_other_errors_stay_as_they_are(kind, message):
    with pytest.raises(kind), lost_worker_errors(PAIR, "runs/x"):
        raise kind(None, None, message)
    with pytest.raises(kind), lost_worker_errors(None, "runs/x"):
        raise kind(None, None, message)
