"""What importing the package sets for TensorFlow."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import tensorflow as tf

BYTES = 64 * 2**20  # more than the C library ever keeps
ROUNDS = 4
ALLOCATOR = "TF_CPU_ALLOCATOR_USE_BFC"


def page_faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def test_large_tensors_lie_in_memory_that_tensorflow_keeps():
    maps = tf.ones([BYTES // 4])
    tf.nn.relu(maps)
    before = page_faults()
    for _ in range(ROUNDS):
        tf.nn.relu(maps)
    fresh = ROUNDS * BYTES // resource.getpagesize()
    assert page_faults() - before < fresh / 10


def test_who_chooses_another_allocator_keeps_it():
    told = subprocess.run(
        [sys.executable, "-c", f"import keras_vae, os; print(os.environ['{ALLOCATOR}'])"],
        env={**os.environ, ALLOCATOR: "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "0"
