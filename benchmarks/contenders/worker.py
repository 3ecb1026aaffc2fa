"""A process that trains when it is told to: `python -m contenders.worker NAME TASK FILE VARIANT`.

It imports nothing but the contender's own framework: TensorFlow's and PyTorch's LLVM do not share a
process. It says "ready" once it is warm; then it reads seconds from its input, trains for at least
so long, and answers with what it did and how long that took.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path

from .task import Task

WARM = 2  # chunks before anything is timed


def main(name: str, task: str, file: str, variant: str) -> None:
    """Serve orders until the input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries may print
    contender = import_module(f"contenders.{name}")
    train = contender.prepare(Task.read(task, Path(file)), variant)
    for _ in range(WARM):
        train()
    print("ready", file=answers, flush=True)
    for order in sys.stdin:
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < float(order):
            done += train()
        print(done, time.perf_counter() - start, file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
