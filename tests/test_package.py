"""What importing the package sets for TensorFlow, and its public names."""

from __future__ import annotations

import ast
import os
import platform
import pydoc
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

import keras_vae

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


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="not measured there")
def test_onednn_computes_on_every_processor():
    code = "import os; os.environ.pop('TF_ENABLE_ONEDNN_OPTS')\nimport keras_vae, tensorflow"
    assert "oneDNN custom operations are on" in python(code, TF_CPP_MIN_LOG_LEVEL="0").stderr


@pytest.mark.parametrize("name", VARIABLES)
def test_who_chooses_otherwise_is_obeyed(name):
    code = f"import keras_vae, os; print(os.environ['{name}'])"
    assert python(code, **{name: "0"}).stdout.strip() == "0"


def test_every_public_name_is_there_and_listed():
    assert set(keras_vae.__all__) == set(keras_vae._HOMES) | set(keras_vae._ROOMS) | {"__version__"}
    assert dir(keras_vae) == sorted(keras_vae.__all__)
    for name in keras_vae.__all__:
        assert getattr(keras_vae, name) is not None


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="has no attribute 'laod'"):
        keras_vae.laod  # noqa: B018


def test_type_checkers_know_the_names_that_python_imports_later():
    tree = ast.parse(Path(keras_vae.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and not node.orelse
                and getattr(node.test, "id", "") == "TYPE_CHECKING")  # fmt: skip
    imported = {alias.name: each.module for each in block.body for alias in each.names}
    assert imported == keras_vae._HOMES | dict.fromkeys(keras_vae._ROOMS)


@pytest.mark.slow
def test_a_type_checker_finds_a_wrong_name(tmp_path):
    api = pytest.importorskip("mypy.api")
    (tmp_path / "page.py").write_text(
        "import keras_vae\n"
        "model = keras_vae.load('celeba64')\n"
        "vae = keras_vae.VAE.from_preset('mnist')\n"
        "other = keras_vae.laod('celeba64')\n"
    )
    options = ["--follow-imports=silent", "--ignore-missing-imports", f"--cache-dir={tmp_path}"]
    output, _, status = api.run([*options, str(tmp_path / "page.py")])
    (line, *_) = output.splitlines()
    assert status == 1
    assert line.startswith(f'{tmp_path / "page.py"}:4: error: Module has no attribute "laod"')
    assert "Found 1 error in 1 file" in output


def test_help_starts_with_what_to_call():
    first = pydoc.render_doc(keras_vae, renderer=pydoc.plaintext).split("DESCRIPTION")[1][:700]
    for call in ("VAE.from_networks(", "VAE.from_preset(", ".fit(", ".generate(", "export_model("):
        assert call in first
