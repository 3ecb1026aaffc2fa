"""One target in libFuzzer's loop: `python -m fuzz.harness TARGET [CORPUS] [-FLAG=VALUE …]`."""

from __future__ import annotations

import random
import sys
from importlib import import_module

import atheris

from . import members
from .judge import judge

# Packages whose branches guide the fuzzer: ours, and those in Python that read for us. All of NumPy
# would take longer to instrument than `make check` fuzzes.
GUIDING = [
    "keras_vae",
    "cli",
    "PIL",
    "zipfile",
    "yaml",
    "json",
    "csv",
    "http",
]


def main() -> None:
    """Fuzz the target that the first argument names; the others are libFuzzer's."""
    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=GUIDING):
        target = import_module(f"fuzz.{name}")

    def mutate(content: bytes, size: int, seed: int) -> bytes:
        return members.mutated(content, size, random.Random(seed), atheris.Mutate)

    options = {"custom_mutator": mutate} if getattr(target, "HAS_MEMBERS", False) else {}
    atheris.Setup(sys.argv, lambda content: judge(target, content), **options)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
