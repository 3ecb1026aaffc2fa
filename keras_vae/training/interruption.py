"""SIGINT and SIGTERM: a training ends after the step, and is saved; every wait ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 5.0  # seconds until a process ends that does not react to a signal
POLL = 0.05  # seconds between two looks at a thread
STEP = 20.0  # the same during a training, for the step and for the checkpoint


class InterruptedBySignal(KeyboardInterrupt):
    """SIGINT or SIGTERM ended the work.

    Attributes:
        signal: The number of the signal.
        status: The exit status that a shell expects.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"Interrupted by {signal.Signals(number).name}.")
        self.signal = number

    @property
    def status(self) -> int:
        """128 and the number of the signal."""
        return 128 + self.signal


class Interruption:
    """What SIGINT and SIGTERM do while this context is open.

    They raise `InterruptedBySignal` in the main thread. Within `deferred` they are only noted:
    `fit` asks for `signal` after each step. Python runs no handler while the main thread is in C++,
    as in a step that waits for a worker that is gone. Therefore a second thread waits for the
    signals, too: if the context is still open some seconds later, or at a second signal, it ends
    the process. Nothing is half-written then, since files are complete when they appear.

    A signal that is ignored stays so, as SIGINT in the background jobs of a script.

    Attributes:
        signal: The signal that was received within `deferred`; None: none.

    Args:
        give_up: Called with the number of the signal before the process ends.
    """

    def __init__(self, give_up: Callable[[int], Any] = lambda number: None) -> None:
        self.signal: int | None = None
        self._give_up = give_up
        self._patience = PATIENCE
        self._deferred = False
        self._renewed = 0.0
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        self._entered = threading.current_thread() is threading.main_thread()
        if not self._entered:
            return self  # only the main thread may set handlers
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        heeded = [each for each in SIGNALS if signal.getsignal(each) != signal.SIG_IGN]
        self._handlers = {number: signal.signal(number, self._receive) for number in heeded}
        self._wakeup = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if not self._entered:
            return
        self._closed.set()
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._writing)  # the watcher reads the end
        self._watcher.join()
        os.close(self._reading)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Note a signal instead of raising an error, and leave time for a step."""
        self._deferred, self._patience = True, STEP
        try:
            yield
        finally:
            self._deferred, self._patience = False, PATIENCE

    def renew(self) -> None:
        """Leave time for another step: workers take some before they agree on a signal."""
        self._renewed = time.monotonic()

    def _receive(self, number: int, _: FrameType | None) -> None:
        if not self._deferred:
            raise InterruptedBySignal(number)
        self.signal = number

    def _watch(self) -> None:
        """Wait for signals; the second one leaves no time."""
        first = True
        while numbers := os.read(self._reading, 1):
            if numbers[0] in SIGNALS:
                patience, first = self._patience if first else 0.0, False
                threading.Thread(target=self._end, args=(numbers[0], patience), daemon=True).start()

    def _end(self, number: int, patience: float) -> None:
        end = time.monotonic() + patience
        while not self._closed.wait(max(0.0, end - time.monotonic())):
            if self._renewed + patience <= end:
                self._give_up(number)
                os._exit(128 + number)
            end = self._renewed + patience


def wait_for(work: Callable[[], Any], seconds: float) -> None:
    """Wait for a thread, so that signals reach this process and the wait can end before the thread.

    TensorFlow's coordination service sets a handler of SIGTERM, which only notes it. Therefore the
    handlers of before are set again, also while the thread runs.

    Args:
        work: What the thread does. It is left alone after an error.
        seconds: The time limit.

    Raises:
        TimeoutError: If the thread has not ended by then.
    """
    thread = threading.Thread(target=work, daemon=True)
    in_main = threading.current_thread() is threading.main_thread()
    handlers = {number: signal.getsignal(number) for number in SIGNALS} if in_main else {}
    limit = time.monotonic() + seconds
    thread.start()
    while thread.is_alive():
        thread.join(POLL)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if thread.is_alive() and time.monotonic() > limit:
            raise TimeoutError(f"It did not end within {seconds:g} seconds.")
