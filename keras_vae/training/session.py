"""What a process that trains has besides the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras

from ..files.progress import Stages, silent
from .callbacks import SAVE_EVERY, Pictures, RunWriter
from .interruption import InterruptedBySignal, Interruption
from .position import Position
from .run_directory import RunDirectory


@dataclass(frozen=True, kw_only=True)
class Session:
    """What a process that trains has besides the run: nothing of it changes the weights.

    Attributes:
        callbacks: More Keras callbacks, such as a progress bar.
        stages: Makes a progress bar for each stage before the first step and after the last one.
        interruption: An open context, in which a signal ends the training after the step; by
            default Python's own handlers end it anywhere.
        save_every: Seconds between two checkpoints within an epoch.
    """

    callbacks: Iterable[keras.callbacks.Callback] = ()
    stages: Stages = silent
    interruption: Interruption = field(default_factory=Interruption)
    save_every: float = SAVE_EVERY

    def writer(
        self, run: RunDirectory, position: Position, pictures: Pictures, **options: Any
    ) -> RunWriter:
        """Make the callback that writes the run; `options` are further ones of `RunWriter`."""
        return RunWriter(
            run,
            position,
            pictures,
            every=self.save_every,
            interruption=self.interruption,
            **options,
        )

    @contextmanager
    def steps(self) -> Iterator[None]:
        """Let a signal end the training after the step, or after the last step.

        Raises:
            InterruptedBySignal: If a signal was received.
        """
        with self.interruption.deferred():
            yield
        if self.interruption.signal:
            raise InterruptedBySignal(self.interruption.signal)
