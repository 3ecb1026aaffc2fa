import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from keras_vae.training.interruption import (
    SIGNALS,
    InterruptedBySignal,
    Interruption,
    default_actions,
)

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_an_error_with_the_status_that_shells_expect(number):
    before = signal.getsignal(number)
    with pytest.raises(InterruptedBySignal) as raised, Interruption():
        os.kill(os.getpid(), number)
    assert raised.value.status == 128 + number
    assert signal.getsignal(number) is before


def test_within_steps_a_signal_is_noted():
    with Interruption() as interruption, interruption.deferred():
        assert interruption.signal is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert interruption.signal == signal.SIGTERM


def run(body):
    """Run a context in a process that begins a line with each thing that happens."""
    script = """
    import ctypes, os, signal, threading
    from keras_vae.training import interruption
    interruption.PATIENCE = interruption.STEP = 0.1
    def give_up(number):
        print("gave up", number, flush=True)
    def send(number):
        os.kill(os.getpid(), number)
    libc = ctypes.CDLL(None)  # a call of it releases the interpreter's lock
    held = ctypes.PyDLL(None)  # a call of it does not
    with interruption.Interruption(give_up) as context:
    """
    lines = textwrap.dedent(script) + textwrap.indent(textwrap.dedent(body), "    ")
    command = [sys.executable, "-c", lines]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_step_that_never_ends_is_ended():
    done = run("""
    with context.deferred():
        threading.Timer(0.1, send, (signal.SIGTERM,)).start()
        while True:
            libc.pause()  # as a step that waits for a worker that is gone
    """)
    assert (done.returncode, done.stdout) == (143, "gave up 15\n"), done.stderr


def test_a_second_signal_leaves_no_time():
    done = run("""
    context._patience = interruption.STEP = 1000.0
    with context.deferred():
        send(signal.SIGINT)
        threading.Timer(0.1, send, (signal.SIGINT,)).start()
        while True:
            libc.pause()
    """)
    assert (done.returncode, done.stdout) == (130, "gave up 2\n"), done.stderr


def test_handlers_are_as_before_whatever_a_wait_has_made_of_them():
    before = [signal.getsignal(number) for number in SIGNALS]
    with default_actions():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as TensorFlow's coordination service does
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_wait_in_which_python_does_not_run_is_ended_by_the_system(number):
    done = run(f"""
    begun, begin = os.pipe()
    if os.fork() == 0:  # another process: no thread of this one runs
        os.read(begun, 1)
        held.usleep(200_000)
        os.kill(os.getppid(), {int(number)})
        os._exit(0)
    with interruption.default_actions():
        os.write(begin, b" ")
        while True:
            held.pause()
    """)
    assert (done.returncode, done.stdout) == (-number, ""), done.stderr
