import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from keras_vae.training.interruption import (
    SIGNALS,
    InterruptedBySignal,
    Interruption,
    wait_for,
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


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_is_ignored_stays_so(number):
    before = signal.signal(number, signal.SIG_IGN)
    (other,) = {*SIGNALS} - {number}
    try:
        with Interruption() as interruption:
            os.kill(os.getpid(), number)
            with interruption.deferred():
                os.kill(os.getpid(), number)
            assert interruption.signal is None
            with pytest.raises(InterruptedBySignal, match=signal.Signals(other).name):
                os.kill(os.getpid(), other)
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


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


def test_steps_that_end_leave_time_until_workers_agree():
    done = run("""
    interruption.STEP = 1.0
    with context.deferred():
        send(signal.SIGTERM)
        for _ in range(6):
            threading.Event().wait(0.3)
            context.renew()
        print("agreed", flush=True)
        while True:
            libc.pause()
    """)
    assert (done.returncode, done.stdout) == (143, "agreed\ngave up 15\n"), done.stderr


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


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_wait_at_once(number):
    never = threading.Event()
    threading.Timer(0.1, os.kill, (os.getpid(), number)).start()
    with pytest.raises(InterruptedBySignal) as raised, Interruption():
        wait_for(never.wait, 60)
    never.set()
    assert raised.value.signal == number


# As TensorFlow's coordination service does: not by Python, in another thread.
REPLACING = """
import ctypes, os, signal, time
from keras_vae.training.interruption import InterruptedBySignal, Interruption, wait_for

def work():
    ctypes.pythonapi.PyOS_setsig.argtypes = [ctypes.c_int, ctypes.c_void_p]
    ctypes.pythonapi.PyOS_setsig(signal.SIGTERM, 1)  # ignored
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)

try:
    with Interruption():
        wait_for(work, 60)
except InterruptedBySignal as error:
    print(f"Terminated by {error.signal}.")
"""


def test_a_handler_that_the_work_replaces_is_set_again():
    ended = subprocess.run(
        [sys.executable, "-c", REPLACING], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.stdout == "Terminated by 15.\n", ended.stderr


def test_the_time_limit_ends_the_wait_and_errors_are_not_hidden():
    never = threading.Event()
    with pytest.raises(TimeoutError, match=r"within 0\.1 seconds"):
        wait_for(never.wait, 0.1)
    never.set()
    wait_for(lambda: None, 60)
