import signal
import subprocess
import sys
import time

from keras_vae.training.deadline import deadline

# `PyDLL` keeps the interpreter's lock while `sleep` runs: no thread of Python does.
WAITING = """
import ctypes

from keras_vae.training.deadline import deadline

with deadline(0.1, "One worker has ended."):
    ctypes.PyDLL(None).sleep(60)
"""


def test_a_process_whose_interpreter_is_locked_ends_with_the_message():
    ended = subprocess.run([sys.executable, "-c", WAITING], capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL
    assert ended.stderr == "One worker has ended.\n"


def test_what_ends_in_time_goes_on(capfd):
    began = time.monotonic()
    with deadline(30, "This is not written."):
        pass
    assert time.monotonic() - began < 20
    assert capfd.readouterr() == ("", "")
