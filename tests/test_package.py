"""What importing the package sets for TensorFlow."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys

import pytest
import tensorflow as tf

BYTES = 64 * 2**20  # more than the C library ever keeps
ROUNDS = 4
VARIABLES = ("TF_CPU_ALLOCATOR_USE_BFC", "TF_ENABLE_ONEDNN_OPTS")


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


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="not measured there")
def test_onednn_computes_on_every_processor():
    code = "import os; os.environ.pop('TF_ENABLE_ONEDNN_OPTS')\nimport keras_vae, tensorflow"
    assert "oneDNN custom operations are on" in python(code, TF_CPP_MIN_LOG_LEVEL="0").stderr


@pytest.mark.parametrize("name", VARIABLES)
def test_who_chooses_otherwise_is_obeyed(name):
    code = f"import keras_vae, os; print(os.environ['{name}'])"
    assert python(code, **{name: "0"}).stdout.strip() == "0"
