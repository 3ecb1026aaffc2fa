import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from keras_vae.cli.main import COMMANDS, kvae

SUBCOMMANDS = [
    [],
    *([name] for name in COMMANDS),
    ["attributes", "list"],
    ["attributes", "fit"],
    ["attributes", "contributions"],
    ["attributes", "similarity"],
    ["data", "list"],
    ["data", "prepare"],
    ["models", "list"],
    ["models", "show"],
    ["presets", "list"],
    ["presets", "show"],
]

HELP = """
import sys
from keras_vae.cli.main import kvae
try:
    kvae(sys.argv[1:] + ["--help"])
finally:
    slow = {"tensorflow", "keras", "sklearn", "scipy", "matplotlib", "numpy", "PIL", "rich", "grpc"}
    loaded = slow & set(sys.modules)
    assert not loaded, loaded
"""


@pytest.mark.parametrize("words", SUBCOMMANDS, ids=lambda words: " ".join(words) or "kvae")
def test_help_imports_nothing_slow_and_has_an_example(words):
    done = subprocess.run(
        [sys.executable, "-c", HELP, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Example" in done.stdout
    assert "kvae" in done.stdout.split("Example")[1]


def test_every_command_is_listed_and_can_be_called():
    listed = " ".join(CliRunner().invoke(kvae, ["--help"]).output.split())
    for name, line in COMMANDS.items():
        assert name in listed
        assert line.split(":")[0] in listed


def test_a_mistyped_command_is_answered_with_a_near_one():
    result = CliRunner().invoke(kvae, ["trian"])
    assert result.exit_code == 2
    assert "Did you mean 'train'?" in result.output


def kvae_process(*words):
    return subprocess.run(
        [sys.executable, "-m", "keras_vae.cli.main", *words],
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_error_is_one_line_and_exit_status_1():
    done = kvae_process("presets", "show", "celeba-fostr")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: No preset is called 'celeba-fostr'.")
    assert "celeba-foster" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_usage_error_has_exit_status_2():
    assert kvae_process("train").returncode == 2
    assert kvae_process("train", "digits", "--latent", "none").returncode == 2


def test_debug_shows_the_traceback():
    done = kvae_process("--debug", "presets", "show", "celeba-fostr")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


@pytest.mark.slow
def test_tensorflow_starts_without_a_word():
    done = kvae_process("presets", "show", "mnist-zhao-mlp")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "z_log_var" in done.stdout


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "Interrupted."), (signal.SIGTERM, 143, "Terminated.")],
)
def test_a_signal_ends_a_wait_and_leaves_no_draft(tmp_path, number, status, word):
    """The wait for a reader of a FIFO."""
    fifo, drafts = tmp_path / "fifo", tmp_path / "drafts"
    os.mkfifo(fifo)
    drafts.mkdir()
    command = [sys.executable, "-m", "keras_vae.cli.main", "models", "list", "--json", str(fifo)]
    process = subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(drafts)},
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background jobs ignore SIGINT, and so would their children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        while not list(drafts.iterdir()):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, error.strip()) == (status, word)
    assert not list(drafts.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_further_signals_do_not_end_the_removal_of_what_is_unfinished(number):
    code = """
import time
from keras_vae.cli import main
def work(**_):
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        time.sleep(0.3)
        print("removed", flush=True)
main.kvae = work
main.run()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.readline() == "begun\n"
    while process.poll() is None:
        process.send_signal(number)
        time.sleep(0.01)
    assert (process.returncode, process.stdout.read()) == (128 + number, "removed\n")


def test_a_reader_that_goes_away_is_no_traceback():
    command = f"{sys.executable} -m keras_vae.cli.main data list | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_warning_is_one_line_without_a_place_in_the_source():
    code = """
import warnings
from keras_vae.cli import main
main.kvae = lambda **_: warnings.warn("Two\\nlines")
main.run()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "Warning: Two\n")
