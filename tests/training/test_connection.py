import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .test_multiworker import PATIENCE, addresses

ROOT = Path(__file__).parents[2]

# A worker that takes the others for met, so that TensorFlow waits for them.
WORKER = """
import sys, threading
from keras_vae.training import cluster, connection, distribution
cluster.Cluster.wait = lambda self: None
distribution.CONNECTION = float(sys.argv.pop(1))
wait_for = connection.wait_for
def waiting(work, seconds):
    threading.Timer(1, print, ["Connecting"], {"flush": True}).start()
    wait_for(work, seconds)
connection.wait_for = waiting
from keras_vae.cli.main import run
run()
"""


def start(index, seconds, run):
    words = ["train", "digits", "--workers", ",".join(addresses()), "--index", str(index)]
    command = [sys.executable, "-c", WORKER, str(seconds), *words, "--run-dir", str(run)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, **pipes)


@pytest.mark.slow
def test_a_wait_for_tensorflows_connection_ends_at_signals_and_at_the_time_limit(tmp_path):
    runs = [tmp_path / name for name in ("chief", "other", "late")]
    chief, other = start(0, 600, runs[0]), start(1, 600, runs[1])
    late = start(1, 0.5, runs[2])
    try:
        for process, number in ((chief, signal.SIGTERM), (other, signal.SIGINT)):
            while process.stdout.readline() != "Connecting\n":
                assert process.poll() is None, process.communicate()[1]
            process.send_signal(number)
        errors = [each.communicate(timeout=PATIENCE)[1].strip() for each in (chief, other, late)]
    finally:
        for process in (chief, other, late):
            process.kill()
    assert [each.returncode for each in (chief, other, late)] == [143, 130, 1], errors
    assert errors[:2] == ["Terminated.", "Interrupted."]
    assert errors[2].startswith("Error: TensorFlow did not connect all 2 workers within 0.5 sec")
    assert not any(run.exists() for run in runs)
