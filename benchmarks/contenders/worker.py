"""A process that trains on request: `python -m contenders.worker NAME TASK FILE VARIANT`.

It imports only the framework of its contender, because the LLVM of TensorFlow and that of PyTorch
cannot share a process. After a warm-up it prints "ready". Then it reads a number of seconds from
its input, trains for at least this time, and prints the number of images and the time.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path

from .task import Task

WARM = 2  # chunks before the measurement


def main(name: str, task: str, file: str, variant: str) -> None:
    """Answer requests until the input ends."""
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
